"""The fit planner: how fast a clip is played so that it fits into its slot.
:mod:`dubstage.mux.voice` applies the time-stretch.

A clip that is too long is first sped up to the highest speed that listeners do not notice. Then
the pauses inside the segment get shorter, and the clip extends into the pause after it. Then it
is sped up further, and whatever still does not fit is trimmed. The engine applies the first part
of a speed-up; a time-stretch that keeps the pitch applies the rest. The limits are those on which
dubbing tools agree: a speed-up to 1.2 is not noticed, 1.3 is a soft limit, 1.5 the hard one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dubstage.timing.phrases import Pause, Phrase, missing_pauses, place
from dubstage.timing.slot import Slot

MIN_SPEED = 0.9
"""The lowest speed: below it, a voice sounds tired."""
EASY_SPEED = 1.15
"""The highest speed that is preferred to the use of a pause."""
UNNOTICED_SPEED = 1.2
"""The highest speed that listeners do not notice."""
WARNING_SPEED = 1.3
MAX_SPEED = 1.5
"""The highest speed."""
ENGINE_REACH = 0.15
"""How far from 1.0 an engine's own speed still sounds good."""
MIN_FILL, MAX_FILL = 0.95, 1.05
"""A clip that fills a smaller share of the original segment is slowed down, and one that fills a
larger share is sped up."""
BRIEF_SECONDS = 1.0
"""A shorter segment is never slowed down: a drawn-out "Yes." sounds tired, and fills nothing."""
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
    pauses: tuple[Pause, ...] = ()
    """Silence that is inserted where the original pauses."""

    @property
    def speed(self) -> float:
        """The engine's speed and the stretch together."""
        return self.engine_speed * self.stretch

    @property
    def paused(self) -> float:
        """Seconds of silence that are inserted."""
        return sum(pause.seconds for pause in self.pauses)

    @property
    def pause_used(self) -> float:
        """Seconds of the pause after the segment in which the clip is audible."""
        return max(self.length - self.slot.original, 0.0)


def speed_for(natural: float, slot: Slot, pauses: float = 0.0) -> float:
    """The speed at which `natural` seconds fit into `slot`, 0.9 to 1.5, with `pauses` seconds of
    silence inserted, if there is time for them.

    To end with the original segment, a clip is sped up to 1.15; to stay out of another
    speaker's turn, to 1.2; to stay within its slot, as far as necessary. A clip that is much
    shorter than the original segment is slowed down to fill more of it, because viewers see
    the mouth move on.
    """
    original = max(min(slot.original, slot.turn) - pauses, 0.0)
    is_brief = slot.original < BRIEF_SECONDS
    if 0 < natural < original * MIN_FILL:
        return 1.0 if is_brief else max(natural / original, MIN_SPEED)
    easy = min(_ratio(natural, original), EASY_SPEED) if natural > original * MAX_FILL else 1.0
    polite = min(_ratio(natural, slot.turn), UNNOTICED_SPEED)
    needed = _ratio(natural, slot.length)
    return min(max(easy, polite, needed, 1.0), MAX_SPEED)


def engine_speed(natural: float, slot: Slot, reach: float = ENGINE_REACH) -> float:
    """The speed to request from the engine for a clip of `natural` seconds, predicted or
    measured. `reach` is 0.0 for an engine with only one speed."""
    reach = min(reach, ENGINE_REACH)
    return min(max(speed_for(natural, slot), 1.0 - reach), 1.0 + reach)


def fit(
    seconds: float,
    engine_speed: float,
    slot: Slot,
    phrases: Sequence[Phrase] = (),
    lowest: float = MIN_SPEED,
) -> Fit:
    """Fit a clip into `slot` that the engine spoke in `seconds`, at `engine_speed`.

    `phrases`: its parts, if the original pauses between them. `lowest`: the lowest speed that
    the segments around it allow.
    """
    natural = seconds * engine_speed
    pauses = missing_pauses(phrases, engine_speed)
    stretch = max(speed_for(natural, slot, pauses), min(lowest, MAX_SPEED)) / engine_speed
    if abs(stretch - 1.0) < MIN_STRETCH and seconds <= slot.length and lowest <= engine_speed:
        stretch = 1.0
    stretched = seconds / stretch
    limit = slot.turn if stretched <= slot.turn else slot.length
    inserted = place(phrases, stretch, limit - stretched)
    overflow = max(stretched - slot.length, 0.0)
    overflow = overflow if overflow > ROUNDING_SECONDS else 0.0
    length = stretched - overflow + sum(pause.seconds for pause in inserted)
    flags = _flags(engine_speed * stretch, overflow)
    return Fit(slot, natural, engine_speed, stretch, length, overflow, flags, inserted)


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
