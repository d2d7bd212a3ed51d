"""The room of the scene: a short reverberation for the dubbed voice, estimated from the vocals.

Where a speaker stops, the level falls as fast as the room allows. The fastest of these decays
are the room's; the others are those of the voice. How far the level drops at once says how loud
the room is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.parameters import flag
from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.timing.slot import TimedSegment
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

PARAMETER = "room"
"""Of the mux stage's engine in a profile: whether the voice gets the room. Defaults to false."""
HOP = SAMPLE_RATE // 100
BEFORE_SECONDS, AFTER_SECONDS = 0.3, 0.7
"""What is examined around the end of a segment."""
FROM_DB, TO_DB = -5.0, -25.0
"""The part of the decay that is measured, below the level before it."""
MIN_HOPS = 4
MIN_DECAYS = 3
QUANTILE = 0.25
"""The share of the decays that are the room's alone."""
DRY_SECONDS, LONGEST_SECONDS = 0.2, 0.8
"""Decay times: a shorter one is that of a voice without a room, a longer one is cut."""
SOFTEST_DB, LOUDEST_DB = -20.0, -6.0
"""Levels of the room below the voice."""
EARLY = SAMPLE_RATE // 100
"""Frames after which the room begins to answer."""
SEED = 20


@dataclass(frozen=True)
class Room:
    """A room in two figures."""

    decay: float
    """Seconds in which its level falls by 60 dB."""
    level: float
    """Decibels, relative to the direct voice."""

    def response(self) -> Samples:
        """The impulse response, without the direct voice: noise that decays."""
        import numpy

        count = round(self.decay * SAMPLE_RATE)
        time = numpy.arange(count) / SAMPLE_RATE
        noise = numpy.random.default_rng(SEED).standard_normal(count)
        tail = noise * numpy.power(10.0, -3 * time / self.decay)
        tail *= 10 ** (self.level / 20) / math.sqrt(float(numpy.square(tail).sum()))
        return numpy.concatenate([numpy.zeros(EARLY), tail]).astype(numpy.float32)


DRY = Room(decay=0.0, level=-60.0)
"""What an abrupt end says."""


def scene_room(work: Work, segments: Sequence[TimedSegment]) -> Room | None:
    """The room of the scene in which `segments` are heard, if the profile asks for it."""
    if not flag(work.request.engine, PARAMETER, False):
        return None
    (vocals,) = work.read(Artifact.VOCALS)
    return estimate(vocals, segments)


def estimate(vocals: Path, segments: Sequence[TimedSegment]) -> Room | None:
    """The room in `vocals` (48 kHz), in which `segments` are heard, in the order of their start.

    None if it is dry, or if too few segments are followed by silence.
    """
    import numpy

    decays = list(_decays(vocals, segments))
    if len(decays) < MIN_DECAYS:
        return None
    decay = float(numpy.quantile([one.decay for one in decays], QUANTILE))
    level = float(numpy.median([one.level for one in decays]))
    if decay < DRY_SECONDS or level < SOFTEST_DB:
        return None
    return Room(min(decay, LONGEST_SECONDS), min(level, LOUDEST_DB))


def _decays(vocals: Path, segments: Sequence[TimedSegment]) -> Iterator[Room]:
    """What each segment that is followed by silence says about the room."""
    import soundfile

    with soundfile.SoundFile(vocals) as track:
        for number, segment in enumerate(segments):
            silent_until = segment.end + AFTER_SECONDS
            following = segments[number + 1 : number + 2]
            if following and following[0].start < silent_until:
                continue
            first = max(round((segment.end - BEFORE_SECONDS) * SAMPLE_RATE), 0)
            track.seek(min(first, track.frames))
            count = round((BEFORE_SECONDS + AFTER_SECONDS) * SAMPLE_RATE)
            samples = track.read(count, dtype="float32", always_2d=True)
            if room := _decay(samples.mean(axis=1)):
                yield room


def _decay(samples: Samples) -> Room | None:
    """The decay at the end of the speech in `samples`; None if there is none."""
    import numpy

    count = len(samples) // HOP
    if count < 2 * MIN_HOPS:
        return None
    power = numpy.square(samples[: count * HOP], dtype=numpy.float64).reshape(count, HOP)
    level = 10 * numpy.log10(power.mean(axis=1) + 1e-12)
    usual = float(numpy.max(level))
    last = int(numpy.flatnonzero(level > usual + FROM_DB)[-1])
    below = numpy.flatnonzero(level[last:] < usual + TO_DB)
    if not len(below):
        return None
    if below[0] <= MIN_HOPS:
        return DRY
    hops = numpy.arange(1, int(below[0]))
    slope, start = numpy.polyfit(hops, level[last + hops], 1)
    if slope >= 0:
        return None
    drop = min(float(start) - usual, -0.1)
    return Room(decay=-60 * HOP / SAMPLE_RATE / float(slope), level=_room_level(drop))


def _room_level(drop: float) -> float:
    """The level of the room relative to the direct voice, if the sum of both drops by `drop`
    (decibels, negative) when the voice stops."""
    share = 10 ** (drop / 10)
    return 10 * math.log10(share / (1 - share))


class Reverberation:
    """A voice in a room, block by block."""

    def __init__(self, room: Room) -> None:
        import numpy

        self._response = room.response()
        self._dry = 1 / math.sqrt(1 + 10 ** (room.level / 10))
        """The factor that keeps the loudness."""
        self._tail = numpy.zeros(0, numpy.float32)

    def block(self, samples: Samples) -> Samples:
        """The next block in the room, shape (frames, 1)."""
        import numpy

        length = len(samples) + len(self._response) - 1
        size = 1 << (length - 1).bit_length()
        spectrum = numpy.fft.rfft(samples[:, 0], size) * numpy.fft.rfft(self._response, size)
        wet: NDArray[numpy.float64] = numpy.fft.irfft(spectrum, size)[:length]
        wet[: len(self._tail)] += self._tail
        self._tail = wet[len(samples) :].astype(numpy.float32)
        mixed = (samples[:, 0] + wet[: len(samples)]) * self._dry
        return numpy.asarray(mixed, numpy.float32)[:, None]
