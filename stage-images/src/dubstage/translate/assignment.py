"""Which segment each entry of a user's translation belongs to: pure.

A translator cuts where the target language wants it. An entry belongs to the segments that are
spoken while it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from dubstage.inputs.corrections import Entry
from dubstage.text.transcript import Segment
from dubstage.translate.sentences import divide

MIN_SHARE = 0.5
"""An entry covers a further segment if it is shown during that share of it."""
REACH_SECONDS = 1.0
"""An entry during which nobody speaks belongs to a segment at most that far away."""
ROUNDING_SECONDS = 1e-6


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
    for entry, covered in _covered(entries, segments):
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


def _covered(
    entries: Sequence[Entry], segments: Sequence[Segment]
) -> Iterator[tuple[Entry, list[Segment]]]:
    """The entries with a text, in the order of their start, each with its segments.

    Only the segments within reach of an entry are looked at, so that thousands of both take
    no longer than their number.
    """
    by_id: dict[str, list[Segment]] = {}
    for segment in segments:
        by_id.setdefault(segment.segment_id, []).append(segment)
    waiting = sorted(enumerate(segments), key=lambda item: item[1].start, reverse=True)
    near: list[tuple[int, Segment]] = []
    reach = REACH_SECONDS + ROUNDING_SECONDS
    for entry in sorted(entries, key=lambda entry: entry.start):
        if not entry.text:
            continue
        if entry.segment_id:
            yield entry, by_id.get(entry.segment_id, [])
            continue
        while waiting and waiting[-1][1].start <= entry.end + reach:
            near.append(waiting.pop())
        near = [item for item in near if item[1].end >= entry.start - reach]
        near.sort(key=itemgetter(0))
        yield entry, _covered_of(entry, [segment for _, segment in near])


def _covered_of(entry: Entry, segments: Sequence[Segment]) -> list[Segment]:
    """The segments of an entry, in order: the one it is shown with longest, and those that it
    covers for the most part."""
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
