"""Whether there is space for the work of mux, said before it starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from dubstage.contract import SCRATCH_DIR, StageRequest
from dubstage.engines.parameters import flag
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.workspace.layout import Roots

SCRATCH_RATE = 48000 * 4 + 24000
"""Bytes per second: the voice track, one channel of 32-bit floats, and an AAC track."""
OUTPUT_RATE = 48000 * 4 + 24000
"""Bytes per second: the dubbed audio, two channels of 16 bits, and its AAC track."""
SURROUND = "surround"
"""Of the mux stage's engine in a profile: whether a source in 5.1 gets a dub in 5.1 next to the one
in stereo. Defaults to false."""
SURROUND_RATE = 48000 * 12 + 48000
"""Bytes per second of that, six channels of 16 bits and an AAC track."""
RESERVE = 64 << 20
"""Bytes for everything else: subtitles, a batch of clips, the report."""

DATA_VOLUME = "data volume"
SCRATCH = "scratch space of the pod"


def volume_of(file: Path, roots: Roots) -> str | None:
    """The volume that holds `file`; None if it is on none."""
    places = {
        DATA_VOLUME: (roots.inputs, roots.interim, roots.outputs),
        "models volume": (roots.models,),
        SCRATCH: (Path(SCRATCH_DIR), Path(tempfile.gettempdir())),
    }
    for volume, folders in places.items():
        if any(file.is_relative_to(folder) for folder in folders):
            return volume
    return None


def full_volume(roots: Roots, job_id: str) -> str | None:
    """The volume without a free block, for a library that does not report the file; None if there
    is none."""
    if any(_is_full(root / job_id) for root in (roots.interim, roots.outputs)):
        return DATA_VOLUME
    return SCRATCH if _is_full(Path(tempfile.gettempdir())) else None


def _is_full(folder: Path) -> bool:
    try:
        volume = os.statvfs(folder)
    except OSError:
        return False
    return volume.f_bavail == 0


def require_scratch(request: StageRequest, seconds: float) -> None:
    """Raise :class:`Misconfigured` if the scratch space of the profile is too small to mux a
    source of `seconds`."""
    needed = round(seconds * SCRATCH_RATE) + RESERVE
    if request.scratch_bytes is not None and needed > request.scratch_bytes:
        raise Misconfigured(
            f"The mux stage needs {_gib(needed)} of scratch space for {_hours(seconds)} of audio, "
            f"and spec.scratchSizeLimit of the profile is {_gib(request.scratch_bytes)}: set it "
            f"to {-(-needed >> 30) + 1}Gi.",
            reason="ScratchFull",
        )


def require_volume(roots: Roots, request: StageRequest, seconds: float, source_bytes: int) -> None:
    """Raise :class:`TemporaryFailure` if the outputs' volume has no space for the dub of a
    source of `seconds` and `source_bytes`."""
    stems = 2 * 48000 * 4 if request.mix.stems else 0
    surround = SURROUND_RATE if flag(request.engine, SURROUND, False) else 0
    needed = round(seconds * (OUTPUT_RATE + stems + surround)) + source_bytes + RESERVE
    folder = roots.outputs / request.job_id
    volume = os.statvfs(folder if folder.exists() else roots.outputs)
    free = volume.f_bavail * volume.f_frsize
    if needed > free:
        raise TemporaryFailure(
            f"The dub of inputs/{request.source} needs {_gib(needed)} on the data volume, and "
            f"{_gib(free)} are free: free some space on it.",
            reason="VolumeFull",
        )


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def _hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"
