"""Pauses inside a segment: the dub pauses where the original pauses.

The voice is only divided where it is silent itself. Each pause of the original is matched with
the silence of the clip that is nearest to it, relative to the speech around them, and that
silence is extended until the original goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

MIN_PAUSE = 0.3
"""Seconds: a shorter pause of the original is not kept."""
MAX_DISTANCE = 0.25
"""Largest distance between a pause and a silence, as a share of the speech."""
MAX_LENGTHENING = 0.5
"""Seconds by which a pause of the dub is longer than the original's at most. Beyond, the next
phrase starts before the original goes on."""


@dataclass(frozen=True)
class Spoken:
    """A time without a pause; seconds from the start of the segment, or of the clip."""

    start: float
    end: float


@dataclass(frozen=True)
class Phrase:
    """A part of a clip that follows a pause of the original, and what the original does there;
    times in seconds."""

    start: float
    """Start in the clip."""
    silence: float
    """Silence of the clip before it."""
    onset: float
    """Start in the original, from the start of the slot."""
    pause: float
    """Pause of the original before it."""


@dataclass(frozen=True)
class Pause:
    """Silence that is inserted into a clip."""

    at: float
    """Seconds from the start of the clip, after the time-stretch."""
    seconds: float


def divide(original: Sequence[Spoken], clip: Sequence[Spoken]) -> tuple[Phrase, ...]:
    """The phrases of `clip` that follow the pauses of `original`; both are in order. A pause
    without a silence near it is not kept."""
    pauses, silences = list(pairwise(original)), list(pairwise(clip))
    pairs = _matched(_positions(original), _positions(clip))
    return tuple(
        Phrase(
            start=silences[there][1].start,
            silence=silences[there][1].start - silences[there][0].end,
            onset=pauses[here][1].start,
            pause=pauses[here][1].start - pauses[here][0].end,
        )
        for here, there in pairs
    )


def missing_pauses(phrases: Sequence[Phrase], engine_speed: float) -> float:
    """Seconds by which the pauses of the original are longer than the silences of the clip at
    the voice's natural tempo. `engine_speed`: the speed at which it was spoken."""
    return sum(max(phrase.pause - phrase.silence * engine_speed, 0.0) for phrase in phrases)


def place(phrases: Sequence[Phrase], stretch: float, spare: float) -> tuple[Pause, ...]:
    """The silence to insert before each of `phrases` after a time-stretch of their clip by
    `stretch`, so that it starts with the original; `spare` seconds at most in all."""
    inserted: list[Pause] = []
    start = 0.0
    for phrase in phrases:
        longest = phrase.pause + MAX_LENGTHENING - phrase.silence / stretch
        wanted = min(phrase.onset - start - phrase.start / stretch, longest, spare - start)
        if wanted > 0:
            start += wanted
            inserted.append(Pause((phrase.start - phrase.silence / 2) / stretch, wanted))
    return tuple(inserted)


def _positions(spoken: Sequence[Spoken]) -> list[float]:
    """Where each gap is: the share of the speech that comes before it."""
    total = sum(one.end - one.start for one in spoken)
    return [before / total for before in accumulate(one.end - one.start for one in spoken[:-1])]


def _matched(pauses: Sequence[float], silences: Sequence[float]) -> list[tuple[int, int]]:
    """The pairs of a pause and a silence, in order: as many as possible, as near as possible."""
    best: list[list[tuple[int, float, tuple[tuple[int, int], ...]]]] = [
        [(0, 0.0, ())] * (len(silences) + 1) for _ in range(len(pauses) + 1)
    ]
    for here, pause in enumerate(pauses):
        for there, silence in enumerate(silences):
            options = [best[here][there + 1], best[here + 1][there]]
            distance = abs(pause - silence)
            if distance <= MAX_DISTANCE:
                count, negative, pairs = best[here][there]
                options.append((count + 1, negative - distance, (*pairs, (here, there))))
            best[here + 1][there + 1] = max(options)
    return list(best[-1][-1][2])
