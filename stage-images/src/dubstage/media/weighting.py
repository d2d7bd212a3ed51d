"""The K-weighting of BS.1770: how much each frequency counts for loudness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FULL_SCALE_LUFS = -0.691
"""LUFS of a weighted mean square of 1.0."""

SHELF = ((1.53512485958697, -2.69169619938640, 1.19839281085285),
         (1.0, -1.69065929318241, 0.73248077421585))  # fmt: skip
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""Numerators and denominators of the K-weighting's two filters at 48 kHz (BS.1770-4,
tables 1 and 2)."""


def spectrum_weights(length: int) -> NDArray[numpy.float64]:
    """The weight of each frequency of a real spectrum of `length` samples at 48 kHz: the squared
    gain of the K-weighting, doubled for those that also stand for a negative frequency."""
    import numpy

    turns = numpy.exp(-2j * numpy.pi * numpy.fft.rfftfreq(length, 1 / SAMPLE_RATE) / SAMPLE_RATE)
    response = numpy.ones_like(turns)
    for numerator, denominator in (SHELF, HIGH_PASS):
        response *= numpy.polyval(numerator[::-1], turns) / numpy.polyval(denominator[::-1], turns)
    weights: NDArray[numpy.float64] = numpy.square(numpy.abs(response))
    weights[1:-1] *= 2
    return weights
