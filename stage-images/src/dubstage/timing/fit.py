"""The fit planner: how fast a clip is played so that it fits into its slot.

A clip that is too long first extends into the pause after the segment. Then the engine
speaks faster, then the clip is time-stretched without changing its pitch, and whatever
still does not fit is trimmed. The limits are those on which dubbing tools agree: a speed-up
to 1.2 is not noticed, 1.3 is a soft limit, 1.5 the hard one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dubstage.timing.slot import Slot

MIN_SPEED = 0.9
"""The lowest speed: below it, a voice sounds tired."""
UNNOTICED_SPEED = 1.2
"""The highest speed that listeners do not notice."""
WARNING_SPEED = 1.3
MAX_SPEED = 1.5
"""The highest speed."""
ENGINE_REACH = 0.15
"""How far from 1.0 an engine's own speed still sounds good."""
MIN_FILL = 0.95
"""A clip that fills a smaller share of the original segment is slowed down."""
MIN_STRETCH = 0.02
"""A smaller time-stretch is left out if the clip fits without it, because it costs quality."""
ROUNDING_SECONDS = 1e-6
"""A smaller overflow is a rounding error."""


class Flag(str, Enum):
    """What a reviewer should check in a segment."""

    FAST = "fast"
    """A note: faster than 1.2."""
    VERY_FAST = "very-fast"
    """A warning: faster than 1.3."""
    TRIMMED = "trimmed"
    """Cut with a fade, because it did not fit at 1.5."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Fit:
    """How one clip is fitted into its slot; times in seconds."""

    slot: Slot
    natural: float
    """Length at the voice's natural tempo."""
    engine_speed: float
    """Speed at which the engine spoke, 1.0 for the natural tempo."""
    stretch: float
    """Tempo of the time-stretch that follows."""
    length: float
    """Length in the dub."""
    overflow: float
    """Seconds that are trimmed; 0.0 if the clip fits."""
    flags: tuple[Flag, ...]

    @property
    def speed(self) -> float:
        """The engine's speed and the stretch together."""
        return self.engine_speed * self.stretch

    @property
    def pause_used(self) -> float:
        """Seconds of the pause after the segment in which the clip is audible."""
        return max(self.length - self.slot.original, 0.0)


def speed_for(natural: float, slot: Slot) -> float:
    """The speed at which `natural` seconds fit into `slot`, 0.9 to 1.5.

    To stay out of another speaker's turn, a clip is sped up as far as nobody notices; to
    stay within its slot, as far as necessary. A clip that is much shorter than the original
    segment is slowed down to fill more of it, because viewers see the mouth move on.
    """
    if 0 < natural < slot.original * MIN_FILL and natural <= slot.turn:
        return max(natural / min(slot.original, slot.turn), MIN_SPEED)
    polite = min(_ratio(natural, slot.turn), UNNOTICED_SPEED)
    needed = _ratio(natural, slot.length)
    return min(max(polite, needed, 1.0), MAX_SPEED)


def engine_speed(natural: float, slot: Slot, reach: float = ENGINE_REACH) -> float:
    """The speed to request from the engine for a clip of `natural` seconds, predicted or
    measured. `reach` is 0.0 for an engine with only one speed."""
    reach = min(reach, ENGINE_REACH)
    return min(max(speed_for(natural, slot), 1.0 - reach), 1.0 + reach)


def fit(seconds: float, engine_speed: float, slot: Slot) -> Fit:
    """Fit a clip into `slot` that the engine spoke in `seconds`, at `engine_speed`."""
    natural = seconds * engine_speed
    stretch = speed_for(natural, slot) / engine_speed
    if abs(stretch - 1.0) < MIN_STRETCH and seconds <= slot.length:
        stretch = 1.0
    stretched = seconds / stretch
    overflow = max(stretched - slot.length, 0.0)
    overflow = overflow if overflow > ROUNDING_SECONDS else 0.0
    flags = _flags(engine_speed * stretch, overflow)
    return Fit(slot, natural, engine_speed, stretch, stretched - overflow, overflow, flags)


def _ratio(natural: float, available: float) -> float:
    return natural / available if available > 0 else MAX_SPEED


def _flags(speed: float, overflow: float) -> tuple[Flag, ...]:
    flags = []
    if speed > WARNING_SPEED + ROUNDING_SECONDS:
        flags.append(Flag.VERY_FAST)
    elif speed > UNNOTICED_SPEED + ROUNDING_SECONDS:
        flags.append(Flag.FAST)
    if overflow:
        flags.append(Flag.TRIMMED)
    return tuple(flags)
