"""The fit planner: how fast a line is spoken so that it fits where the original was.

Values in, plan out. Caps follow what dubbing tools agree on: up to 1.2 nobody
notices, 1.3 is a soft limit, 1.5 the hard one; what still does not fit is trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

GAP_SECONDS = 0.05
"""Silence kept between a line and the same speaker's next."""
UNNOTICED_SPEED = 1.2
"""Up to this speed-up a listener does not notice."""
NOTED_SPEED = 1.3
MAX_SPEED = 1.5
"""No line is ever spoken faster."""


class Flag(str, Enum):
    """What a person should know about a line."""

    FAST = "fast"
    """Above 1.2."""
    VERY_FAST = "very-fast"
    """Above 1.3."""
    TRIMMED = "trimmed"
    """Cut with a fade, because 1.5 was not enough."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Line:
    """One line of the programme; times in seconds."""

    segment_id: str
    speaker: str
    start: float
    end: float


@dataclass(frozen=True)
class Fit:
    """How one line is spoken; times in seconds."""

    slot: float
    """The time that there is: to the same speaker's next line, or to the end."""
    speed: float
    """Tempo applied to the natural speech, at least 1.0."""
    length: float
    """Length as it will be heard."""
    overflow: float
    """What is trimmed off, 0.0 where all fits."""
    flags: tuple[Flag, ...]


def slots(lines: Sequence[Line], programme_end: float) -> list[float]:
    """Each line's slot: to the same speaker's next start less :data:`GAP_SECONDS`,
    or to the programme's end. Never negative. Lines are in the order of their start."""
    found = []
    for number, line in enumerate(lines):
        later = [other.start for other in lines[number + 1 :] if other.speaker == line.speaker]
        limit = later[0] - GAP_SECONDS if later else programme_end
        found.append(max(limit - line.start, 0.0))
    return found


def fit(natural: float, slot: float) -> Fit:
    """How a line whose natural length is `natural` seconds is put into `slot`."""
    if natural <= slot:
        return Fit(slot, speed=1.0, length=natural, overflow=0.0, flags=())
    speed = min(natural / slot, MAX_SPEED) if slot > 0 else MAX_SPEED
    spoken = natural / speed
    overflow = max(spoken - slot, 0.0)
    # A rounding error is no overflow.
    overflow = overflow if overflow > 1e-6 else 0.0
    return Fit(slot, speed, spoken - overflow, overflow, _flags(speed, overflow))


def _flags(speed: float, overflow: float) -> tuple[Flag, ...]:
    flags = []
    if speed > NOTED_SPEED:
        flags.append(Flag.VERY_FAST)
    elif speed > UNNOTICED_SPEED:
        flags.append(Flag.FAST)
    if overflow:
        flags.append(Flag.TRIMMED)
    return tuple(flags)
