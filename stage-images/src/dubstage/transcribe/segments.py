"""Words into lines, by rule: a line is a sentence of one speaker, 1.5 to 9 seconds long.

Three steps, each a pure function of words:

1. :func:`_spoken_sentences`: one speaker's words end a sentence at its mark, and at a
   long silence whatever the marks say.
2. :func:`_shortened`: what is longer than 9 s is divided at the best place near its
   middle: at a comma, else where a breath is taken, else between two words.
3. :func:`_joined`: what is shorter than 1.5 s joins a neighbour of its speaker that is
   close, the rest of its own sentence before another one.

The figures are those that dubbing tools agree on: below 1.5 s a voice has no time to
sound natural, above 9 s sound and picture drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from dubstage.text.punctuation import ends_clause, ends_sentence
from dubstage.text.transcript import Segment, Word

Group = Sequence[Word]
"""The words of one line: one speaker's, in the order of their start, at least one."""

MIN_SECONDS = 1.5
MAX_SECONDS = 9.0
PAUSE_SECONDS = 0.8
"""A silence this long ends a line, even within a sentence."""
CLOSE_SECONDS = 0.6
"""A short line joins a neighbour across at most so much silence."""
SCRAP_SECONDS = 0.5
SCRAP_LETTERS = 4
"""A part of a sentence shorter than either is a scrap: nobody can translate it alone."""
SCRAP_CLOSE_SECONDS = 2.0
"""A scrap joins the rest of its sentence across at most so much silence."""
BREATH_SECONDS = 0.2
"""A silence between words that is heard as one; less is how words are timed."""


def grouped(words: Sequence[Word]) -> list[Group]:
    """The words of each line, lines in the order of their start. `words` may be in any
    order; each is in exactly one line.

    No line has two speakers. None is longer than 9 s, unless it is one word. One shorter
    than 1.5 s stands alone only where no neighbour is close or has room.
    """
    ordered = sorted(words, key=lambda word: word.start)
    pieces = [
        piece
        for speaker in dict.fromkeys(word.speaker for word in ordered)
        for sentence in _spoken_sentences([word for word in ordered if word.speaker == speaker])
        for piece in _shortened(sentence)
    ]
    return _joined(sorted(pieces, key=_start))


def segments_of(groups: Sequence[Group], joiner: str = " ") -> list[Segment]:
    """The transcript's lines. `groups` are in the order of their start; `joiner` is what
    the language puts between words."""
    found = []
    spoken_until = 0.0
    for number, (words, following) in enumerate(zip_longest(groups, groups[1:])):
        start, end = _start(words), _end(words)
        silence = _start(following) - end if following else 0.0
        scores = [word.score for word in words if word.score is not None]
        identity = f"segment_{number:04d}"
        found.append(
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
    return found


def _spoken_sentences(words: Group) -> Iterator[Group]:
    """One speaker's words, cut behind each sentence and at each long silence."""
    first = 0
    for place, (word, following) in enumerate(pairwise(words), start=1):
        is_pause = following.start - word.end >= PAUSE_SECONDS
        if is_pause or ends_sentence(word.word, following.word):
            yield words[first:place]
            first = place
    yield words[first:]


def _shortened(words: Group) -> Iterator[Group]:
    """`words` as they are, or divided until no part is too long."""
    if _end(words) - _start(words) <= MAX_SECONDS or len(words) == 1:
        yield words
        return
    place = _best_division(words)
    yield from _shortened(words[:place])
    yield from _shortened(words[place:])


def _best_division(words: Group) -> int:
    """How many words the first part gets. Both parts have their 1.5 s where any division
    allows it; then a comma counts more than a breath, and a breath more than the middle."""
    start, end = _start(words), _end(words)

    def merit(place: int) -> tuple[bool, bool, bool, float]:
        before, after = words[place - 1], words[place]
        shorter = min(before.end - start, end - after.start)
        has_breath = after.start - before.end >= BREATH_SECONDS
        return shorter >= MIN_SECONDS, ends_clause(before.word), has_breath, shorter

    return max(range(1, len(words)), key=merit)


def _joined(groups: Sequence[Group]) -> list[Group]:
    """`groups`, in the order of their start, short ones joined with a neighbour: first
    the parts of one sentence, then whole sentences."""
    found = list(groups)
    for across_sentences in (False, True):
        place = 0
        while place < len(found):
            partner = _partner(found, place, across_sentences)
            if partner is None:
                place += 1
            else:
                place = min(place, partner)
                found[place : place + 2] = [[*found[place], *found[place + 1]]]
    return found


def _partner(groups: Sequence[Group], place: int, across_sentences: bool) -> int | None:
    """The neighbour that the line at `place` joins, the nearer of two. None where the
    line is long enough, or no neighbour of its speaker is close and has room."""
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
