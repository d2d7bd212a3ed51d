"""The segments as the page shows them: their notes, and which of them need attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LATE_SECONDS = 0.2
"""A dub that starts earlier or later than that is out of step with the speaker's mouth."""
MAX_LEVEL_ERROR = 3.0
"""LU by which the dub of a segment may be louder or softer than planned."""
MIN_LEVEL_CHANGE = 1.0
"""LU by which it is planned louder or softer than its original; less is not mentioned."""

FLAGS = {
    "fast": ("{speed:.2f}× speed", False),
    "very-fast": ("{speed:.2f}× speed", True),
    "trimmed": ("{overflow:.2f} s trimmed", True),
    "no-room": ("not in the dub: no time left", True),
    "no-sound": ("no audio from the engine: original kept", True),
    "untranslated": ("untranslated: original kept", True),
    "not-speech": ("not speech: original kept", False),
    "nothing-to-say": ("nothing to say: original kept", False),
    "too-long": ("words may be repeated", True),
    "too-short": ("words may be missing", True),
    "clipped": ("clipped", True),
    "misspoken": ("misspoken", True),
    "other-voice": ("another voice", True),
    "doubtful": ("words may be invented", True),
}
"""Each flag of the report: its text, and whether the segment needs attention."""

NORMAL, FAST, VERY_FAST, TRIMMED, ABSENT = range(5)
"""How a segment looks in the timeline."""


@dataclass(frozen=True)
class Note:
    """A remark about a segment."""

    text: str
    needs_attention: bool
    kind: str
    """What the remark is about, for counting: a flag, `timing`, `level` or `leveled`."""


@dataclass(frozen=True)
class Row:
    """One segment as the page shows it; times in seconds."""

    segment: Mapping[str, Any]
    """The segment in the report."""
    number: int
    """Its place in the table, from 1 on."""
    notes: Sequence[Note]

    @property
    def is_spoken(self) -> bool:
        """Whether it is in the dub."""
        return self.segment["loudness"] is not None

    @property
    def needs_attention(self) -> bool:
        """Whether a reviewer should check it."""
        return any(note.needs_attention for note in self.notes)

    @property
    def look(self) -> int:
        """How it looks in the timeline."""
        flags = self.segment["flags"]
        if not self.is_spoken:
            return ABSENT
        if "trimmed" in flags:
            return TRIMMED
        return VERY_FAST if "very-fast" in flags else FAST if "fast" in flags else NORMAL


def rows_of(segments: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows of the segments of a report, in its order."""
    return [
        Row(segment, number, [*_flags(segment), *_measures(segment)])
        for number, segment in enumerate(segments, 1)
    ]


def _flags(segment: Mapping[str, Any]) -> list[Note]:
    notes = []
    for flag in segment["flags"]:
        # An engine may have a flag that this table lacks.
        text, needs_attention = FLAGS.get(flag, (flag.replace("-", " "), True))
        values = {"speed": segment["speed"], "overflow": segment["overflow"]}
        notes.append(Note(text.format(**values) if flag in FLAGS else text, needs_attention, flag))
    return notes


def _measures(segment: Mapping[str, Any]) -> list[Note]:
    if segment["loudness"] is None:
        kept = Note("not in the dub: original kept", True, "no-sound")
        return [] if segment["flags"] else [kept]
    notes = []
    late = segment["onset_error"]
    if abs(late) > LATE_SECONDS:
        word = "late" if late > 0 else "early"
        notes.append(Note(f"{abs(late):.2f} s {word}", True, "timing"))
    changed, wrong = segment["level_change"], segment["level_error"]
    if abs(changed) >= MIN_LEVEL_CHANGE:
        notes.append(Note(f"{_louder(changed)} than the original", False, "leveled"))
    if wrong is not None and abs(wrong) > MAX_LEVEL_ERROR:
        notes.append(Note(f"{_louder(wrong)} than planned", True, "level"))
    return notes


def _louder(units: float) -> str:
    return f"{abs(units):.1f} LU {'louder' if units > 0 else 'softer'}"


def overlaps(segments: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Start and end in seconds of each time at which several segments are heard in the dub."""
    spoken = sorted(
        (segment["dub_start"], segment["dub_end"])
        for segment in segments
        if segment["loudness"] is not None
    )
    found: list[tuple[float, float]] = []
    until = 0.0
    for start, end in spoken:
        shared = min(until, end)
        if shared > start:
            if found and start <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], shared))
            else:
                found.append((start, shared))
        until = max(until, end)
    return found
