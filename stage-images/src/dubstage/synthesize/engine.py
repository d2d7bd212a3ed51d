"""The interface of a speech engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable


class Gender(str, Enum):
    """How a voice sounds to most listeners."""

    FEMALE = "female"
    MALE = "male"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Voice:
    """The voice of one speaker in the dub."""

    speaker: str
    number: int
    """Of an engine's own voices, the one to use; of recordings, 0 for the speaker who speaks
    first, 1 for the next."""
    sample: Path | None = None
    """A recording of the voice; None for an engine that does not clone."""
    sample_name: str | None = None
    """Where the recording comes from: a path in the data volume."""
    sample_text: str | None = None
    """The words of the recording, if known."""
    sample_sha256: str | None = None


class Synthesizer(Protocol):
    """Speaks text into a file."""

    reach: float
    """How much the engine's speed can differ from its natural pace without loss of quality;
    0.0 for an engine with a single speed."""

    def voices(self, language: str) -> int | None:
        """The number of the engine's own voices for `language`, a BCP 47 tag; None for an
        engine that clones the voice of a recording."""
        ...

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write `text` as a WAV file, at `speed` times the engine's natural pace.

        Writes no file, or an empty one, if the text has nothing that can be spoken.
        """
        ...


@runtime_checkable
class BatchSynthesizer(Protocol):
    """An engine that is faster if it knows in advance what it will speak."""

    def announce(self, texts: Iterable[tuple[str, Voice]], language: str) -> None:
        """Texts and their voices, in the order in which they will be spoken."""
        ...


@runtime_checkable
class GenderedSynthesizer(Protocol):
    """An engine that knows how its own voices sound."""

    def genders(self, language: str) -> Sequence[Gender]:
        """The gender of each of the engine's own voices for `language`, by their number."""
        ...


@runtime_checkable
class NamedSynthesizer(Protocol):
    """An engine whose profile can name the voice of each speaker."""

    def voice_name(self, voice: Voice, language: str) -> str | None:
        """The engine's name of the voice; None for one that is cloned."""
        ...


@runtime_checkable
class PromptedSynthesizer(Protocol):
    """An engine that clones a voice with the words of its recording."""

    def reads_words(self, voice: Voice) -> bool:
        """Whether the words of the voice's recording change how it sounds."""
        ...


@runtime_checkable
class AccentedSynthesizer(Protocol):
    """An engine that knows the accents of its own voices."""

    def accent(self, language: str) -> str | None:
        """The accent of the voices for `language`: a tag with a region; None if unknown."""
        ...


@runtime_checkable
class ConnectedSynthesizer(Protocol):
    """An engine that keeps connections to a server."""

    def close(self) -> None:
        """End all requests."""
        ...


@runtime_checkable
class PhoneticSynthesizer(Protocol):
    """An engine that reads phonemes of espeak-ng between double square brackets in a text."""

    def phonemes(self, ipa: str, language: str) -> str | None:
        """IPA as this engine reads it in a text in `language`; None if it cannot say it."""
        ...


@runtime_checkable
class RepeatingSynthesizer(Protocol):
    """An engine that can speak its last take once more at another speed."""

    def repeat(self, speed: float, target: Path) -> None:
        """Write the last take, word for word, at `speed` times the engine's natural pace."""
        ...
