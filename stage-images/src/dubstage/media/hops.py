"""Audio in hops of 100 ms, with what is measured of each: its spectrum, and its loudness by
BS.1770. A track is transformed once, for the figures of the report and for its curves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.weighting import spectrum_weights

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

HOP = SAMPLE_RATE // 10
"""Frames of one hop: a quarter of a block of BS.1770."""


@dataclass(frozen=True)
class Hops:
    """Consecutive hops of a track. One channel plays on both sides."""

    samples: Samples
    """Shape (hops, frames, channels)."""
    power: Samples
    """The power of each frequency, of both sides; shape (hops, frequencies)."""
    weighted: NDArray[numpy.float32]
    """The K-weighted mean square of each hop, summed over both sides."""


class HopSplitter:
    """Splits the blocks of a track, of any length, into hops."""

    def __init__(self) -> None:
        """Begin a track."""
        import numpy

        self._rest: Samples = numpy.zeros((0, 1), numpy.float32)

    def add(self, samples: Samples) -> Samples:
        """The hops, shape (hops, frames, channels), that are complete with the next `samples`,
        shape (frames, channels)."""
        import numpy

        if len(self._rest):
            samples = numpy.concatenate([self._rest, samples])
        count = len(samples) // HOP
        # A copy, because a view would keep the whole block.
        self._rest = samples[count * HOP :].copy()
        return samples[: count * HOP].reshape(count, HOP, samples.shape[1])

    def finish(self) -> Samples:
        """What is left, followed by silence, as one hop; none if nothing is left."""
        import numpy

        rest, self._rest = self._rest, self._rest[:0]
        padding = HOP - len(rest) if len(rest) else 0
        padded = numpy.pad(rest, ((0, padding), (0, 0)))
        return padded.reshape(-1, HOP, rest.shape[1])


def measure_hops(samples: Samples) -> Hops:
    """Measure hops of shape (hops, frames, channels)."""
    power = _power(samples)
    # Sums and no matrix product, which would occupy a thread on every processor.
    return Hops(samples, power, (power * _weights()).sum(axis=1))


def _power(hops: Samples) -> Samples:
    """The power of each frequency in each of `hops`, of both sides.

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
