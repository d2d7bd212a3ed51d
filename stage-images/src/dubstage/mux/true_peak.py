"""The true peak of audio: its largest value between the samples as well, on a signal with four
times the rate (BS.1770-4, annex 2).

Most audio is far below its own peak. What lies between two samples differs from them by no more
than their curvature allows, so only hops that can reach the peak are interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Peaks = NDArray[numpy.float32]

HOP = SAMPLE_RATE // 1000
"""Frames for which one peak is calculated."""
OVERSAMPLING, TAPS = 4, 48
NO_PEAK = -99.0
"""dBTP of silence."""
RESOLUTION = 10 ** (0.02 / 20)
"""A true peak that is higher by less than this factor (0.02 dB) need not be found."""


class TruePeak:
    """The true peak of audio that is added block by block."""

    def __init__(self, channels: int = 2) -> None:
        import numpy

        self._largest = 0.0
        self._history = numpy.zeros((HOP, channels), numpy.float32)
        self._rest = numpy.zeros((0, channels), numpy.float32)

    def add(self, samples: Samples) -> None:
        """Measure the next `samples`, shape (frames, channels)."""
        import numpy

        if len(self._rest):
            samples = numpy.concatenate([self._rest, samples])
        count = len(samples) // HOP * HOP
        self._rest = samples[count:].copy()
        if count:
            self._measure(samples[:count])

    def decibels(self) -> float:
        """dBTP of everything that was added, which is followed by silence."""
        import numpy

        silence = numpy.zeros((2 * HOP, self._rest.shape[1]), numpy.float32)
        self._measure(numpy.concatenate([self._rest, silence]))
        self._rest = self._rest[:0]
        return 20 * math.log10(self._largest) if self._largest > 0 else NO_PEAK

    def _measure(self, samples: Samples) -> None:
        self._largest = max(self._largest, float(samples.max()), -float(samples.min()))
        peaks = hop_peaks(self._history, samples, self._largest * RESOLUTION)
        self._largest = max(self._largest, float(peaks.max()))
        self._history = samples[-HOP:].copy()


def hop_peaks(history: Samples, samples: Samples, threshold: float) -> Peaks:
    """The largest true peak of each hop of `samples`, shape (frames, channels); the last hop may
    be shorter.

    `history` is the hop before them. Values between samples count up to half a millisecond
    late. Of a hop whose true peak cannot exceed `threshold`, only the samples count.
    """
    import numpy

    channels = samples.shape[1]
    hops = -(-len(samples) // HOP)
    data = numpy.zeros(((hops + 1) * HOP, channels), numpy.float32)
    data[:HOP] = history
    data[HOP : HOP + len(samples)] = samples
    flat = data.reshape(-1)
    bends = numpy.zeros_like(flat)
    numpy.subtract(flat[2 * channels :], flat[channels:-channels], out=bends[: -2 * channels])
    bends[: -2 * channels] -= flat[channels:-channels]
    bends[: -2 * channels] += flat[: -2 * channels]
    largest, curvature = (_largest(values, channels) for values in (flat, bends))
    bound = numpy.maximum(largest[:-1], largest[1:])
    bound += _curvature_gain() * numpy.maximum(curvature[:-1], curvature[1:])
    peaks: Peaks = largest[1:]
    for first, last in _runs(numpy.flatnonzero(bound > threshold)):
        window = data[first * HOP + 1 : (last + 2) * HOP]
        for weights in _interpolators():
            for channel in range(channels):
                between = numpy.correlate(window[:, channel], weights, "valid")
                highest = _largest(between, 1)
                numpy.maximum(peaks[first : last + 1], highest, out=peaks[first : last + 1])
    return peaks


def _largest(values: Samples, channels: int) -> Peaks:
    """The largest absolute value of each hop of interleaved `values`."""
    import numpy

    hops = values.reshape(-1, HOP * channels)
    return numpy.asarray(numpy.maximum(hops.max(axis=1), -hops.min(axis=1)), numpy.float32)


def _runs(hops: NDArray[numpy.intp]) -> Iterator[tuple[int, int]]:
    """The first and the last of each run of consecutive `hops`."""
    import numpy

    for run in numpy.split(hops, numpy.flatnonzero(numpy.diff(hops) > 1) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])


@cache
def _interpolators() -> list[Samples]:
    """The filters that calculate the values between two samples."""
    import numpy

    taps = numpy.arange(TAPS)
    filters = []
    for phase in range(1, OVERSAMPLING):
        distance = TAPS / 2 - 1 + phase / OVERSAMPLING - taps
        window = numpy.i0(8 * numpy.sqrt(1 - (distance / (TAPS / 2)) ** 2)) / numpy.i0(8.0)
        weights = numpy.sinc(distance) * window
        filters.append((weights / weights.sum()).astype(numpy.float32))
    return filters


@cache
def _curvature_gain() -> float:
    """By how much of the largest second difference a value between two samples may exceed both.

    A filter is linear interpolation, and a weighted sum of second differences: the weights are
    the second sums of what it differs by.
    """
    import numpy

    gains = []
    for phase, weights in enumerate(_interpolators(), start=1):
        excess = weights.astype(numpy.float64)
        excess[TAPS // 2 - 1] -= 1 - phase / OVERSAMPLING
        excess[TAPS // 2] -= phase / OVERSAMPLING
        gains.append(float(numpy.abs(numpy.cumsum(numpy.cumsum(excess))).sum()))
    return max(gains)
