"""Which part of the programme shows a speaker's voice best: pure functions of numbers.

Good is five to twelve seconds of one person's speech in one piece, nobody else speaking,
nothing clipped, and as much louder than the background as there is. A speaker who never
speaks so long gets several lines in a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST_SECONDS, BEST_SECONDS, LONGEST_SECONDS = 5.0, 8.0, 12.0
JOINING_GAP_SECONDS = 0.6
"""Two lines of one speaker with a shorter pause are one piece."""
OTHER_VOICE_SECONDS = 0.3
"""A line so near to another speaker's may hold a piece of that voice."""
ENOUGH_DECIBELS = 30.0
"""Speech this far above the background is as good as alone."""
DECIBELS_PER_SECOND = 1.0
"""What a second away from the best length costs."""
MAX_CLIPPED_SHARE = 0.0005
"""A reference is held to half of what passes for a take: the engine copies its faults."""


@dataclass(frozen=True)
class Heard:
    """One line of the programme as it was recorded; times in seconds."""

    speaker: str
    start: float
    end: float
    text: str
    speech_energy: float
    """Sum of the squared samples of the separated speech."""
    background_energy: float
    """The same of everything else, over the same time."""
    clipped_share: float
    """Share of its samples at full scale."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class Reference:
    """Where a speaker's voice is heard."""

    cuts: tuple[tuple[float, float], ...]
    """Start and end of each part, in seconds; together at most twelve."""
    text: str
    ratio_db: float
    """Speech against background, in decibels."""

    @property
    def seconds(self) -> float:
        """All parts together."""
        return sum(end - start for start, end in self.cuts)


def choose(heard: Sequence[Heard], speaker: str) -> Reference | None:
    """The best reference of `speaker`; None where the speaker is never heard. `heard`:
    all lines of the programme, in the order of their start."""
    own = [line for line in heard if line.speaker == speaker and line.speech_energy > 0]
    clean = [line for line in own if _is_clean(line, heard)]
    pieces = _pieces(clean, heard)
    if pieces:
        return max(pieces, key=_score)
    usable = clean or own
    return _together(usable) if usable else None


def _is_clean(line: Heard, heard: Sequence[Heard]) -> bool:
    return line.clipped_share <= MAX_CLIPPED_SHARE and not any(
        other.speaker != line.speaker
        and other.start < line.end + OTHER_VOICE_SECONDS
        and other.end > line.start - OTHER_VOICE_SECONDS
        for other in heard
    )


def _pieces(clean: Sequence[Heard], heard: Sequence[Heard]) -> list[Reference]:
    """Neighbouring lines that are long enough in one piece: every choice there is."""
    found = []
    for first in range(len(clean)):
        for last in range(first, len(clean)):
            run = clean[first : last + 1]
            joined = last == first or _are_joined(run[-2], run[-1], heard)
            if not joined or run[-1].end - run[0].start > LONGEST_SECONDS:
                break
            if run[-1].end - run[0].start >= SHORTEST_SECONDS:
                found.append(_reference(run, ((run[0].start, run[-1].end),)))
    return found


def _are_joined(before: Heard, after: Heard, heard: Sequence[Heard]) -> bool:
    """True for lines with a short pause between them in which nobody else speaks."""
    return after.start - before.end <= JOINING_GAP_SECONDS and not any(
        other.speaker != before.speaker and other.start < after.start and other.end > before.end
        for other in heard
    )


def _together(lines: Sequence[Heard]) -> Reference:
    """The clearest lines, until there is enough of the voice, in the order of their start."""
    chosen: list[Heard] = []
    seconds = 0.0
    for line in sorted(lines, key=_line_score, reverse=True):
        if chosen and seconds + line.seconds > LONGEST_SECONDS:
            continue
        chosen.append(line)
        seconds += line.seconds
        if seconds >= SHORTEST_SECONDS:
            break
    chosen.sort(key=lambda line: line.start)
    cuts = tuple((line.start, min(line.end, line.start + LONGEST_SECONDS)) for line in chosen)
    return _reference(chosen, cuts)


def _reference(lines: Sequence[Heard], cuts: tuple[tuple[float, float], ...]) -> Reference:
    return Reference(cuts, " ".join(line.text for line in lines), _ratio(lines))


def _ratio(lines: Sequence[Heard]) -> float:
    """Decibels of speech above background, at most :data:`ENOUGH_DECIBELS`."""
    speech = sum(line.speech_energy for line in lines)
    background = sum(line.background_energy for line in lines)
    if background <= 0:
        return ENOUGH_DECIBELS
    return min(10 * math.log10(speech / background), ENOUGH_DECIBELS)


def _score(reference: Reference) -> float:
    away = abs(reference.seconds - BEST_SECONDS)
    return reference.ratio_db - DECIBELS_PER_SECOND * away


def _line_score(line: Heard) -> float:
    """Of single lines the long and clear ones come first."""
    return _ratio([line]) - DECIBELS_PER_SECOND * max(SHORTEST_SECONDS - line.seconds, 0.0)
