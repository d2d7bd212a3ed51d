"""Where a line may be heard: from the original's start to what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP_SECONDS = 0.05
"""Silence kept between a line and the next."""
LONGEST_PAUSE = 1.5
"""Of the pause that follows a line, no more than this is used: a voice that goes on much
longer than the mouth is seen."""


@dataclass(frozen=True)
class Line:
    """One line of the programme; times in seconds."""

    segment_id: str
    speaker: str
    start: float
    end: float


@dataclass(frozen=True)
class Slot:
    """The time that a line has, in seconds from its start."""

    original: float
    """What the original line takes."""
    length: float
    """What there is: the original line and the pause that follows, to
    :data:`GAP_SECONDS` before the same speaker's next line or to the programme's end."""
    turn: float
    """At most `length`: what there is before another speaker's line that the original
    does not run into. A line that passes it makes people talk at once who did not."""


def slots(lines: Sequence[Line], programme_end: float) -> list[Slot]:
    """The slot of each of `lines`, which are in the order of their start."""
    return [_slot(line, lines[n + 1 :], programme_end) for n, line in enumerate(lines)]


def _slot(line: Line, later: Sequence[Line], programme_end: float) -> Slot:
    own = next((other.start for other in later if other.speaker == line.speaker), None)
    limit = min(
        programme_end if own is None else own - GAP_SECONDS,
        line.end + LONGEST_PAUSE,
    )
    other = next(
        (x.start for x in later if x.speaker != line.speaker and x.start >= line.end), None
    )
    turn = limit if other is None else min(max(other - GAP_SECONDS, line.end), limit)
    length = max(limit - line.start, 0.0)
    return Slot(
        original=max(line.end - line.start, 0.0),
        length=length,
        turn=min(max(turn - line.start, 0.0), length),
    )
