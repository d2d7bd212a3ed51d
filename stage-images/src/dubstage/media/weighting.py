"""Loudness by BS.1770: how much each frequency counts (the K-weighting), and each moment (the
gates)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FULL_SCALE_LUFS = -0.691
"""LUFS of a weighted mean square of 1.0."""
ABSOLUTE_GATE = -70.0
"""LUFS below which a block does not count: audio of blocks that are all softer has no loudness."""
RELATIVE_GATE = 10.0
"""LU below the others at which a block no longer counts."""
BLOCK_HOPS = 4
"""Of 100 ms, that are a block."""

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


def integrated_loudness(hops: NDArray[numpy.float64]) -> float:
    """LUFS of audio whose hops of 100 ms have these weighted mean squares, summed over the
    channels; :data:`ABSOLUTE_GATE` if every block is below that."""
    import numpy

    if len(hops) < BLOCK_HOPS:
        return ABSOLUTE_GATE
    blocks = numpy.lib.stride_tricks.sliding_window_view(hops, BLOCK_HOPS).mean(axis=1)
    return gated_loudness(blocks)


def gated_loudness(power: NDArray[numpy.float64]) -> float:
    """LUFS of audio whose blocks have these weighted mean squares: of those that are above both
    gates; :data:`ABSOLUTE_GATE` without any."""
    audible = power[power > 10 ** ((ABSOLUTE_GATE - FULL_SCALE_LUFS) / 10)]
    if not len(audible):
        return ABSOLUTE_GATE
    gate = audible.mean() / 10 ** (RELATIVE_GATE / 10)
    return FULL_SCALE_LUFS + 10 * math.log10(float(audible[audible > gate].mean()))
