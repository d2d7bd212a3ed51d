"""How loud a clip is to be, so that it sits where the original line sat."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

MAX_GAIN_DB = 15.0
"""Levels further apart mean that one of them is no speech."""
PEAK_CEILING = 0.7
"""The clip's highest sample after the gain (−3 dBFS): room for the background."""


def gain_db(original: NDArray[numpy.float32], clip: NDArray[numpy.float32]) -> float:
    """Decibels that bring `clip` (one channel) to the level of `original` (one
    channel): root mean squares, within ±15 dB, and never above the peak ceiling."""
    import numpy

    wanted, found = _level(original), _level(clip)
    if not wanted or not found:
        return 0.0
    gain = 20 * numpy.log10(wanted / found)
    room = 20 * numpy.log10(PEAK_CEILING / float(numpy.abs(clip).max()))
    return float(min(max(gain, -MAX_GAIN_DB), MAX_GAIN_DB, room))


def _level(samples: NDArray[numpy.float32]) -> float:
    import numpy

    if not len(samples):
        return 0.0
    return float(numpy.sqrt(numpy.square(samples, dtype=numpy.float64).mean()))
