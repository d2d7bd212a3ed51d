"""What a speech engine does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Voice:
    """How one speaker of the programme is to sound."""

    speaker: str
    number: int
    """0 for who speaks first, 1 for the next: engines with voices of their own give each
    number another one."""
    sample: Path | None = None
    """A recording of the voice; None for an engine that does not clone."""
    sample_name: str | None = None
    """Where the recording comes from, as people know it."""
    sample_text: str | None = None
    """What is said in it, where that is known."""
    sample_sha256: str | None = None


class Speaker(Protocol):
    """Speaks text into a file."""

    reach: float
    """How much faster or slower than its own pace the engine speaks well; 0.0: it knows one
    pace alone."""

    def voices(self, language: str) -> int | None:
        """How many voices of its own the engine has for `language`, a BCP 47 tag; None for
        one that clones as many as it is given."""
        ...

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write `text` as a WAV file, `speed` times as fast as the engine's own pace.

        An empty sound, or no file, says that the engine had nothing to say.
        """
        ...
