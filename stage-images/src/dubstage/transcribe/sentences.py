"""Words into lines: a line is a sentence, cut at long pauses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from dubstage.transcript import Sentence, Word

PAUSE_SECONDS = 0.8
"""A silence this long ends a line."""
MAX_SECONDS = 9.0
"""A line that grows longer ends at its next comma, or at a word."""
MIN_SECONDS = 1.5
"""A shorter sentence joins the next one of its speaker, where there is no pause."""
ENDS = (".", "?", "!", "…", "。", "？", "！")
COMMAS = (",", ";", ":", "、", "，", "；")


def sentences(words: Sequence[Word], joiner: str = " ") -> list[Sentence]:
    """Lines in the order of their start. Words are in theirs, and not empty; `joiner`
    is what the language puts between them."""
    groups: list[list[Word]] = []
    current: list[Word] = []
    for word, following in zip_longest(words, words[1:]):
        current.append(word)
        if following is None or _ends_line(current, following):
            groups.append(current)
            current = []
    return [
        line_of(number, group, groups[number + 1] if number + 1 < len(groups) else None, joiner)
        for number, group in enumerate(groups)
    ]


def _ends_line(current: Sequence[Word], following: Word) -> bool:
    word = current[-1]
    length = word.end - current[0].start
    pause = following.start - word.end
    if following.speaker != word.speaker or pause >= PAUSE_SECONDS:
        return True
    if word.word.endswith(ENDS):
        return length >= MIN_SECONDS
    return length >= MAX_SECONDS * (1.0 if word.word.endswith(COMMAS) else 1.5)


def line_of(
    number: int, group: Sequence[Word], following: Sequence[Word] | None, joiner: str
) -> Sentence:
    """The line that the words of `group` make; `following`: the words of the next one."""
    start, end = group[0].start, max(word.end for word in group)
    gap = max(following[0].start - end, 0.0) if following else 0.0
    scores = [word.score for word in group if word.score is not None]
    identity = f"segment_{number:04d}"
    return Sentence(
        segment_id=identity,
        original_segment_id=number,
        speaker=group[0].speaker,
        start=start,
        end=end,
        text=joiner.join(word.word for word in group),
        duration=end - start,
        gap_after=gap,
        gap_after_vad=gap,
        word_ids=[f"{identity}_word_{place:03d}" for place in range(len(group))],
        word_metadata_file="aligned_segments.json",
        is_overlapping=bool(following and following[0].start < end),
        asr_score=sum(scores) / len(scores) if scores else None,
    )
