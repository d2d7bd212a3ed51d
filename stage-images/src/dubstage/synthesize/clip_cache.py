"""Spoken lines that are kept from one run to the next, so that a line that did not change
is not spoken again, and a run that was cut off goes on where it was.

A line lies under its *key*, a hash over everything that decides how it sounds: first the
recording is renamed into place, then a note with its digest. A recording without its
note, or another one than the note says, is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dubstage.synthesize.take import Take
from dubstage.text.transcript import ClipFlag
from dubstage.timing.slot import Slot
from dubstage.workspace.digests import sha256
from dubstage.workspace.manifest import replacing

FORCED = "forced"
"""File that holds the number of the run that was asked to speak everything again."""


class Note(BaseModel):
    """What is known about a kept recording."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    duration: float
    """Seconds."""
    speed: float
    """How much faster than its own pace the engine spoke."""
    slot: tuple[float, float, float]
    """What it was spoken for: the original's length, the slot's and the turn's, in seconds."""
    flag: ClipFlag | None = None


def clip_key(parts: dict[str, object]) -> str:
    """The key of a line that these values decide."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def seconds_of(slot: Slot) -> tuple[float, float, float]:
    """The slot as a note holds it."""
    return (round(slot.original, 3), round(slot.length, 3), round(slot.turn, 3))


class ClipCache:
    """The recordings of one job's lines, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def clear(self, run: int) -> None:
        """Forget all lines, unless `run` has begun already and was cut off. 0: its number is
        not known, so they are forgotten."""
        mark = self._folder / FORCED
        if run and mark.is_file() and mark.read_text() == str(run):
            return
        self.finish(())
        with replacing(mark) as temporary:
            temporary.write_text(str(run))

    def find(self, key: str) -> Note | None:
        """The note of the recording with that key; None where there is no whole one."""
        try:
            note = Note.model_validate_json(self._note(key).read_bytes())
            return note if sha256(self._recording(key)) == note.sha256 else None
        except (OSError, ValueError):
            return None

    def keep(self, key: str, take: Take, slot: Slot) -> Note:
        """Keep a take for `slot` under its key: whole, or not at all."""
        import soundfile

        with replacing(self._recording(key)) as temporary:
            soundfile.write(
                temporary, take.samples, take.sample_rate, subtype="PCM_16", format="WAV"
            )
            digest = sha256(temporary)
        note = Note(
            sha256=digest,
            duration=take.duration,
            speed=take.speed,
            slot=seconds_of(slot),
            flag=take.flag,
        )
        with replacing(self._note(key)) as temporary:
            temporary.write_text(note.model_dump_json())
        return note

    def link(self, key: str, target: Path) -> None:
        """The recording at `target`, too: a second name for it where the volume can."""
        try:
            os.link(self._recording(key), target)
        except OSError:
            shutil.copyfile(self._recording(key), target)

    def finish(self, keys: Iterable[str]) -> None:
        """The run is done: delete all but the recordings that `keys` name."""
        wanted = {path.name for key in keys for path in (self._note(key), self._recording(key))}
        for file in self._folder.iterdir():
            if file.name not in wanted:
                with contextlib.suppress(OSError):
                    file.unlink()

    def _note(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _recording(self, key: str) -> Path:
        return self._folder / f"{key}.wav"
