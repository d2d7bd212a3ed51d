"""Prediction, before synthesis, of how long a clip will be and whether it fits."""

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
    "cs": 13.0,
    "da": 14.0,
    "de": 14.0,
    "el": 14.0,
    "en": 15.0,
    "es": 15.5,
    "fa": 13.0,
    "fi": 13.0,
    "fr": 15.0,
    "gu": 16.0,
    "he": 12.0,
    "hi": 17.0,
    "id": 14.0,
    "it": 15.0,
    "ja": 10.0,
    "kn": 14.0,
    "ko": 10.0,
    "ml": 14.0,
    "mr": 16.0,
    "ms": 14.0,
    "nl": 14.0,
    "no": 14.0,
    "or": 16.0,
    "pa": 16.0,
    "pl": 13.0,
    "pt": 15.0,
    "ru": 13.0,
    "sv": 14.0,
    "ta": 14.0,
    "te": 14.0,
    "th": 10.0,
    "tr": 12.0,
    "uk": 13.0,
    "ur": 13.0,
    "vi": 16.0,
    "yue": 6.0,
    "zh": 6.0,
}
"""How fast a language is spoken, according to dubbing tools."""
OTHER_CHARACTERS_PER_SECOND = 15.0
"""For any other language: most of those in Latin script are close to it."""

ENOUGH_SAMPLES = 3
"""With that many segments, the rate of the voice replaces that of the table."""
SAMPLE_SECONDS = 0.4
SAMPLE_CHARACTERS = 4
"""A shorter segment says nothing about the rate."""


class Verdict(str, Enum):
    """Whether a segment is expected to fit into its slot."""

    FITS = "fits"
    """At the voice's natural tempo."""
    TIGHT = "tight"
    """With a speed-up."""
    IMPOSSIBLE = "impossible"
    """Not even at the highest speed: it will be trimmed, unless the translation is shortened."""

    def __str__(self) -> str:
        return self.value


@dataclass
class SpeechRate:
    """How fast the voice speaks: the language's rate at first, then the median of its clips."""

    language: str
    """BCP 47."""
    _measured: list[float] = field(default_factory=list)

    def learn(self, text: str, natural: float) -> None:
        """Note that `text` took `natural` seconds at the voice's natural tempo."""
        characters = _characters(text)
        if natural >= SAMPLE_SECONDS and characters >= SAMPLE_CHARACTERS:
            self._measured.append(characters / natural)

    @property
    def characters_per_second(self) -> float:
        """The rate, as far as it is known."""
        if len(self._measured) >= ENOUGH_SAMPLES:
            return median(self._measured)
        return CHARACTERS_PER_SECOND.get(primary(self.language), OTHER_CHARACTERS_PER_SECOND)

    def predict(self, text: str) -> float:
        """Seconds that `text` will take at the voice's natural tempo."""
        return _characters(text) / self.characters_per_second


def verdict(natural: float, slot: Slot) -> Verdict:
    """Whether a clip of `natural` seconds fits into `slot`."""
    if natural <= slot.length:
        return Verdict.FITS
    return Verdict.TIGHT if natural <= slot.length * MAX_SPEED else Verdict.IMPOSSIBLE


def _characters(text: str) -> int:
    return len(" ".join(text.split()))
