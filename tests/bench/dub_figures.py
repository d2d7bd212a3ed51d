"""The quality of a dub, measured in its audio and against the ground truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from clips import MadeClip

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.mux.loudness import Loudness
from dubstage.timing.fit import MAX_SPEED
from dubstage.timing.onset import speech_bounds

MARGIN_SECONDS = 0.6
"""Nearer to speech than this is not outside it: edges, cross-fades, the duck's end."""
OWN_SEGMENT_SECONDS = 1.5
"""With no segment nearer than this, the utterance is in the middle of one, or is lost."""
SOUNDING = 10 ** (-55 / 20)
FRAME = 480


@dataclass(frozen=True)
class Figures:
    """One dub of one clip. Errors are in seconds, their absolute values sorted."""

    plan_errors: tuple[float, ...]
    """Onset of each segment in the dub, compared with the plan."""
    truth_errors: tuple[float, ...]
    """Onset of the nearest segment in the dub, compared with that of each utterance, except
    for utterances without a segment of their own."""
    utterances: int
    """Number of utterances in the clip."""
    speeds: tuple[float, ...]
    trimmed: int
    source: Loudness
    dub: Loudness
    background_change: float
    """Decibels outside speech, without the gain; not a number if there is only speech."""
    drift: float
    """Seconds by which the dub is longer than the source."""

    @property
    def segments(self) -> int:
        return len(self.speeds)

    @property
    def without_segment(self) -> int:
        """Number of utterances at which no segment starts."""
        return self.utterances - len(self.truth_errors)

    @property
    def above_cap(self) -> int:
        """Number of segments faster than 1.5."""
        return sum(speed > MAX_SPEED + 0.005 for speed in self.speeds)


def onsets_in(voice: Samples, rate: int, planned: Sequence[tuple[float, float]]) -> list[float]:
    """The onset of each segment in a voice track; `planned`: when it starts and ends."""
    onsets = []
    for start, end in planned:
        first = max(round((start - 0.03) * rate), 0)
        onset, _ = speech_bounds(voice[first : round(end * rate)], rate)
        onsets.append(first / rate + onset)
    return onsets


def plan_errors(onsets: Sequence[float], planned: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted(abs(a - b) for a, b in zip(onsets, planned, strict=True)))


def truth_errors(onsets: Sequence[float], clip: MadeClip) -> tuple[float, ...]:
    """The errors of utterances with a segment of their own; one that was joined to the sentence
    before it has none."""
    nearest = [
        min(abs(onset - utterance.start) for onset in onsets) for utterance in clip.utterances
    ]
    return tuple(sorted(error for error in nearest if error <= OWN_SEGMENT_SECONDS))


def outside_level(samples: Samples, voice: Samples, rate: int, clip: MadeClip) -> float:
    """Decibels of `samples`, shape (frames, channels), where neither original nor dub speak."""
    outside = numpy.ones(len(samples), bool)
    for utterance in clip.utterances:
        outside[_around(utterance.start, utterance.end, rate)] = False
    size = FRAME * rate // SAMPLE_RATE
    count = len(voice) // size
    power = numpy.square(voice[: count * size]).reshape(count, size).mean(axis=1)
    for number in numpy.flatnonzero(power > SOUNDING**2):
        at = number * size / rate
        outside[_around(at, at + size / rate, rate)] = False
    if not outside.any():
        return math.nan
    return 10 * math.log10(float(numpy.square(samples[outside]).mean()) + 1e-12)


def _around(start: float, end: float, rate: int) -> slice:
    first = round((start - MARGIN_SECONDS) * rate)
    return slice(max(first, 0), round((end + MARGIN_SECONDS) * rate))
