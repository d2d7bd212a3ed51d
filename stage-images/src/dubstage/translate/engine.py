"""What a translation engine does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Translator(Protocol):
    """Turns lines of one language into lines of another."""

    def translate(
        self, lines: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """One translation for each line, in order; `source` and `target` are BCP 47.

        A line that the engine cannot translate comes back empty.
        """
        ...
