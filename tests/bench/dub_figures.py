"""The quality of a dub, measured in its audio and against the ground truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from clips import MadeClip
from numpy.typing import NDArray

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.loudness import Loudness
from dubstage.timing.fit import MAX_SPEED
from dubstage.timing.onset import speech_bounds

Samples = NDArray[numpy.float32]

MARGIN_SECONDS = 0.6
"""Nearer to speech than this is not outside it: edges, cross-fades, the duck's end."""
OWN_LINE_SECONDS = 1.5
"""No line nearer than this: the utterance is in the middle of one, or is lost."""
SOUNDING = 10 ** (-55 / 20)
FRAME = 480


@dataclass(frozen=True)
class Figures:
    """One dub of one clip. Errors are in seconds, their absolute values sorted."""

    plan_errors: tuple[float, ...]
    """Where each line is heard, against where the plan has it."""
    truth_errors: tuple[float, ...]
    """Where the nearest line is heard, against where each utterance begins; without those
    that begin no line."""
    utterances: int
    """Transcript of the clip."""
    speeds: tuple[float, ...]
    trimmed: int
    source: Loudness
    dub: Loudness
    background_change: float
    """Decibels outside speech, net of the gain; not a number where all is speech."""
    drift: float
    """Seconds by which the dub is longer than the source."""

    @property
    def lines(self) -> int:
        return len(self.speeds)

    @property
    def without_line(self) -> int:
        """Utterances with which no line begins."""
        return self.utterances - len(self.truth_errors)

    @property
    def above_cap(self) -> int:
        """Lines faster than 1.5."""
        return sum(speed > MAX_SPEED + 0.005 for speed in self.speeds)


def heard_at(voice: Samples, rate: int, planned: Sequence[tuple[float, float]]) -> list[float]:
    """When each line of a voice track is first heard; `planned`: from when, until when."""
    found = []
    for start, end in planned:
        first = max(round((start - 0.03) * rate), 0)
        onset, _ = speech_bounds(voice[first : round(end * rate)], rate)
        found.append(first / rate + onset)
    return found


def plan_errors(heard: Sequence[float], planned: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted(abs(a - b) for a, b in zip(heard, planned, strict=True)))


def truth_errors(heard: Sequence[float], clip: MadeClip) -> tuple[float, ...]:
    """Of the utterances that have a line of their own: one that was joined to the sentence
    before it begins nowhere."""
    nearest = [min(abs(onset - said.start) for onset in heard) for said in clip.utterances]
    return tuple(sorted(error for error in nearest if error <= OWN_LINE_SECONDS))


def outside_level(sound: Samples, voice: Samples, rate: int, clip: MadeClip) -> float:
    """Decibels of `sound`, shape (frames, channels), where neither original nor dub speak."""
    outside = numpy.ones(len(sound), bool)
    for said in clip.utterances:
        outside[_around(said.start, said.end, rate)] = False
    size = FRAME * rate // SAMPLE_RATE
    count = len(voice) // size
    power = numpy.square(voice[: count * size]).reshape(count, size).mean(axis=1)
    for number in numpy.flatnonzero(power > SOUNDING**2):
        at = number * size / rate
        outside[_around(at, at + size / rate, rate)] = False
    if not outside.any():
        return math.nan
    return 10 * math.log10(float(numpy.square(sound[outside]).mean()) + 1e-12)


def _around(start: float, end: float, rate: int) -> slice:
    first = round((start - MARGIN_SECONDS) * rate)
    return slice(max(first, 0), round((end + MARGIN_SECONDS) * rate))
