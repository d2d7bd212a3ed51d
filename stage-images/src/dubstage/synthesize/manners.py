"""How each segment is spoken: whispered, shouted, or as its speaker usually speaks. Pure functions
of numbers.

A voice that is cloned from a shout shouts whatever it says. So segments that are much softer or
louder than a speaker's others are cloned from a recording of their own kind, if there is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median

from dubstage.synthesize.references import SegmentAudio

SOFT_DECIBELS, LOUD_DECIBELS = -9.0, 6.0
"""Relative to the median level of the speaker's segments."""
RAISED_SEMITONES = 3.0
"""A loud segment is shouted if it is also that much higher than the speaker's others."""
SHOUTED_SEMITONES = 7.0
"""A segment that is that much higher is shouted at any level: a compressor may have made all
levels alike."""
WHISPER_SECONDS = 1.0
"""A segment that long without any voiced frame is whispered."""


class Manner(str, Enum):
    """How a segment is spoken."""

    USUAL = "usual"
    SOFT = "soft"
    LOUD = "loud"


@dataclass(frozen=True)
class Role:
    """A speaker in one manner."""

    speaker: str
    manner: Manner

    @property
    def name(self) -> str:
        """A name that no other speaker has; in the usual manner, the speaker's own."""
        is_usual = self.manner is Manner.USUAL
        return self.speaker if is_usual else f"{self.speaker}\0{self.manner.value}"


def roles_of(segments: Sequence[SegmentAudio]) -> list[Role]:
    """The role of each of all speakers' segments."""
    roles: dict[int, Role] = {}
    for speaker in {one.speaker for one in segments}:
        places = [place for place, one in enumerate(segments) if one.speaker == speaker]
        own = [segments[place] for place in places]
        for place, manner in zip(places, manners_of(own), strict=True):
            roles[place] = Role(speaker, manner)
    return [roles[place] for place in range(len(segments))]


def manners_of(segments: Sequence[SegmentAudio]) -> list[Manner]:
    """The manner of each of one speaker's segments."""
    levels = [one.level_db for one in segments if one.vocals_energy > 0]
    pitches = [one.pitch for one in segments if one.pitch]
    if not levels:
        return [Manner.USUAL] * len(segments)
    level, pitch = median(levels), median(pitches) if pitches else None
    return [_manner(one, level, pitch) for one in segments]


def _manner(segment: SegmentAudio, usual_level: float, usual_pitch: float | None) -> Manner:
    """The manner of a segment of a speaker with that median level (dB) and pitch (hertz)."""
    if segment.vocals_energy <= 0:
        return Manner.USUAL
    louder = segment.level_db - usual_level
    higher = 0.0
    if segment.pitch and usual_pitch:
        higher = 12 * math.log2(segment.pitch / usual_pitch)
    is_whispered = (
        usual_pitch is not None and segment.pitch is None and segment.seconds >= WHISPER_SECONDS
    )
    if is_whispered or louder <= SOFT_DECIBELS:
        return Manner.SOFT
    is_shouted = louder >= LOUD_DECIBELS and higher >= RAISED_SEMITONES
    return Manner.LOUD if is_shouted or higher >= SHOUTED_SEMITONES else Manner.USUAL
