"""Curves of an audio track: peaks, loudness and a spectrogram, of each hop of 100 ms.

A long source has longer columns, so that the page
does not grow with it; the loudness of each hop is kept, 144 kB an hour.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.hops import HOP, Hops
from dubstage.media.weighting import FULL_SCALE_LUFS

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

HOPS_PER_SECOND = SAMPLE_RATE // HOP
BANDS = 40
"""Rows of the spectrogram, from :data:`LOWEST_HERTZ` to :data:`HIGHEST_HERTZ` on a mel scale."""
LOWEST_HERTZ, HIGHEST_HERTZ = 60.0, 14000.0
SHORT_TERM_SECONDS = 3
"""Window of the short-term loudness (EBU Tech 3341)."""
FLOOR = 1e-12
"""Power of silence."""
MAX_PEAKS, MAX_COLUMNS = 36000, 1800
"""Columns of the waveforms, 100 ms each in an hour, and of the spectrogram."""


class Waveform:
    """The peaks of one track, whose hops are added in order."""

    def __init__(self, frames: int) -> None:
        """`frames`: length of the track."""
        import numpy

        self.hops = max(-(-frames // HOP), 1)
        self._position = 0
        self.peaks = numpy.zeros(min(self.hops, MAX_PEAKS), numpy.float32)
        """The largest sample of each column, 0.0 to 1.0 and above."""

    def add(self, samples: Samples) -> NDArray[numpy.int_]:
        """Add hops, shape (hops, frames, channels), and return the numbers of those that are within
        the track: each from the first on."""
        import numpy

        samples = samples[: self.hops - self._position]
        numbers = numpy.arange(self._position, self._position + len(samples))
        self._position += len(samples)
        highest = numpy.abs(samples).max(axis=(1, 2))
        numpy.maximum.at(self.peaks, self.columns(numbers, len(self.peaks)), highest)
        return numbers

    def columns(self, numbers: NDArray[numpy.int_], count: int) -> NDArray[numpy.int_]:
        """The columns, of `count`, in which the hops of these numbers are."""
        return numbers * count // self.hops


class Curves:
    """All curves of one track, whose hops are added in order."""

    def __init__(self, frames: int) -> None:
        """`frames`: length of the track."""
        import numpy

        self.waveform = Waveform(frames)
        hops = self.waveform.hops
        self._bands = numpy.zeros((min(hops, MAX_COLUMNS), BANDS))
        self._weighted = numpy.full(hops, FLOOR, numpy.float32)

    def add(self, hops: Hops) -> None:
        """Add the next hops."""
        import numpy

        numbers = self.waveform.add(hops.samples)
        self._weighted[numbers] = hops.weighted[: len(numbers)]
        edges = _edges()
        power = hops.power[: len(numbers), : edges[-1]]
        bands = numpy.add.reduceat(power, edges[:-1], axis=1)
        bands *= 2 / HOP**2 / numpy.diff(edges)
        numpy.add.at(self._bands, self.waveform.columns(numbers, len(self._bands)), bands)

    @property
    def spectrogram(self) -> NDArray[numpy.float64]:
        """The mean power of each band in each column, shape (columns, bands)."""
        import numpy

        columns, numbers = len(self._bands), numpy.arange(self.waveform.hops)
        hops = numpy.bincount(self.waveform.columns(numbers, columns), minlength=columns)
        return self._bands / numpy.maximum(hops, 1)[:, None]

    def short_term_loudness(self) -> NDArray[numpy.float64]:
        """LUFS at the end of each second, of the three seconds before it, or of those that there
        are."""
        import numpy

        power = self._weighted.astype(numpy.float64)
        window = SHORT_TERM_SECONDS * HOPS_PER_SECOND
        total = numpy.concatenate([[0.0], numpy.cumsum(power)])
        ends = numpy.arange(HOPS_PER_SECOND, len(power) + 1, HOPS_PER_SECOND)
        starts = numpy.maximum(ends - window, 0)
        mean = numpy.maximum((total[ends] - total[starts]) / (ends - starts), FLOOR)
        result: NDArray[numpy.float64] = FULL_SCALE_LUFS + 10 * numpy.log10(mean)
        return result


@cache
def _edges() -> NDArray[numpy.int_]:
    """The first frequency of each band of the spectrogram, and the one after the last."""
    import numpy

    mel = numpy.linspace(_mel(LOWEST_HERTZ), _mel(HIGHEST_HERTZ), BANDS + 1)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    return numpy.rint(hertz * HOP / SAMPLE_RATE).astype(int)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
