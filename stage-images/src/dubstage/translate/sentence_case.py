"""Text in capitals, as captions for television have it, in the case that models know."""

from __future__ import annotations

import re

from dubstage.text.chunks import sentences_of
from dubstage.text.punctuation import OPENERS
from dubstage.translate.placeholders import NAMES

MIN_WORDS = 3
"""Fewer words may be an acronym or a sign."""
I_ALONE = re.compile(r"\bi\b(?!\.)")


def in_sentence_case(text: str, language: str) -> str:
    """`text`, with capitals at the beginning of its sentences only if it has nothing but capitals.
    Small models do not know words in capitals. `language`: BCP 47."""
    plain = NAMES.sub("", text)
    words = [word for word in plain.split() if any(map(str.isalpha, word))]
    if len(words) < MIN_WORDS or plain != plain.upper() or plain == plain.lower():
        return text
    return " ".join(_lowered(sentence, language) for sentence in sentences_of(text))


def _lowered(sentence: str, language: str) -> str:
    lower = NAMES.sub(lambda match: match[0].upper(), sentence.lower())
    if language.partition("-")[0] == "en":
        lower = I_ALONE.sub("I", lower)
    bare = lower.lstrip(OPENERS)
    return lower[: len(lower) - len(bare)] + bare[:1].upper() + bare[1:]
