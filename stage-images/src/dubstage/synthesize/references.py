"""Which part of the source is the best reference for a speaker's voice: pure functions of
numbers.

A good reference is five to twelve seconds of one speaker without a pause, without another
voice and without clipping, as far above the background as possible. For a speaker who never
speaks that long, several segments are joined.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST_SECONDS, BEST_SECONDS, LONGEST_SECONDS = 5.0, 8.0, 12.0
JOINING_GAP_SECONDS = 0.6
"""Two segments of one speaker with a shorter pause count as continuous."""
OTHER_VOICE_SECONDS = 0.3
"""A segment this near to another speaker's may hold some of that voice."""
ENOUGH_DECIBELS = 30.0
"""Vocals this far above the background are as good as without background."""
DECIBELS_PER_SECOND = 1.0
"""The cost of a second of difference from the best length."""
MAX_CLIPPED_SHARE = 0.0005
"""Half of what is accepted of a take: the engine copies the faults of a reference."""


@dataclass(frozen=True)
class SegmentAudio:
    """The audio of one segment of the source; times in seconds."""

    speaker: str
    start: float
    end: float
    text: str
    vocals_energy: float
    """Sum of the squared samples of the vocals."""
    background_energy: float
    """The same of the background, during the same time."""
    clipped_share: float
    """Share of the samples at full scale."""
    pitch: float | None = None
    """Median pitch in hertz; None if next to nothing is voiced."""

    @property
    def level_db(self) -> float:
        """The level of the vocals, relative to nothing in particular; they are not silent."""
        return 10 * math.log10(self.vocals_energy / max(self.seconds, 1e-3))

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.end - self.start


@dataclass(frozen=True)
class Reference:
    """Where a speaker's voice is heard."""

    cuts: tuple[tuple[float, float], ...]
    """Start and end of each part, in seconds; twelve seconds at most in total."""
    text: str
    ratio_db: float
    """Vocals relative to the background, in decibels."""

    @property
    def seconds(self) -> float:
        """The duration of all parts."""
        return sum(end - start for start, end in self.cuts)


def best_reference(segments: Sequence[SegmentAudio], speaker: str) -> Reference | None:
    """The best reference of `speaker`; None if the speaker is never audible. `segments`: all
    of the source, in the order of their start."""
    own = [one for one in segments if one.speaker == speaker and one.vocals_energy > 0]
    clean = [one for one in own if _is_clean(one, segments)]
    candidates = _continuous(clean, segments)
    if candidates:
        return max(candidates, key=_score)
    usable = clean or own
    return _joined(usable) if usable else None


def _is_clean(segment: SegmentAudio, segments: Sequence[SegmentAudio]) -> bool:
    return segment.clipped_share <= MAX_CLIPPED_SHARE and not any(
        other.speaker != segment.speaker
        and other.start < segment.end + OTHER_VOICE_SECONDS
        and other.end > segment.start - OTHER_VOICE_SECONDS
        for other in segments
    )


def _continuous(clean: Sequence[SegmentAudio], segments: Sequence[SegmentAudio]) -> list[Reference]:
    """Every run of neighbors in `clean` that is continuous and long enough."""
    references = []
    for first in range(len(clean)):
        for last in range(first, len(clean)):
            run = clean[first : last + 1]
            joined = last == first or _are_continuous(run[-2], run[-1], segments)
            if not joined or run[-1].end - run[0].start > LONGEST_SECONDS:
                break
            if run[-1].end - run[0].start >= SHORTEST_SECONDS:
                references.append(_reference(run, ((run[0].start, run[-1].end),)))
    return references


def _are_continuous(
    before: SegmentAudio, after: SegmentAudio, segments: Sequence[SegmentAudio]
) -> bool:
    """Whether only a short pause is between the two, in which nobody else speaks."""
    return after.start - before.end <= JOINING_GAP_SECONDS and not any(
        other.speaker != before.speaker and other.start < after.start and other.end > before.end
        for other in segments
    )


def _joined(segments: Sequence[SegmentAudio]) -> Reference:
    """The clearest segments until they are long enough, in the order of their start."""
    chosen: list[SegmentAudio] = []
    seconds = 0.0
    for segment in sorted(segments, key=_segment_score, reverse=True):
        if chosen and seconds + segment.seconds > LONGEST_SECONDS:
            continue
        chosen.append(segment)
        seconds += segment.seconds
        if seconds >= SHORTEST_SECONDS:
            break
    chosen.sort(key=lambda segment: segment.start)
    cuts = tuple((one.start, min(one.end, one.start + LONGEST_SECONDS)) for one in chosen)
    return _reference(chosen, cuts)


def _reference(
    segments: Sequence[SegmentAudio], cuts: tuple[tuple[float, float], ...]
) -> Reference:
    return Reference(cuts, " ".join(segment.text for segment in segments), _ratio(segments))


def _ratio(segments: Sequence[SegmentAudio]) -> float:
    """Decibels of the vocals above the background, at most :data:`ENOUGH_DECIBELS`."""
    vocals = sum(segment.vocals_energy for segment in segments)
    background = sum(segment.background_energy for segment in segments)
    if background <= 0:
        return ENOUGH_DECIBELS
    return min(10 * math.log10(vocals / background), ENOUGH_DECIBELS)


def _score(reference: Reference) -> float:
    difference = abs(reference.seconds - BEST_SECONDS)
    return reference.ratio_db - DECIBELS_PER_SECOND * difference


def _segment_score(segment: SegmentAudio) -> float:
    """Of single segments the long and clear ones are best."""
    missing = max(SHORTEST_SECONDS - segment.seconds, 0.0)
    return _ratio([segment]) - DECIBELS_PER_SECOND * missing
