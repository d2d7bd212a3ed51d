"""One speaker per sentence, although a diarizer's turns start or end a few words off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, zip_longest

from dubstage.text.punctuation import ends_sentence
from dubstage.text.transcript import Word
from dubstage.transcribe.segments import PAUSE_SECONDS

SURE_SHARE = 2 / 3
"""A speaker of this share of a sentence is taken to speak all of it."""
INTERJECTION_SECONDS = 0.2
"""What is shorter is no word of another speaker, but an error of the diarizer."""


def whole_sentences(words: Sequence[Word]) -> list[Word]:
    """`words`, in the order of their start, with one speaker for each sentence that is
    spoken without a pause and mostly by that speaker. Nobody finishes another's sentence
    without a breath, but diarizers often start a turn a word too early or too late.

    An interjection, between two words of the sentence's speaker, stays with the one who says it.
    """
    corrected: list[Word] = []
    first = 0
    for place, (word, following) in enumerate(zip_longest(words, words[1:]), start=1):
        if (
            following is None
            or ends_sentence(word.word, following.word)
            or following.start - word.end >= PAUSE_SECONDS
        ):
            corrected += _unified(words, first, place)
            first = place
    return corrected


def _unified(words: Sequence[Word], first: int, last: int) -> list[Word]:
    """The words from `first` to `last`, one sentence, with their speakers corrected."""
    sentence = words[first:last]
    seconds: defaultdict[str, float] = defaultdict(float)
    for word in sentence:
        seconds[word.speaker] += word.end - word.start
    speaker = max(seconds, key=lambda name: seconds[name])
    if seconds[speaker] < SURE_SHARE * sum(seconds.values()):
        return list(sentence)
    corrected: list[Word] = []
    for _, group in groupby(sentence, key=lambda word: word.speaker):
        run = list(group)
        start = first + len(corrected)
        around = [
            *words[max(start - 1, 0) : start],
            *words[start + len(run) : start + len(run) + 1],
        ]
        if _is_interjection(run, around, speaker):
            corrected += run
        else:
            corrected += [word.model_copy(update={"speaker": speaker}) for word in run]
    return corrected


def _is_interjection(run: Sequence[Word], around: Sequence[Word], speaker: str) -> bool:
    """Whether `speaker` speaks just before and just after `run`, by the words `around` it."""
    if len(around) < 2 or run[-1].end - run[0].start < INTERJECTION_SECONDS:
        return False
    before, after = around
    return (
        before.speaker == after.speaker == speaker
        and run[0].start - before.end < PAUSE_SECONDS
        and after.start - run[-1].end < PAUSE_SECONDS
    )
