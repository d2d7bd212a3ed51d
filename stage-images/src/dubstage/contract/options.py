"""The options of a dub that are part of a request."""

from __future__ import annotations

from enum import Enum
from typing import Annotated
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Composed = Annotated[str, AfterValidator(lambda text: normalize("NFC", text))]
"""Text in the form of letters that segments have: macOS writes ``é`` as two characters."""


class Message(BaseModel):
    """A frozen message. Unknown fields are ignored, so that the operator and
    the images can differ by one version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SpeakerRange(Message):
    """The number of speakers."""

    min: Annotated[int, Field(ge=1)] = 1
    max: Annotated[int, Field(ge=1)] | None = None


class Formality(str, Enum):
    """How the audience and people are addressed, in languages that distinguish this."""

    FORMAL = "Formal"
    INFORMAL = "Informal"

    def __str__(self) -> str:
        return self.value


class OnDoubt(str, Enum):
    """What is done with words that the recognizer may have invented."""

    KEEP = "Keep"
    """All are kept."""
    DROP = "Drop"
    """All are left out."""
    REVIEW = "Review"
    """Surely invented words are left out, and the transcript waits for a review."""

    def __str__(self) -> str:
        return self.value


class GlossaryEntry(Message):
    """A term from the ear to the mouth: how it is recognized, translated and pronounced."""

    term: Composed
    translation: Composed | None = None
    """None keeps the term as it is."""
    hear: list[Composed] | None = None
    """Spellings for the recognizer."""
    say: dict[str, Composed] | None = None
    """Pronunciation by BCP 47 tag: a respelling, ``/IPA/``, or ``[[phonemes of espeak-ng]]``."""

    @property
    def rendering(self) -> str:
        """How the term is written in the target language."""
        return self.term if self.translation is None else self.translation


class SharedGlossary(Message):
    """The glossary of several DubJobs, in a ConfigMap."""

    config_map: str
    """Name of the ConfigMap, for messages."""
    file: str
    """Path of its mounted file."""


class TranslationOptions(Message):
    """Options of the translation, for engines that follow instructions."""

    instructions: str | None = None
    """Text for the engine, for example about the audience."""
    formality: Formality | None = None
    """None leaves the form of address to the engine."""


class MixOptions(Message):
    """Settings of the mix."""

    loudness: int | None = None
    """Integrated loudness of the dub in LUFS; None keeps that of the source."""
    stems: bool = False
    """Whether voice and background are also written as separate files."""
