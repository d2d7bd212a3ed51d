"""Which segment each entry of a user's translation belongs to: pure.

A translator cuts where the target language wants it. An entry belongs to the segments that are
spoken while it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.inputs.corrections import Entry
from dubstage.text.transcript import Segment
from dubstage.translate.sentences import divide

MIN_SHARE = 0.5
"""An entry covers a further segment if it is shown during that share of it."""
REACH_SECONDS = 1.0
"""An entry during which nobody speaks belongs to a segment at most that far away."""


@dataclass(frozen=True)
class Assignment:
    """The texts of the segments, and what did not fit."""

    texts: dict[str, str]
    """By segment id; empty for a segment without an entry."""
    unused: list[Entry]
    """Entries during which nobody speaks."""


def assign(entries: Sequence[Entry], segments: Sequence[Segment], language: str) -> Assignment:
    """The text of each segment. An entry with a segment id belongs to that segment; the text of
    one that covers several segments is divided; several entries of one segment follow one
    another in the order of their start."""
    parts: dict[str, list[str]] = {segment.segment_id: [] for segment in segments}
    unused = []
    for entry in sorted(entries, key=lambda entry: entry.start):
        if not entry.text:
            continue
        covered = _covered(entry, segments)
        if not covered:
            unused.append(entry)
            continue
        texts = divide(entry.text, [segment.text for segment in covered], language)
        for segment, text in zip(covered, texts or [entry.text], strict=False):
            parts[segment.segment_id].append(text)
    return Assignment({identity: " ".join(texts) for identity, texts in parts.items()}, unused)


def fits(entry: Entry, segment: Segment) -> bool:
    """Whether the times of an entry, if it has any, are those of the segment."""
    if entry.start < 0:
        return True
    shorter = min(entry.end - entry.start, segment.end - segment.start)
    return _overlap(entry, segment) >= MIN_SHARE * shorter


def _covered(entry: Entry, segments: Sequence[Segment]) -> list[Segment]:
    """The segments of an entry, in order: the one it is shown with longest, and those that it
    covers for the most part."""
    if entry.segment_id:
        return [segment for segment in segments if segment.segment_id == entry.segment_id]
    main = max(segments, key=lambda segment: _overlap(entry, segment), default=None)
    if main is None or _overlap(entry, main) < -REACH_SECONDS:
        return []
    return [
        segment
        for segment in segments
        if segment is main
        or (
            segment.speaker == main.speaker
            and _overlap(entry, segment) > MIN_SHARE * (segment.end - segment.start)
        )
    ]


def _overlap(entry: Entry, segment: Segment) -> float:
    """Seconds that both have in common; less than 0 for the silence between them."""
    return min(entry.end, segment.end) - max(entry.start, segment.start)
