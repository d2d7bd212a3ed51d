"""The user's recordings of the speakers: ``inputs/<job_id>/voices/<speaker>.wav``."""

from __future__ import annotations

import os
from pathlib import Path

from dubstage.contract import StageRequest
from dubstage.errors import BadInput
from dubstage.media.audio import MAX_CLIPPED_SHARE, clipped_share
from dubstage.text.unicode import composed
from dubstage.workspace.digests import Digests
from dubstage.workspace.layout import Roots

FOLDER = "voices"
MIN_SECONDS, MAX_SECONDS = 3.0, 30.0
"""A shorter recording does not show the voice; CosyVoice accepts no longer one."""
MIN_SAMPLE_RATE = 16000
"""Hz; CosyVoice accepts no lower rate."""
SILENT_PEAK = 0.01
"""−40 dBFS: a recording with a lower peak is silent."""
EXPECTED = (
    f"expected a WAV file of {MIN_SECONDS:.0f} to {MAX_SECONDS:.0f} s of one person's "
    f"speech, at {MIN_SAMPLE_RATE} Hz or more"
)


def find(roots: Roots, job_id: str) -> dict[str, Path]:
    """The recordings, by speaker, without hidden files. Names are composed: macOS stores
    ``José`` with separate accents.

    Raises :class:`BadInput` for a name that is not UTF-8.
    """
    folder = roots.inputs / job_id / FOLDER
    paths = sorted(path for path in folder.glob("*.wav") if not path.name.startswith("."))
    for path in paths:
        readable = os.fsencode(path.name).decode(errors="replace")
        if readable != path.name:
            raise BadInput(
                f"inputs/{job_id}/{FOLDER}/{readable} cannot be a speaker's voice: its name is "
                "not UTF-8. Expected the speaker's name and .wav; rename it.",
                reason="BadVoice",
            )
    return {composed(path.stem): path for path in paths}


def digests_of(roots: Roots, job_id: str, digests: Digests) -> dict[str, str]:
    """SHA-256 of each recording, by speaker: a part of the key of the stage's result."""
    return {
        speaker: digests.record(path, name_of(job_id, path)).sha256
        for speaker, path in find(roots, job_id).items()
    }


def name_of(job_id: str, path: Path) -> str:
    """The name of a recording in messages and files."""
    return f"inputs/{job_id}/{FOLDER}/{path.name}"


def check(roots: Roots, request: StageRequest) -> None:
    """Raise :class:`BadInput` for a recording that cannot be used."""
    for path in find(roots, request.job_id).values():
        why = _fault(roots, path)
        if why:
            raise BadInput(
                f"{name_of(request.job_id, path)} cannot be a speaker's voice: {why}; {EXPECTED}.",
                reason="BadVoice",
            )


def _fault(roots: Roots, path: Path) -> str | None:
    """Why the recording cannot be used; None if it can."""
    import numpy
    import soundfile

    if not path.resolve().is_relative_to(roots.inputs.resolve()):
        return "the link leads out of the inputs folder"
    try:
        with soundfile.SoundFile(path) as recording:
            seconds = recording.frames / recording.samplerate
            if not MIN_SECONDS <= seconds <= MAX_SECONDS:
                return f"it has {seconds:.1f} s"
            if recording.samplerate < MIN_SAMPLE_RATE:
                return f"it has {recording.samplerate} Hz"
            samples = numpy.abs(recording.read(dtype="float32", always_2d=True))
    except (soundfile.LibsndfileError, RuntimeError):
        return "it cannot be read"
    if not len(samples) or float(samples.max()) < SILENT_PEAK:
        return "it is silent"
    if clipped_share(samples) > MAX_CLIPPED_SHARE:
        return "it is clipped, at full scale for too long"
    return None
