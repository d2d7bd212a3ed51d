"""Clips that are kept from one run to the next: a segment that did not change is not
synthesized again, and an interrupted run continues where it stopped.

A clip is stored under its *key*, a hash of everything that decides its audio. First the
recording is renamed into place, then a record with its digest. A recording without a record,
or with another digest, is ignored.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from dubstage.synthesize.take import Take
from dubstage.text.transcript import ClipFlag
from dubstage.timing.slot import Slot
from dubstage.workspace.digests import sha256
from dubstage.workspace.kept_files import KeptFiles
from dubstage.workspace.manifest import replacing

FASTEST = 10.0
"""No engine speaks faster than that, relative to its natural pace."""
DURATION_TOLERANCE = 0.001


class ClipRecord(BaseModel):
    """What is known about a kept clip."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    sha256: str
    duration: PositiveFloat
    """Seconds."""
    speed: Annotated[float, Field(gt=0, le=FASTEST)]
    """Speed at which the engine spoke, relative to its natural pace."""
    slot: tuple[float, float, float]
    """The slot that the clip was made for: seconds of the original, the slot and the turn."""
    flag: ClipFlag | None = None
    error_rate: float | None = None
    """Share of wrong letters, as a recognizer hears it; None if nobody listened."""
    similarity: float | None = None
    """How much it sounds like the recording of its voice; None if that is not known."""
    takes: int = 1


def seconds_of(slot: Slot) -> tuple[float, float, float]:
    """The slot as a record holds it."""
    return (round(slot.original, 3), round(slot.length, 3), round(slot.turn, 3))


class ClipCache(KeptFiles):
    """The clips of one job, in a folder of their own."""

    suffixes = (".json", ".wav")

    def find(self, key: str) -> ClipRecord | None:
        """The record of the clip with that key; None if there is no complete one."""
        import soundfile

        file = self._recording(key)
        try:
            record = ClipRecord.model_validate_json(self.record(key).read_bytes())
            if sha256(file) != record.sha256:
                return None
            difference = abs(soundfile.info(file).duration - record.duration)
        except (OSError, ValueError, soundfile.LibsndfileError):
            return None
        return record if difference < DURATION_TOLERANCE else None

    def store(self, key: str, take: Take, slot: Slot) -> ClipRecord:
        """Store a take for `slot` under its key: completely, or not at all."""
        import soundfile

        with replacing(self._recording(key)) as temporary:
            soundfile.write(
                temporary, take.samples, take.sample_rate, subtype="PCM_16", format="WAV"
            )
            digest = sha256(temporary)
        record = ClipRecord(
            sha256=digest,
            duration=take.duration,
            speed=take.speed,
            slot=seconds_of(slot),
            flag=take.flag,
            error_rate=None if take.error_rate is None else round(take.error_rate, 3),
            similarity=None if take.similarity is None else round(take.similarity, 3),
            takes=take.number,
        )
        with replacing(self.record(key)) as temporary:
            temporary.write_text(record.model_dump_json())
        return record

    def link(self, key: str, target: Path) -> None:
        """Put the recording at `target`: a hard link, or a copy on a volume without links."""
        # Another clip may have a link to what a killed run left there.
        target.unlink(missing_ok=True)
        try:
            os.link(self._recording(key), target)
        except OSError:
            shutil.copyfile(self._recording(key), target)

    def _recording(self, key: str) -> Path:
        return self._folder / f"{key}.wav"
