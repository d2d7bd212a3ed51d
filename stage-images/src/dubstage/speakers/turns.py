"""Who speaks when, and whose words these are: pure functions of numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

Span = tuple[float, float]
"""Start and end of a word, in seconds."""
SHORTEST_SECONDS = 0.02
"""Some words have no length: they are looked up as if they had this one."""


@dataclass(frozen=True)
class Turn:
    """A time in which a speaker is heard, in seconds."""

    start: float
    end: float
    speaker: int


def speakers_at(spans: Sequence[Span], turns: Sequence[Turn]) -> list[int]:
    """The speaker of each of `spans`: the one who is active for most of it, and of two who are
    active all the time the one of the shorter turn, an interjection. If nobody is active, the
    speaker of the nearest turn. `turns`: at least one, in the order of their start."""
    starts = [turn.start for turn in turns]
    longest = max(turn.end - turn.start for turn in turns)
    latest = list(accumulate(turns, _later))
    found = []
    for start, end in spans:
        until = max(end, start + SHORTEST_SECONDS)
        last = bisect_left(starts, until)
        near = turns[bisect_left(starts, start - longest) : last]
        active = [turn for turn in near if turn.end > start]
        if active:
            found.append(_most_active(start, until, active))
        else:
            around = [*latest[max(last - 1, 0) : last], *turns[last : last + 1]]
            found.append(_nearest(start, until, around))
    return found


def _later(one: Turn, two: Turn) -> Turn:
    return two if two.end > one.end else one


def _most_active(start: float, end: float, turns: Sequence[Turn]) -> int:
    seconds: defaultdict[int, float] = defaultdict(float)
    lengths: defaultdict[int, float] = defaultdict(float)
    for turn in turns:
        seconds[turn.speaker] += min(turn.end, end) - max(turn.start, start)
        lengths[turn.speaker] += turn.end - turn.start
    return max(seconds, key=lambda who: (round(seconds[who], 2), -lengths[who]))


def _nearest(start: float, end: float, turns: Sequence[Turn]) -> int:
    def distance(turn: Turn) -> float:
        return max(start - turn.end, turn.start - end)

    return min(turns, key=distance).speaker
