"""The length of a translation that fits its slot, and how far a length is from it."""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import Slot

SHORTEST_SLOT = 1.0
"""Seconds: the length of a shorter segment does not matter."""
NEAREST, FARTHEST = 0.8, 1.2
"""A translation outside of these ratios is worth another request."""
ADHERENT = (0.9, 1.2)
"""Ratios at which listeners notice nothing: -10 % to +20 %."""


@dataclass(frozen=True)
class Budget:
    """Characters of a translation that is spoken at the voice's natural tempo."""

    low: int
    """As long as the original segment."""
    high: int
    """Up to the end of the pause that may be used."""

    def ratio(self, text: str) -> float:
        """The length of `text` relative to the budget, 1.0 within it."""
        return _ratio(len(" ".join(text.split())), self.low, self.high)

    def fits(self, text: str) -> bool:
        """Whether `text` is near enough to the budget."""
        return NEAREST <= self.ratio(text) <= FARTHEST

    def distance(self, text: str) -> float:
        """How far `text` is from the budget, equally for too short and too long; 0.0 within."""
        ratio = max(self.ratio(text), 0.01)
        return max(ratio, 1 / ratio) - 1.0


def budget(slot: Slot, rate: SpeechRate) -> Budget | None:
    """The budget of a slot; None for a slot whose length does not matter."""
    if slot.turn < SHORTEST_SLOT:
        return None
    speed = rate.characters_per_second
    low = max(round(slot.original * speed), 1)
    return Budget(low=low, high=max(round(slot.turn * speed), low))


def duration_ratio(natural: float, slot: Slot) -> float:
    """The natural length of a clip relative to its slot: 1.0 from the length of the original
    segment to the end of the pause that may be used."""
    return _ratio(natural, slot.original, max(slot.turn, slot.original))


def is_adherent(ratio: float) -> bool:
    """Whether a clip with that ratio fits its slot before any time-stretch."""
    shortest, longest = ADHERENT
    return shortest <= ratio <= longest


def _ratio(length: float, low: float, high: float) -> float:
    if length > high:
        return length / high if high > 0 else FARTHEST + length
    return length / low if 0 < length < low else float(length > 0 or low == 0)
