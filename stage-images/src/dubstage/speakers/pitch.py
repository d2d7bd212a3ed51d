"""The pitch of a voice: a pure function of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from dubstage.media.audio import Samples

    Values = NDArray[numpy.float64]

LOWEST_HERTZ, HIGHEST_HERTZ = 60.0, 450.0
FRAME_SECONDS = 0.05
"""Three periods of the lowest voice."""
HOP_SECONDS = 0.02
AUDIBLE = 0.1
"""A frame with a smaller share of the loud frames' amplitude is left out."""
PERIODIC = 0.6
"""The correlation of a frame with itself, one period later, from which it is voiced."""
FIRST_PEAK = 0.9
"""The first peak with this share of the highest is the period: the others are multiples."""
FEWEST_FRAMES = 10
"""Fewer voiced frames are no measure of a voice."""


def median_pitch(samples: Samples, rate: int) -> float | None:
    """The median pitch of the voiced speech in one channel of `samples`, in hertz; None if
    there is next to none."""
    import numpy

    frame, hop = int(FRAME_SECONDS * rate), int(HOP_SECONDS * rate)
    if len(samples) < frame:
        return None
    frames = numpy.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    levels = numpy.sqrt(numpy.square(frames, dtype=numpy.float64).mean(axis=1))
    loud = frames[levels > AUDIBLE * numpy.percentile(levels, 95)]
    pitches = [pitch for part in numpy.array_split(loud, 1 + len(loud) // 500)
               for pitch in _pitches(part, rate)]  # fmt: skip
    return float(numpy.median(pitches)) if len(pitches) >= FEWEST_FRAMES else None


def _pitches(frames: Samples, rate: int) -> list[float]:
    """The pitch of each of `frames` that is voiced, in hertz."""
    import numpy

    shortest, longest = int(rate / HIGHEST_HERTZ), int(rate / LOWEST_HERTZ)
    length = frames.shape[1]
    window = length - longest
    size = 1 << (2 * length - 1).bit_length()
    centered = frames - frames.mean(axis=1, keepdims=True)
    spectrum = numpy.fft.rfft(centered, size)
    head = numpy.fft.rfft(centered[:, :window], size)
    products = numpy.fft.irfft(numpy.conj(head) * spectrum, size)[:, : longest + 1]
    energies = numpy.cumsum(numpy.pad(numpy.square(centered), ((0, 0), (1, 0))), axis=1)
    later = energies[:, window : window + longest + 1] - energies[:, : longest + 1]
    correlations = products / numpy.sqrt(numpy.maximum(later * later[:, :1], 1e-12))
    return [
        rate / (shortest + _period(row[shortest:]))
        for row in correlations
        if row[shortest:].max() > PERIODIC
    ]


def _period(correlations: Values) -> int:
    """The place of the first peak that is about as high as the highest."""
    import numpy

    inner = correlations[1:-1]
    is_peak = (inner >= correlations[:-2]) & (inner >= correlations[2:])
    peaks = numpy.flatnonzero(is_peak & (inner >= FIRST_PEAK * correlations.max()))
    return int(peaks[0]) + 1 if len(peaks) else int(correlations.argmax())
