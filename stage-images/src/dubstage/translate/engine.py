"""The interface of a translation engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from dubstage.contract import GlossaryEntry, TranslationOptions
from dubstage.text.terms import Terms
from dubstage.timing.budget import Budget


@dataclass(frozen=True)
class SourceSegment:
    """A text to translate: a segment, or a sentence that several segments form."""

    segment_id: str
    text: str
    speaker: str
    budget: Budget | None = None
    """Characters that fit into the slot; None if the length does not matter."""
    continues: bool = False
    """Whether its sentence continues in the next segment."""


@dataclass(frozen=True)
class TranslationContext:
    """What the engine can know about the dub."""

    source: str
    """BCP 47 tag, with its script and region."""
    target: str
    """BCP 47 tag, with its script and region."""
    transcript: Sequence[SourceSegment] = ()
    """All segments of the source, in order."""
    glossary: Sequence[GlossaryEntry] = ()
    """Terms for an engine that reads the context. For other engines, marks replace them."""
    options: TranslationOptions = field(default_factory=TranslationOptions)

    @cached_property
    def terms(self) -> Terms[GlossaryEntry]:
        """The glossary, by its terms."""
        return Terms((entry.term, entry) for entry in self.glossary)


@dataclass(frozen=True)
class Translation:
    """The translation of one text."""

    segment_id: str
    text: str
    """Empty if the engine cannot translate it."""
    lost_terms: bool = False
    """Whether terms of the glossary are missing."""


class Translator(Protocol):
    """Translates texts."""

    reads_context: bool
    """Whether it uses the transcript and the glossary. Such an engine gets segments; any other
    gets whole sentences with marks in place of the terms."""

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterable[Translation]:
        """Translate the segments, and yield each translation as soon as it is known, in any
        order. A segment that is left out has no translation.

        Raises :class:`TemporaryFailure` if the engine does not respond, after it has yielded
        what it translated.
        """
        ...


@runtime_checkable
class ShorteningTranslator(Protocol):
    """An engine that can shorten a translation."""

    def shorten(
        self, translations: Sequence[tuple[SourceSegment, Translation]], job: TranslationContext
    ) -> Iterable[Translation]:
        """Yield, for each segment and its translation, the one that is nearest to the segment's
        budget: the translation itself if there is no better one."""
        ...
