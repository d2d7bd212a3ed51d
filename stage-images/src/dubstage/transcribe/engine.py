"""The interface of a recognition engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dubstage.contract import SpeakerRange
from dubstage.text.transcript import Word


@dataclass(frozen=True)
class Recognition:
    """The recognized words, and their language."""

    language: str
    """ISO 639-1."""
    language_probability: float
    words: list[Word]
    """In any order; punctuation stays on the word before it."""
    notes: tuple[str, ...] = ()
    """Remarks for the user: what was not done as expected, and why."""


class Recognizer(Protocol):
    """Recognizes words with times in speech."""

    def recognize(
        self,
        speech: Path,
        language: str | None,
        speakers: SpeakerRange | None,
        progress: Callable[[float], None],
    ) -> Recognition:
        """Recognize the words in the file `speech`. `language`: the engine's own code, None
        to detect it; `speakers`: how many there are, None if unknown."""
        ...
