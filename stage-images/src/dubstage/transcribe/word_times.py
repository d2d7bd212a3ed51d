"""Times for the words that an aligner left without: they share the time between their
neighbors. The other words' times come from :mod:`.whisperx` and :mod:`.faster_whisper`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from dubstage.text.transcript import DEFAULT_SPEAKER, Word
from dubstage.transcribe.word_pieces import letters

RawWord = dict[str, Any]
"""A word of whisperx: ``word``, and if known ``start``, ``end`` (seconds), ``score`` and
``speaker``."""


def fill_times(segment: Mapping[str, Any], spaced: bool) -> list[RawWord]:
    """The words of a segment (``text``, ``start``, ``end``, ``words``), each with a start
    and an end that is not before it.

    In a segment that was not aligned at all, the words of its text share its time. `spaced`:
    whether the language puts spaces between words.
    """
    words: list[RawWord] = [dict(word) for word in segment.get("words") or ()]
    if not words:
        text = str(segment.get("text", ""))
        words = [{"word": word} for word in (text.split() if spaced else letters(text))]
    elif not spaced:
        words = list(_with_spaces(words, str(segment.get("text", ""))))
    first = float(segment["start"])
    until = max(float(segment["end"]), first)
    timed: list[RawWord] = []
    runs = [(known, list(run)) for known, run in groupby(words, key=_is_timed)]
    for number, (known, run) in enumerate(runs):
        if known:
            timed += [{**word, "end": max(word["end"], word["start"])} for word in run]
        else:
            start = timed[-1]["end"] if timed else first
            end = runs[number + 1][1][0]["start"] if number + 1 < len(runs) else until
            timed += _spread(run, start, max(end, start))
    return timed


def words_of(raw: Iterable[RawWord], spaced: bool) -> list[Word]:
    """The transcript's words. A word without a speaker has the speaker of the word before it.
    In a language without spaces a separate mark belongs to the word before it."""
    words: list[Word] = []
    speaker = DEFAULT_SPEAKER
    for word in raw:
        text = str(word["word"]).strip() if spaced else str(word["word"]).rstrip()
        speaker = word.get("speaker") or speaker
        is_mark = not any(character.isalnum() for character in text)
        if is_mark and not spaced and words:
            words[-1] = words[-1].model_copy(update={"word": words[-1].word + text})
        else:
            times = {"start": word["start"], "end": word["end"], "score": word.get("score")}
            words.append(Word(word=text, speaker=speaker, **times))
    return words


def _with_spaces(words: Sequence[RawWord], text: str) -> Iterator[RawWord]:
    """`words`, each with the space that `text` has before it; aligners drop these."""
    at = 0
    for word in words:
        bare = str(word["word"]).strip()
        place = text.find(bare, at)
        if place < 0:
            yield word
            continue
        at = place + len(bare)
        yield {**word, "word": " " + bare if text[:place][-1:].isspace() else bare}


def _is_timed(word: RawWord) -> bool:
    return word.get("start") is not None and word.get("end") is not None


def _spread(words: Sequence[RawWord], start: float, end: float) -> list[RawWord]:
    """`words` from `start` to `end`, each as long as its share of the letters."""
    letters = sum(len(word["word"]) for word in words) or 1
    timed, at = [], start
    for word in words:
        until = at + (end - start) * len(word["word"]) / letters
        timed.append({**word, "start": at, "end": until})
        at = until
    return timed
