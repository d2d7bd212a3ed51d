"""Whisper's pieces of words, put together: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dubstage.text.transcript import Word

LETTER = re.compile(r" ?\S")


def join_pieces(heard: Iterable[tuple[str, Word]]) -> list[Word]:
    """Whole words of (text as the recognizer gave it, word): a piece without a space
    before it, such as the ``-hearted`` of ``cold-hearted``, belongs to the word before."""
    found: list[Word] = []
    for text, word in heard:
        if found and not text.startswith(" "):
            before = found[-1]
            update = {"word": before.word + word.word, "end": max(before.end, word.end)}
            found[-1] = before.model_copy(update=update)
        else:
            found.append(word)
    return found


def keep_spaces(heard: Iterable[tuple[str, Word]]) -> list[Word]:
    """Words of (text as the recognizer gave it, word) in a language that puts no spaces
    between words: the few spaces that it has, before names or between phrases, stay."""
    found: list[Word] = []
    space = ""
    for text, word in heard:
        if text[:1].isspace():
            space = " "
        if word.word:
            found.append(word.model_copy(update={"word": space + word.word}))
            space = ""
        if text[-1:].isspace():
            space = " "
    return found


def letters(text: str) -> list[str]:
    """The letters of a text without spaces between words, each with the one space that is
    written before it, if there is one."""
    return LETTER.findall(" ".join(text.split()))
