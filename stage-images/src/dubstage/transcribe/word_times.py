"""Words whose times an aligner left out: they get the room that is left for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from dubstage.text.transcript import DEFAULT_SPEAKER, Word
from dubstage.transcribe.word_pieces import letters

Heard = dict[str, Any]
"""One word as whisperx gives it: ``word``, and where they are known ``start``, ``end``
(seconds), ``score`` and ``speaker``."""


def fill_times(segment: Mapping[str, Any], spaced: bool) -> list[Heard]:
    """The words of a segment (``text``, ``start``, ``end``, ``words``), each with a start
    and an end that is not before it.

    A segment that was not aligned at all has its text's words spread over it. `spaced`:
    the language puts spaces between words.
    """
    words: list[Heard] = [dict(word) for word in segment.get("words") or ()]
    if not words:
        text = str(segment.get("text", ""))
        words = [{"word": word} for word in (text.split() if spaced else letters(text))]
    elif not spaced:
        words = list(_with_spaces(words, str(segment.get("text", ""))))
    first = float(segment["start"])
    until = max(float(segment["end"]), first)
    found: list[Heard] = []
    runs = [(known, list(run)) for known, run in groupby(words, key=_is_timed)]
    for number, (known, run) in enumerate(runs):
        if known:
            found += [{**word, "end": max(word["end"], word["start"])} for word in run]
        else:
            start = found[-1]["end"] if found else first
            end = runs[number + 1][1][0]["start"] if number + 1 < len(runs) else until
            found += _spread(run, start, max(end, start))
    return found


def words_of(heard: Iterable[Heard], spaced: bool) -> list[Word]:
    """The transcript's words. One that nobody was heard to speak is of whoever spoke
    before. Where words have no spaces, a mark on its own belongs to the word before."""
    found: list[Word] = []
    speaker = DEFAULT_SPEAKER
    for word in heard:
        text = str(word["word"]).strip() if spaced else str(word["word"]).rstrip()
        speaker = word.get("speaker") or speaker
        is_mark = not any(character.isalnum() for character in text)
        if is_mark and not spaced and found:
            found[-1] = found[-1].model_copy(update={"word": found[-1].word + text})
        else:
            times = {"start": word["start"], "end": word["end"], "score": word.get("score")}
            found.append(Word(word=text, speaker=speaker, **times))
    return found


def _with_spaces(words: Sequence[Heard], text: str) -> Iterator[Heard]:
    """`words`, each with the space that `text` has before it; an aligner drops them."""
    at = 0
    for word in words:
        bare = str(word["word"]).strip()
        place = text.find(bare, at)
        if place < 0:
            yield word
            continue
        at = place + len(bare)
        yield {**word, "word": " " + bare if text[:place][-1:].isspace() else bare}


def _is_timed(word: Heard) -> bool:
    return word.get("start") is not None and word.get("end") is not None


def _spread(words: Sequence[Heard], start: float, end: float) -> list[Heard]:
    """`words` from `start` to `end`, each as long as its share of the letters."""
    letters = sum(len(word["word"]) for word in words) or 1
    found, at = [], start
    for word in words:
        until = at + (end - start) * len(word["word"]) / letters
        found.append({**word, "start": at, "end": until})
        at = until
    return found
