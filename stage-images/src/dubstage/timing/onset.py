"""Where speech starts and ends in samples, by its energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FRAME_SECONDS = 0.005
BELOW_PEAK_DB = 35.0
"""Sound this far below the loudest frame counts as silence."""


def speech_bounds(samples: NDArray[numpy.float32], sample_rate: int) -> tuple[float, float]:
    """Seconds at which sound starts and ends in one channel of `samples`, to 5 ms.
    (0.0, 0.0) where all is silence."""
    import numpy

    loud = numpy.flatnonzero(_loud_frames(samples, sample_rate))
    if not len(loud):
        return 0.0, 0.0
    return float(loud[0]) * FRAME_SECONDS, float(loud[-1] + 1) * FRAME_SECONDS


def snap(
    samples: NDArray[numpy.float32],
    sample_rate: int,
    start: float,
    reach: float = 0.5,
    sustained: float = 0.08,
) -> float:
    """The first moment within `reach` seconds around `start` from which sound
    lasts for `sustained` seconds; `start` where there is none.

    Recognisers give starts that are late or early by tenths of a second, and a dub
    that follows them looks out of step. Looks back only over silence that precedes
    `start`'s own word, never into the word before.
    """
    import numpy

    first = max(start - reach / 2, 0.0)
    window = samples[int(first * sample_rate) : int((start + reach) * sample_rate)]
    loud = _loud_frames(window, sample_rate)
    need = max(round(sustained / FRAME_SECONDS), 1)
    if len(loud) < need:
        return start
    runs = numpy.convolve(loud.astype(int), numpy.ones(need, int), mode="valid")
    steady = numpy.flatnonzero(runs >= need * 0.9)
    if not len(steady) or steady[0] == 0:
        return start
    return first + float(steady[0]) * FRAME_SECONDS


def _loud_frames(samples: NDArray[numpy.float32], sample_rate: int) -> NDArray[numpy.bool_]:
    import numpy

    size = round(FRAME_SECONDS * sample_rate)
    count = len(samples) // size
    if not count:
        return numpy.zeros(0, bool)
    power = numpy.square(samples[: count * size].reshape(count, size), dtype=numpy.float64)
    level = numpy.sqrt(power.mean(axis=1))
    peak = float(level.max())
    if peak < 1e-4:  # −80 dBFS: nothing was recorded
        return numpy.zeros(count, bool)
    quiet: NDArray[numpy.bool_] = level > peak * 10 ** (-BELOW_PEAK_DB / 20)
    return quiet
