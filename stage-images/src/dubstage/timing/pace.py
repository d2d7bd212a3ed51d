"""The pace of a speaker from segment to segment, and segments that start a little early."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.timing.fit import ROUNDING_SECONDS, UNNOTICED_SPEED, Fit
from dubstage.timing.slot import GAP_SECONDS, TimedSegment

MAX_JUMP = 0.25
"""Largest difference in speed between two adjacent segments of a speaker."""
NEAR_SECONDS = 5.0
"""After a longer pause, nobody compares."""
MAX_LEAD = 0.08
"""Seconds by which a segment starts early at most: viewers accept a voice that is 90 ms early
(ITU-R BT.1359)."""


def smooth(segments: Sequence[TimedSegment], speeds: Sequence[float]) -> list[float]:
    """The lowest speeds, none below those given, without a larger jump than :data:`MAX_JUMP`
    between adjacent segments of a speaker.

    A slow segment is sped up, because a fast one has no time to be slower. `segments`: in the
    order of their start.
    """
    result = list(speeds)
    pairs = adjacent(segments)
    for before, after in pairs:
        result[after] = max(result[after], result[before] - MAX_JUMP)
    for before, after in reversed(pairs):
        result[before] = max(result[before], result[after] - MAX_JUMP)
    return result


def adjacent(segments: Sequence[TimedSegment]) -> list[tuple[int, int]]:
    """The numbers of each two segments that follow one another in one voice, without a long
    pause; in the order of the second one."""
    last: dict[str, int] = {}
    pairs = []
    for number, segment in enumerate(segments):
        before = last.get(segment.speaker)
        if before is not None and segment.start - segments[before].end <= NEAR_SECONDS:
            pairs.append((before, number))
        last[segment.speaker] = number
    return pairs


def lead(start: float, planned: Fit, silent_since: float) -> float:
    """Seconds by which a segment that starts at `start` starts early: 0.0 unless it would be
    noticeably fast. `silent_since`: when the last of the segments before it ends."""
    if planned.speed <= UNNOTICED_SPEED + ROUNDING_SECONDS:
        return 0.0
    return min(max(start - GAP_SECONDS - silent_since, 0.0), start, MAX_LEAD)


def largest_jump(segments: Sequence[TimedSegment], speeds: Sequence[float]) -> float:
    """The largest difference in speed between two adjacent segments of a speaker."""
    jumps = (abs(speeds[after] - speeds[before]) for before, after in adjacent(segments))
    return max(jumps, default=0.0)
