"""Files in a DubJob's folder that are named nearly like those that replace a stage's result."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from dubstage.contract import CORRECTION_SUFFIXES, CORRECTIONS, StageRequest
from dubstage.workspace.layout import Roots

TEXT_SUFFIXES = (
    *CORRECTION_SUFFIXES, ".txt", ".ssa", ".sub", ".sbv", ".ttml", ".dfxp", ".stl", ".lrc",
)  # fmt: skip
MIN_LIKENESS = 0.75
"""``transcription`` and ``Translations`` are near, ``notes`` is not."""


def remarks(roots: Roots, request: StageRequest) -> list[str]:
    """A remark for each file that may have been meant to replace a result, and does not."""
    folder = roots.inputs / request.job_id
    source = (roots.inputs / request.source).name
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name != source)
    except OSError:
        return []
    return [
        f"inputs/{request.job_id}/{name} is not used: if it replaces a result, rename it to {meant}"
        for name in names
        if (meant := _meant(name))
    ]


def _meant(name: str) -> str:
    """The name that `name` comes near to; empty for one that is read, or is far from any."""
    stem, suffixes = name.partition(".")[0].casefold(), [x.casefold() for x in Path(name).suffixes]
    known = list(CORRECTIONS.values())
    if not suffixes or suffixes[-1] not in TEXT_SUFFIXES:
        return ""
    near = get_close_matches(stem.strip(" _-"), known, 1, MIN_LIKENESS)
    if not near or any(name == f"{near[0]}{suffix}" for suffix in CORRECTION_SUFFIXES):
        return ""
    suffix = next((x for x in reversed(suffixes) if x in CORRECTION_SUFFIXES), ".srt")
    return f"{near[0]}{suffix}"
