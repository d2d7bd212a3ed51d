"""A cue of a subtitle file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cue:
    """One cue; times in seconds."""

    row: int
    """Number of the file's row that holds its times."""
    start: float
    end: float
    rows: tuple[str, ...]
    """Its text without markup, and without empty rows."""
    speaker: str = ""
    """The name that the file gives; empty if it gives none."""
