"""How loud a line is: ITU-R BS.1770, also for lines too short for its own blocks.

The standard's gated loudness takes blocks of 400 ms; many a line is shorter. Here the
K-weighted sound is cut into 100 ms, and what is 10 LU below the rest is left out, so
that a pause inside a line does not make it softer.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

SILENCE = -70.0
"""LUFS: the standard's absolute gate. Nothing is softer here."""
RELATIVE_GATE = 10.0
"""LU below the ungated loudness."""
BLOCK_SECONDS = 0.1
TRANSFORM = 8192
"""Length of a block's spectrum: the block, and silence in which the filters ring out."""

SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285),
         (1.0, -1.69065929318241, 0.73248077421585))  # fmt: skip
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""Numerators and denominators of the K-weighting's two filters at 48 kHz (BS.1770-4,
tables 1 and 2)."""


def loudness(samples: Samples) -> float:
    """LUFS of `samples`, shape (frames,) or (frames, channels), at 48 kHz;
    :data:`SILENCE` where there is nothing to hear. One channel counts once."""
    import numpy

    sound = samples[:, None] if samples.ndim == 1 else samples
    if not len(sound):
        return SILENCE
    size = min(round(BLOCK_SECONDS * SAMPLE_RATE), len(sound))
    count = len(sound) // size
    blocks = sound[: count * size].reshape(count, size, -1)
    # Parseval: a sound's power is that of its spectrum, so nothing is filtered in time.
    spectrum = numpy.fft.rfft(blocks, n=TRANSFORM, axis=1)
    weighted = numpy.square(numpy.abs(spectrum)) * _weights()[None, :, None]
    power = weighted.sum(axis=(1, 2)) / (TRANSFORM * size)
    heard = power[power > _power(SILENCE)]
    if not len(heard):
        return SILENCE
    gate = heard.mean() / 10 ** (RELATIVE_GATE / 10)
    return max(-0.691 + 10 * math.log10(float(heard[heard > gate].mean())), SILENCE)


def _power(level: float) -> float:
    """The mean square of a sound of `level` LUFS."""
    return float(10 ** ((level + 0.691) / 10))


@cache
def _weights() -> NDArray[numpy.float64]:
    """What each frequency of a block's spectrum counts: the K-weighting's gain, squared,
    twice for those that stand for a negative one, too."""
    import numpy

    turns = numpy.exp(-2j * numpy.pi * numpy.fft.rfftfreq(TRANSFORM))
    response = numpy.ones_like(turns)
    for numerator, denominator in (SHELF, HIGH_PASS):
        response *= numpy.polyval(numerator[::-1], turns) / numpy.polyval(denominator[::-1], turns)
    found: NDArray[numpy.float64] = numpy.square(numpy.abs(response))
    found[1:-1] *= 2
    return found
