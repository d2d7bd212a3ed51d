"""Words from Whisper's pieces of words: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dubstage.text.transcript import Word

LETTER = re.compile(r" ?\S")


def join_pieces(recognized: Iterable[tuple[str, Word]]) -> list[Word]:
    """Whole words from pairs of a recognizer's text and its word. A piece without a space
    before it, such as ``-hearted`` in ``cold-hearted``, belongs to the word before it."""
    words: list[Word] = []
    for text, word in recognized:
        if words and not text.startswith(" "):
            before = words[-1]
            update = {"word": before.word + word.word, "end": max(before.end, word.end)}
            words[-1] = before.model_copy(update=update)
        else:
            words.append(word)
    return words


def keep_spaces(recognized: Iterable[tuple[str, Word]]) -> list[Word]:
    """Words from pairs of a recognizer's text and its word, in a language without spaces
    between words. The few spaces of the text, before names or between phrases, are kept."""
    words: list[Word] = []
    space = ""
    for text, word in recognized:
        if text[:1].isspace():
            space = " "
        if word.word:
            words.append(word.model_copy(update={"word": space + word.word}))
            space = ""
        if text[-1:].isspace():
            space = " "
    return words


def letters(text: str) -> list[str]:
    """The letters of a text without spaces between words, each with the space before it, if
    there is one."""
    return LETTER.findall(" ".join(text.split()))
