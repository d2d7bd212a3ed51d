"""Fades, so that audio starts and ends without clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


def fade(
    samples: NDArray[numpy.float32], sample_rate: int, fade_in: float, fade_out: float
) -> NDArray[numpy.float32]:
    """A copy of one channel with a linear fade-in and fade-out of the given seconds, each as
    long as the audio if that is shorter."""
    import numpy

    result = samples.copy()
    first, last = (min(round(s * sample_rate), len(result)) for s in (fade_in, fade_out))
    if first:
        result[:first] *= numpy.linspace(0.0, 1.0, first, dtype=numpy.float32)
    if last:
        result[-last:] *= numpy.linspace(1.0, 0.0, last, dtype=numpy.float32)
    return result
