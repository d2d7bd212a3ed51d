"""What a recognition engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dubstage.contract import SpeakerRange
from dubstage.text.transcript import Word


@dataclass(frozen=True)
class Recognition:
    """What was heard."""

    language: str
    """ISO 639-1."""
    language_probability: float
    words: list[Word]
    """In any order; punctuation stays on the word before it."""
    notes: tuple[str, ...] = ()
    """What was not done as one could expect, and why: for a person, in the result."""


class Recognizer(Protocol):
    """Turns speech into words with times."""

    def recognize(
        self,
        speech: Path,
        language: str | None,
        speakers: SpeakerRange | None,
        progress: Callable[[float], None],
    ) -> Recognition:
        """The words in the file `speech`. `language`: ISO 639-1, None to detect it;
        `speakers`: how many there are, None where nobody knows."""
        ...
