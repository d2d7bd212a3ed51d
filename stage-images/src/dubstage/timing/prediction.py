"""Before a line is spoken: how long it will be, and whether that fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from statistics import median

from dubstage.text.languages import primary
from dubstage.timing.fit import MAX_SPEED
from dubstage.timing.slot import Slot

CHARACTERS_PER_SECOND = {
    "ar": 12.0,
    "bn": 17.0,
    "de": 14.0,
    "en": 15.0,
    "es": 15.5,
    "fr": 15.0,
    "hi": 17.0,
    "ja": 10.0,
    "ko": 10.0,
    "ru": 13.0,
    "tr": 12.0,
    "zh": 6.0,
}
"""How fast a language is spoken, as dubbing tools have measured it."""
OTHER_CHARACTERS_PER_SECOND = 15.0
"""For a language without a figure of its own: most of those in Latin script are near it."""

ENOUGH_SAMPLES = 3
"""From so many lines on, the job's own rate replaces the table's."""
SAMPLE_SECONDS = 0.4
SAMPLE_CHARACTERS = 4
"""A shorter line says nothing about the rate."""


class Verdict(str, Enum):
    """What is expected of a line before it is spoken."""

    FITS = "fits"
    """At the voice's own pace."""
    TIGHT = "tight"
    """Spoken faster, or stretched."""
    IMPOSSIBLE = "impossible"
    """Not even at the highest speed: a shorter translation is needed, or it is trimmed."""

    def __str__(self) -> str:
        return self.value


@dataclass
class SpeechRate:
    """How fast this job's voice speaks: the language's figure, then the job's own median."""

    language: str
    """BCP 47."""
    _heard: list[float] = field(default_factory=list)

    def learn(self, text: str, natural: float) -> None:
        """`text` took `natural` seconds at the voice's own pace."""
        characters = _characters(text)
        if natural >= SAMPLE_SECONDS and characters >= SAMPLE_CHARACTERS:
            self._heard.append(characters / natural)

    @property
    def characters_per_second(self) -> float:
        """The rate as far as it is known."""
        if len(self._heard) >= ENOUGH_SAMPLES:
            return median(self._heard)
        return CHARACTERS_PER_SECOND.get(primary(self.language), OTHER_CHARACTERS_PER_SECOND)

    def predict(self, text: str) -> float:
        """Seconds that `text` will take at the voice's own pace."""
        return _characters(text) / self.characters_per_second


def verdict(natural: float, slot: Slot) -> Verdict:
    """Whether a line of `natural` seconds fits into `slot`."""
    if natural <= slot.length:
        return Verdict.FITS
    return Verdict.TIGHT if natural <= slot.length * MAX_SPEED else Verdict.IMPOSSIBLE


def _characters(text: str) -> int:
    return len(" ".join(text.split()))
