"""Apertium: rule-based translation, offline. Its pairs are in :mod:`dubstage.engines.languages`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dubstage.contract import Stage
from dubstage.engines.languages import APERTIUM_PAIRS
from dubstage.engines.program import run_program
from dubstage.errors import Misconfigured
from dubstage.text.languages import media_code, primary
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.workspace.work import Work

SEPARATOR = "\n\n"
"""Apertium keeps empty rows, and never translates across one."""


def load(_: Work) -> Apertium:
    """The command; there is nothing to load."""
    return Apertium()


class Apertium:
    """The command ``apertium`` with the language pairs of the image."""

    reads_context = False

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        """Raises :class:`Misconfigured` for a pair that the image does not have."""
        if primary(job.target) not in APERTIUM_PAIRS.get(primary(job.source), ()):
            raise Misconfigured(f"apertium has no pair {job.source} to {job.target}.")
        pair = f"{media_code(job.source)}-{media_code(job.target)}"
        answers = translate_rows(pair, [segment.text for segment in segments])
        for segment, answer in zip(segments, answers, strict=True):
            yield Translation(segment.segment_id, answer)


def translate_rows(pair: str, texts: Sequence[str]) -> Iterator[str]:
    """The translation of each text by `pair`, the name of one of apertium's modes: all in one
    call, or one by one if the number of answers differs."""
    rows = [_one_row(text) for text in texts]
    together = _run(pair, SEPARATOR.join(rows)).split(SEPARATOR)
    answers: Iterable[str] = together
    if len(together) != len(rows):
        answers = (_run(pair, row) for row in rows)
    for answer in answers:
        yield answer.strip()


def _one_row(text: str) -> str:
    return " ".join(text.split())


def _run(pair: str, text: str) -> str:
    """Apertium's answer. With `-u` it does not mark unknown words."""
    command = ["apertium", "-u", pair]
    return run_program(command, text, Stage.TRANSLATE, title=f"apertium {pair}")
