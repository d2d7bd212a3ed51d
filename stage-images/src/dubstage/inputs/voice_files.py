"""A person's recordings of the speakers: ``inputs/<job_id>/voices/<speaker>.wav``."""

from __future__ import annotations

import os
from pathlib import Path

from dubstage.contract import StageRequest
from dubstage.errors import BadInput
from dubstage.media.audio import MAX_CLIPPED_SHARE, clipped_share
from dubstage.workspace.digests import Digests
from dubstage.workspace.layout import Roots

FOLDER = "voices"
SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 30.0
"""Less is too little to hear a voice in; CosyVoice takes no more."""
LOWEST_SAMPLE_RATE = 16000
"""Hz; CosyVoice takes no less."""
SILENT_PEAK = 0.01
"""−40 dBFS: a recording that never gets louder is silence."""
EXPECTED = (
    f"expected a WAV file of {SHORTEST_SECONDS:.0f} to {LONGEST_SECONDS:.0f} s of one person's "
    f"speech, at {LOWEST_SAMPLE_RATE} Hz or more"
)


def find(roots: Roots, job_id: str) -> dict[str, Path]:
    """The recordings that are there, by speaker; a name that begins with a point is of a
    system's own file.

    Raises :class:`BadInput` for a name that is not UTF-8.
    """
    folder = roots.inputs / job_id / FOLDER
    found = sorted(path for path in folder.glob("*.wav") if not path.name.startswith("."))
    for path in found:
        readable = os.fsencode(path.name).decode(errors="replace")
        if readable != path.name:
            raise BadInput(
                f"inputs/{job_id}/{FOLDER}/{readable} cannot be a speaker's voice: its name is "
                "not UTF-8. Expected the speaker's name and .wav; rename it.",
                reason="BadVoice",
            )
    return {path.stem: path for path in found}


def digests_of(roots: Roots, job_id: str, digests: Digests) -> dict[str, str]:
    """SHA-256 of each recording, by speaker: part of what decides how the dub sounds."""
    return {
        speaker: digests.record(path, name_of(job_id, path)).sha256
        for speaker, path in find(roots, job_id).items()
    }


def name_of(job_id: str, path: Path) -> str:
    """How messages and files name a recording."""
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
    """Why the recording cannot be used; None where it can."""
    import numpy
    import soundfile

    if not path.resolve().is_relative_to(roots.inputs.resolve()):
        return "the link leads out of the inputs folder"
    try:
        with soundfile.SoundFile(path) as sound:
            seconds = sound.frames / sound.samplerate
            if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
                return f"it has {seconds:.1f} s"
            if sound.samplerate < LOWEST_SAMPLE_RATE:
                return f"it has {sound.samplerate} Hz"
            samples = numpy.abs(sound.read(dtype="float32", always_2d=True))
    except (soundfile.LibsndfileError, RuntimeError):
        return "it cannot be read"
    if not len(samples) or float(samples.max()) < SILENT_PEAK:
        return "it is silent"
    if clipped_share(samples) > MAX_CLIPPED_SHARE:
        return "it is clipped, at full scale for too long"
    return None
