"""The language of a text, by its letters: py3langid, with the model in its package.

A comparison of a few languages is far more certain than the choice of one of all, so for a short
text a caller names the languages that come into question.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import cache
from typing import Any

from langcodes import tag_distance

from dubstage.engines.languages import Languages
from dubstage.text.languages import engine_code, primary

COMMON = tuple("ar de en es fr hi it ja ko nl pl pt ru tr uk vi zh".split())
"""The languages in which models answer by mistake."""
CLOSE = 30
"""Distance according to CLDR, as of Catalan and Spanish: a few words do not distinguish such
languages."""
MIN_LETTERS = 12
"""Fewer letters say little."""
MIN_UNSPACED_LETTERS = 5
"""The same for Chinese, Japanese and the like."""
MIN_IDENTIFIED_LETTERS = 80
"""Where any language comes into question."""


def probability(text: str, language: str, others: Iterable[str]) -> float | None:
    """The probability that `text` is in `language` and not in one of `others` (BCP 47).

    None if the text is too short, or the languages are unknown or the same.
    """
    letters = [each for each in text if each.isalpha()]
    is_unspaced = sum(ord(each) >= 0x0E00 for each in letters) > len(letters) / 2
    if len(letters) < (MIN_UNSPACED_LETTERS if is_unspaced else MIN_LETTERS):
        return None
    code = _code(language)
    codes = {found for each in others if (found := _code(each))} - {code}
    if code is None or not codes:
        return None
    ranked = _identifier(frozenset({code, *codes})).rank(text)
    return float(dict(ranked)[code])


def identify(text: str) -> tuple[str, float] | None:
    """The language of `text` (ISO 639-1) and its probability among all that are known; None if
    the text is too short."""
    if sum(each.isalpha() for each in text) < MIN_IDENTIFIED_LETTERS:
        return None
    language, probability = _whole().rank(text)[0]
    return str(language), float(probability)


def common_others(language: str) -> list[str]:
    """The common languages that a text in `language` cannot be mistaken for."""
    return [
        each
        for each in COMMON
        if min(tag_distance(primary(language), each), tag_distance(each, primary(language))) > CLOSE
    ]


@cache
def _code(tag: str) -> str | None:
    """The identifier's own code of a language; None if it does not know the language."""
    return engine_code(tag, Languages(frozenset(_whole().labels)))


@cache
def _identifier(codes: frozenset[str]) -> Any:
    """The identifier for these languages."""
    identifier = copy(_whole())
    identifier.set_languages(codes)
    return identifier


@cache
def _whole() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
