"""The slot of a segment: from the original's onset to whatever follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

GAP_SECONDS = 0.05
"""Silence between a segment and the next."""
LONGEST_PAUSE = 1.5
"""Seconds of the pause after a segment that are used at most. Beyond, viewers hear a voice
that goes on much longer than the mouth moves."""


@dataclass(frozen=True)
class TimedSegment:
    """The speaker and the times of a segment, in seconds."""

    segment_id: str
    speaker: str
    start: float
    end: float


@dataclass(frozen=True)
class Slot:
    """The time available to a segment, in seconds from its start."""

    original: float
    """Length of the original segment."""
    length: float
    """Time available: the original segment and the pause after it, to :data:`GAP_SECONDS`
    before the same speaker's next segment, or to the end of the source."""
    turn: float
    """At most `length`: time before the next segment of another speaker that the original
    does not overlap. A dub that runs past it makes people talk over each other."""

    def starting_early(self, seconds: float) -> Slot:
        """The slot that starts `seconds` before the original segment."""
        return replace(
            self,
            original=self.original + seconds,
            length=self.length + seconds,
            turn=self.turn + seconds,
        )


def slots(segments: Sequence[TimedSegment], source_end: float) -> list[Slot]:
    """The slot of each of `segments`, which are in the order of their start."""
    return [_slot(segment, segments[n + 1 :], source_end) for n, segment in enumerate(segments)]


def _slot(segment: TimedSegment, later: Sequence[TimedSegment], source_end: float) -> Slot:
    own = next((other.start for other in later if other.speaker == segment.speaker), None)
    limit = min(
        source_end if own is None else own - GAP_SECONDS,
        segment.end + LONGEST_PAUSE,
    )
    other = next(
        (x.start for x in later if x.speaker != segment.speaker and x.start >= segment.end), None
    )
    turn = limit if other is None else min(max(other - GAP_SECONDS, segment.end), limit)
    length = max(limit - segment.start, 0.0)
    return Slot(
        original=max(segment.end - segment.start, 0.0),
        length=length,
        turn=min(max(turn - segment.start, 0.0), length),
    )
