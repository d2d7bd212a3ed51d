"""One speaker per sentence, although a diarizer's turns start or end a few words off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest

from dubstage.text.punctuation import ends_sentence
from dubstage.text.transcript import Word
from dubstage.transcribe.segments import PAUSE_SECONDS

SURE_SHARE = 2 / 3
"""A speaker of this share of a sentence is taken to speak all of it."""


def whole_sentences(words: Sequence[Word]) -> list[Word]:
    """`words`, in the order of their start, with one speaker for each sentence that is
    spoken without a pause and mostly by that speaker. Nobody finishes another's sentence
    without a breath, but diarizers often start a turn a word too early or too late."""
    corrected: list[Word] = []
    sentence: list[Word] = []
    for word, following in zip_longest(words, words[1:]):
        sentence.append(word)
        if (
            following is None
            or ends_sentence(word.word, following.word)
            or following.start - word.end >= PAUSE_SECONDS
        ):
            corrected += _unified(sentence)
            sentence = []
    return corrected


def _unified(sentence: Sequence[Word]) -> list[Word]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for word in sentence:
        seconds[word.speaker] += word.end - word.start
    speaker = max(seconds, key=lambda name: seconds[name])
    if seconds[speaker] < SURE_SHARE * sum(seconds.values()):
        return list(sentence)
    return [word.model_copy(update={"speaker": speaker}) for word in sentence]
