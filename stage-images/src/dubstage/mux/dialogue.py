"""The level of each dubbed segment: that of its original, within the range of a dialogue.

Most of the speech of a source lies within a few LU, and keeps its levels. Levels beyond that range
are compressed toward it: a whisper stays softer and a shout louder, and both are understood at one
setting of the volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from dubstage.mux.loudness import SILENCE
from dubstage.mux.original import OriginalSpeech
from dubstage.mux.plan import PlannedClip

DIALOGUE_RANGE = "dialogue_range"
"""Of the mux stage's engine in a profile: LU between the softest and the loudest segment at most.
Defaults to :data:`DEFAULT_RANGE`."""
DEFAULT_RANGE = 15.0
WIDEST = 60.0
"""It changes no level."""
RANGE_VALUES = (DEFAULT_RANGE, 3.0, WIDEST)
"""The default, and the lowest and highest value of a profile."""
KEPT_SHARE = 2 / 3
"""The share of the range whose levels are kept: 10 of 15 LU."""


@dataclass(frozen=True)
class Level:
    """The level of one segment, in LUFS."""

    original: float
    planned: float
    """That of the dub."""

    @property
    def change(self) -> float:
        """LU by which the dub is planned louder than the original."""
        return self.planned - self.original


def levels_of(
    planned: Sequence[PlannedClip], originals: Sequence[OriginalSpeech], limit: float
) -> list[Level]:
    """The level of each of `planned`, whose `originals` are in the same order. What is not dubbed
    does not count."""
    return plan_levels(
        [original.loudness for original in originals],
        [item.clip.end - item.clip.start if item.is_dubbed else 0.0 for item in planned],
        limit,
    )


def plan_levels(
    loudness: Sequence[float], seconds: Sequence[float], limit: float = DEFAULT_RANGE
) -> list[Level]:
    """The levels of segments with `loudness` (LUFS) and a length of `seconds`: their range is at
    most `limit` LU, unless that is :data:`WIDEST`, and their order stays. A silent segment stays
    silent."""
    audible = [
        (each, length)
        for each, length in zip(loudness, seconds, strict=True)
        if each > SILENCE and length > 0
    ]
    if not audible or limit >= WIDEST:
        return [Level(each, each) for each in loudness]
    kept = KEPT_SHARE * limit
    low, high = _ordinary(audible, kept)
    margin = (limit - kept) / 2
    return [
        Level(each, _within(each, low, high, margin) if each > SILENCE else each)
        for each in loudness
    ]


def _ordinary(audible: Sequence[tuple[float, float]], width: float) -> tuple[float, float]:
    """The levels of ordinary speech: all, or `width` LU around the median of the speech, further
    to one side where there is nothing on the other. `audible`: levels with their seconds."""
    ordered = sorted(audible)
    lowest, highest = ordered[0][0], ordered[-1][0]
    if highest - lowest <= width:
        return lowest, highest
    half = sum(length for _, length in ordered) / 2
    until = accumulate(length for _, length in ordered)
    median = next(level for (level, _), end in zip(ordered, until, strict=True) if end > half)
    low = min(max(median - width / 2, lowest), highest - width)
    return low, low + width


def _within(level: float, low: float, high: float, margin: float) -> float:
    """`level` without a change between `low` and `high`, else less than `margin` beyond them."""
    if level < low:
        return low - _eased(low - level, margin)
    return high + _eased(level - high, margin) if level > high else level


def _eased(distance: float, margin: float) -> float:
    return distance * margin / (distance + margin)
