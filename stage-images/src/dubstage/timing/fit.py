"""The fit planner: how fast a line is spoken so that it fits where the original was.

Values in, plan out. A line that is too long first uses the pause that follows it, then
the engine's own speed, then a stretch without a change of pitch; what still does not fit
is trimmed. Caps follow what dubbing tools agree on: up to 1.2 nobody notices, 1.3 is a
soft limit, 1.5 the hard one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dubstage.timing.slot import Slot

MIN_SPEED = 0.9
"""No line is spoken slower: below, a voice sounds tired."""
UNNOTICED_SPEED = 1.2
"""Up to this speed-up a listener does not notice."""
NOTED_SPEED = 1.3
MAX_SPEED = 1.5
"""No line is ever spoken faster."""
ENGINE_REACH = 0.15
"""An engine that can speak faster or slower does it well by so much."""
SHORT_SHARE = 0.95
"""A line that fills less than this of the original is slowed down a little."""
UNHEARD_STRETCH = 0.02
"""A stretch by less is left out where the line fits without: it costs quality."""
ROUNDING_SECONDS = 1e-6
"""A smaller overflow is none."""


class Flag(str, Enum):
    """What a person should know about a line."""

    FAST = "fast"
    """A note: above 1.2."""
    VERY_FAST = "very-fast"
    """A warning: above 1.3."""
    TRIMMED = "trimmed"
    """Cut with a fade, because 1.5 was not enough."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Fit:
    """How one line is put into its slot; times in seconds."""

    slot: Slot
    natural: float
    """Its length at the voice's own pace."""
    engine_speed: float
    """How much faster than that the engine spoke it."""
    stretch: float
    """Tempo that is applied to what the engine spoke."""
    length: float
    """Length as it will be heard."""
    overflow: float
    """What is trimmed off, 0.0 where all fits."""
    flags: tuple[Flag, ...]

    @property
    def speed(self) -> float:
        """The engine's speed and the stretch together."""
        return self.engine_speed * self.stretch

    @property
    def pause_used(self) -> float:
        """How much of the pause after the original line is spoken in."""
        return max(self.length - self.slot.original, 0.0)


def wanted_speed(natural: float, slot: Slot) -> float:
    """The speed at which `natural` seconds fit into `slot`, 0.9 to 1.5.

    To stay out of another speaker's turn a line goes as fast as nobody notices;
    to stay within its slot it goes as fast as it must. A line much shorter than the
    original is slowed down to fill more of it: the mouth is seen to move on.
    """
    if 0 < natural < slot.original * SHORT_SHARE and natural <= slot.turn:
        return max(natural / min(slot.original, slot.turn), MIN_SPEED)
    polite = min(_ratio(natural, slot.turn), UNNOTICED_SPEED)
    needed = _ratio(natural, slot.length)
    return min(max(polite, needed, 1.0), MAX_SPEED)


def engine_speed(natural: float, slot: Slot, reach: float = ENGINE_REACH) -> float:
    """The speed to ask the engine for, given the line's predicted or measured length at
    the voice's own pace; `reach` is 0.0 for an engine that knows one speed alone."""
    reach = min(reach, ENGINE_REACH)
    return min(max(wanted_speed(natural, slot), 1.0 - reach), 1.0 + reach)


def fit(spoken: float, spoken_speed: float, slot: Slot) -> Fit:
    """How a line is put into `slot` that the engine spoke in `spoken` seconds,
    `spoken_speed` times as fast as at its own pace."""
    natural = spoken * spoken_speed
    stretch = wanted_speed(natural, slot) / spoken_speed
    if abs(stretch - 1.0) < UNHEARD_STRETCH and spoken <= slot.length:
        stretch = 1.0
    stretched = spoken / stretch
    overflow = max(stretched - slot.length, 0.0)
    overflow = overflow if overflow > ROUNDING_SECONDS else 0.0
    flags = _flags(spoken_speed * stretch, overflow)
    return Fit(slot, natural, spoken_speed, stretch, stretched - overflow, overflow, flags)


def _ratio(natural: float, room: float) -> float:
    return natural / room if room > 0 else MAX_SPEED


def _flags(speed: float, overflow: float) -> tuple[Flag, ...]:
    flags = []
    if speed > NOTED_SPEED + ROUNDING_SECONDS:
        flags.append(Flag.VERY_FAST)
    elif speed > UNNOTICED_SPEED + ROUNDING_SECONDS:
        flags.append(Flag.FAST)
    if overflow:
        flags.append(Flag.TRIMMED)
    return tuple(flags)
