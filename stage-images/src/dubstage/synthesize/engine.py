"""What a speech engine does."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Speaker(Protocol):
    """Speaks text into a file."""

    max_speed: float
    """How much faster than its own pace the engine speaks well; 1.0: not at all."""

    def speak(self, text: str, language: str, speed: float, target: Path) -> None:
        """Write `text` as a WAV file, `speed` times as fast as the engine's own pace."""
        ...
