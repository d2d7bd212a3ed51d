"""Words to segments, by rule: a segment is a sentence of one speaker, 1.5 to 9 seconds long.

Three steps, each a pure function of words:

1. :func:`_spoken_sentences`: a speaker's words are divided after each mark that ends a
   sentence, and at each long silence.
2. :func:`_shortened`: a sentence longer than 9 s is divided at the best place near its
   middle: at a comma, else at a breath, else between two words.
3. :func:`_joined`: a part shorter than 1.5 s joins a near neighbor of the same speaker,
   preferably of its own sentence.

Dubbing tools agree on these figures: in less than 1.5 s a voice cannot sound natural, and in
more than 9 s audio and video drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from dubstage.text.punctuation import ends_clause, ends_sentence
from dubstage.text.transcript import Segment, Word

Group = Sequence[Word]
"""The words of one segment, at least one: of one speaker, in the order of their start."""

MIN_SECONDS = 1.5
MAX_SECONDS = 9.0
PAUSE_SECONDS = 0.8
"""A silence this long ends a segment, even within a sentence."""
CLOSE_SECONDS = 0.6
"""The longest silence between a short segment and the neighbor that it joins."""
SCRAP_SECONDS = 0.5
SCRAP_LETTERS = 4
"""A part of a sentence that is shorter than either is a scrap: it cannot be translated
alone."""
SCRAP_CLOSE_SECONDS = 2.0
"""The longest silence between a scrap and the rest of its sentence that it joins."""
BREATH_SECONDS = 0.2
"""An audible silence between words; shorter ones come from the recognizer's times."""


def grouped(words: Sequence[Word]) -> list[Group]:
    """The words of each segment, in the order of the segments' start. `words` may be in any
    order; each is in exactly one segment.

    No segment has two speakers. None is longer than 9 s, unless it is one word. One that is
    shorter than 1.5 s has no near neighbor that is short enough to be joined.
    """
    ordered = sorted(words, key=lambda word: word.start)
    parts = [
        part
        for speaker in dict.fromkeys(word.speaker for word in ordered)
        for sentence in _spoken_sentences([word for word in ordered if word.speaker == speaker])
        for part in _shortened(sentence)
    ]
    return _joined(sorted(parts, key=_start))


def segments_of(groups: Sequence[Group], joiner: str = " ") -> list[Segment]:
    """The transcript's segments. `groups` are in the order of their start; `joiner` is what
    the language puts between words."""
    segments = []
    spoken_until = 0.0
    for number, (words, following) in enumerate(zip_longest(groups, groups[1:])):
        start, end = _start(words), _end(words)
        silence = _start(following) - end if following else 0.0
        scores = [word.score for word in words if word.score is not None]
        identity = f"segment_{number:04d}"
        segments.append(
            Segment(
                segment_id=identity,
                original_segment_id=number,
                speaker=words[0].speaker,
                start=start,
                end=end,
                text=joiner.join(word.word for word in words).strip(),
                duration=end - start,
                gap_after=max(silence, 0.0),
                gap_after_vad=max(silence, 0.0),
                word_ids=[f"{identity}_word_{place:03d}" for place in range(len(words))],
                word_metadata_file="aligned_segments.json",
                is_overlapping=start < spoken_until or silence < 0.0,
                asr_score=sum(scores) / len(scores) if scores else None,
            )
        )
        spoken_until = max(spoken_until, end)
    return segments


def _spoken_sentences(words: Group) -> Iterator[Group]:
    """One speaker's words, divided after each sentence and at each long silence."""
    first = 0
    for place, (word, following) in enumerate(pairwise(words), start=1):
        is_pause = following.start - word.end >= PAUSE_SECONDS
        if is_pause or ends_sentence(word.word, following.word):
            yield words[first:place]
            first = place
    yield words[first:]


def _shortened(words: Group) -> Iterator[Group]:
    """`words`, divided until no part is too long."""
    if _end(words) - _start(words) <= MAX_SECONDS or len(words) == 1:
        yield words
        return
    place = _best_division(words)
    yield from _shortened(words[:place])
    yield from _shortened(words[place:])


def _best_division(words: Group) -> int:
    """The number of words of the first part. If possible both parts have 1.5 s; then a comma
    counts more than a breath, and a breath more than the middle."""
    start, end = _start(words), _end(words)

    def merit(place: int) -> tuple[bool, bool, bool, float]:
        before, after = words[place - 1], words[place]
        shorter = min(before.end - start, end - after.start)
        has_breath = after.start - before.end >= BREATH_SECONDS
        return shorter >= MIN_SECONDS, ends_clause(before.word), has_breath, shorter

    return max(range(1, len(words)), key=merit)


def _joined(groups: Sequence[Group]) -> list[Group]:
    """`groups`, in the order of their start, with short ones joined to a neighbor: first the
    parts of a sentence, then whole sentences."""
    joined = list(groups)
    for across_sentences in (False, True):
        place = 0
        while place < len(joined):
            partner = _partner(joined, place, across_sentences)
            if partner is None:
                place += 1
            else:
                place = min(place, partner)
                joined[place : place + 2] = [[*joined[place], *joined[place + 1]]]
    return joined


def _partner(groups: Sequence[Group], place: int, across_sentences: bool) -> int | None:
    """The neighbor that the group at `place` joins, the nearer of two. None for a group that
    is long enough, or has no near neighbor of its speaker that is short enough."""
    words = groups[place]
    duration = _end(words) - _start(words)
    if duration >= MIN_SECONDS:
        return None
    is_scrap = (
        duration < SCRAP_SECONDS or sum(len(word.word.strip()) for word in words) < SCRAP_LETTERS
    )
    candidates = []
    for partner in (place - 1, place + 1):
        if not 0 <= partner < len(groups):
            continue
        left, right = groups[min(place, partner)], groups[max(place, partner)]
        is_end = ends_sentence(left[-1].word, right[0].word)
        reach = SCRAP_CLOSE_SECONDS if is_scrap and not is_end else CLOSE_SECONDS
        silence = _start(right) - _end(left)
        together = max(_end(left), _end(right)) - _start(left)
        is_same = left[0].speaker == right[0].speaker and (across_sentences or not is_end)
        if is_same and silence <= reach and together <= MAX_SECONDS:
            candidates.append((silence, partner))
    return min(candidates)[1] if candidates else None


def _start(words: Group) -> float:
    return words[0].start


def _end(words: Group) -> float:
    return max(word.end for word in words)
