"""The interface of a translation engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Translator(Protocol):
    """Translates the texts of segments."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """Translate each text, in order; `source` and `target` are BCP 47 tags.

        The translation of a text that the engine cannot translate is empty.
        """
        ...
