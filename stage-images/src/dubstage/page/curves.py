"""Curves of an audio track, measured while it passes: peaks, loudness and a spectrogram.

Everything is measured for each hop of 100 ms. A long source has longer columns, so that the page
does not grow with it; the loudness of each hop is kept, 144 kB an hour.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.weighting import FULL_SCALE_LUFS, integrated_loudness, spectrum_weights

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

HOP = SAMPLE_RATE // 10
"""Frames of one measure."""
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


class Curves:
    """The curves of one track. Audio is added in blocks of any length."""

    def __init__(self, frames: int, *, has_spectrum: bool = True) -> None:
        """`frames`: length of the track. `has_spectrum`: whether loudness and spectrogram are
        measured as well."""
        import numpy

        self._hops = max(-(-frames // HOP), 1)
        self._position = 0
        self._rest: Samples = numpy.zeros((0, 1), numpy.float32)
        self.peaks = numpy.zeros(min(self._hops, MAX_PEAKS), numpy.float32)
        """The largest sample of each column, 0.0 to 1.0 and above."""
        columns = min(self._hops, MAX_COLUMNS) if has_spectrum else 0
        self._bands = numpy.zeros((columns, BANDS))
        self._weighted = numpy.full(self._hops if has_spectrum else 0, FLOOR, numpy.float32)

    def add(self, samples: Samples) -> None:
        """Measure the next `samples`, shape (frames, channels). One channel plays on both sides."""
        import numpy

        if len(self._rest):
            samples = numpy.concatenate([self._rest, samples])
        count = len(samples) // HOP
        # A copy, because a view would keep the whole block.
        self._rest = samples[count * HOP :].copy()
        self._measure(samples[: count * HOP].reshape(count, HOP, samples.shape[1]))

    def finish(self) -> None:
        """Measure what is left, followed by silence."""
        import numpy

        if len(self._rest):
            hop = numpy.pad(self._rest, ((0, HOP - len(self._rest)), (0, 0)))
            self._measure(hop.reshape(1, HOP, -1))
            self._rest = self._rest[:0]

    @property
    def spectrogram(self) -> NDArray[numpy.float64]:
        """The mean power of each band in each column, shape (columns, bands)."""
        import numpy

        columns = len(self._bands)
        hops = numpy.bincount(self._columns(numpy.arange(self._hops), columns), minlength=columns)
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

    def loudness_change(self, gain_db: float) -> float:
        """LU by which a gain of `gain_db`, which the track has already, has changed its loudness.

        As many, unless there is audio that the gain moves across the absolute gate.
        """
        power = self._weighted.astype("float64")
        before = integrated_loudness(power / 10 ** (gain_db / 10))
        return integrated_loudness(power) - before

    def _measure(self, hops: Samples) -> None:
        import numpy

        hops = hops[: self._hops - self._position]
        if not len(hops):
            return
        numbers = numpy.arange(self._position, self._position + len(hops))
        self._position += len(hops)
        highest = numpy.abs(hops).max(axis=(1, 2))
        numpy.maximum.at(self.peaks, self._columns(numbers, len(self.peaks)), highest)
        if len(self._bands):
            power = _power(hops)
            # Sums and no matrix product, which would occupy a thread on every processor.
            self._weighted[numbers] = (power * _weights()).sum(axis=1)
            edges = _edges()
            bands = numpy.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
            bands *= 2 / HOP**2 / numpy.diff(edges)
            numpy.add.at(self._bands, self._columns(numbers, len(self._bands)), bands)

    def _columns(self, hops: NDArray[numpy.int_], count: int) -> NDArray[numpy.int_]:
        """The columns, of `count`, in which these hops are."""
        return hops * count // self._hops


def _power(hops: Samples) -> Samples:
    """The power of each frequency in each of `hops`, shape (hops, frames, channels), of both sides.

    Parseval: the power of a signal is that of its spectrum.
    """
    import numpy

    if hops.shape[2] == 1:
        spectrum = numpy.fft.rfft(hops[:, :, 0])
        return 2 * (numpy.square(spectrum.real) + numpy.square(spectrum.imag))
    # Two real signals are transformed as one complex signal. What they have in common has a
    # frequency and its negative, half of it in each.
    spectrum = numpy.fft.fft(
        numpy.ascontiguousarray(hops, numpy.float32).view(numpy.complex64)[:, :, 0]
    )
    power = numpy.square(spectrum.real)
    power += numpy.square(spectrum.imag)
    half = HOP // 2
    both = power[:, : half + 1].copy()
    both[:, 1:half] += power[:, :half:-1]
    both[:, 1:half] *= 0.5
    return both


@cache
def _weights() -> NDArray[numpy.float32]:
    """The weight of each frequency of a hop's power spectrum in its K-weighted mean square. Not
    of 64 bits: numpy would convert each spectrum."""
    return (spectrum_weights(HOP) / HOP**2).astype("float32")


@cache
def _edges() -> NDArray[numpy.int_]:
    """The first frequency of each band of the spectrogram, and the one after the last."""
    import numpy

    mel = numpy.linspace(_mel(LOWEST_HERTZ), _mel(HIGHEST_HERTZ), BANDS + 1)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    return numpy.rint(hertz * HOP / SAMPLE_RATE).astype(int)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
