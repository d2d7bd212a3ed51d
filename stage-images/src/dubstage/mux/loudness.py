"""Loudness: of a segment in memory by ITU-R BS.1770, of a whole mix by ffmpeg's EBU R128.

The standard gates blocks of 400 ms, which are longer than many a segment. A segment is
therefore cut into blocks of 100 ms. Those 10 LU below the others are left out, so that a
pause inside a segment does not lower its loudness.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import write_stereo
from dubstage.media.weighting import FULL_SCALE_LUFS, spectrum_weights

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

SILENCE = -70.0
"""LUFS: the standard's absolute gate, and the lowest loudness that is reported."""
RELATIVE_GATE = 10.0
"""LU below the ungated loudness."""
BLOCK_SECONDS = 0.1
TRANSFORM = 8192
"""Length of a block's spectrum: the block, and silence in which the filters decay."""

EBU_R128 = "ebur128=peak=true:framelog=verbose"
"""ffmpeg's filter; of its messages only the summary is at the level ``info``."""
NO_PEAK = -99.0
"""dBTP of silence."""


@dataclass(frozen=True)
class Loudness:
    """The loudness of a whole mix by EBU R128."""

    integrated: float
    """LUFS; −70 and below if there is nothing to measure."""
    threshold: float
    """LUFS; softer blocks were left out."""
    true_peak: float
    """dBTP."""

    @property
    def is_known(self) -> bool:
        """False for silence, and for less than 400 ms."""
        return self.integrated > SILENCE


def measure(blocks: Iterator[bytes]) -> Loudness:
    """The loudness of stereo audio at 48 kHz, 32-bit floats.

    Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    return parse_summary(write_stereo(blocks, ["-af", EBU_R128, "-f", "null", "-"]))


def parse_summary(messages: str) -> Loudness:
    """The summary that ``ebur128`` writes at its end."""
    _, marker, summary = messages.rpartition("Summary:")
    if not marker:
        return Loudness(SILENCE, SILENCE, NO_PEAK)
    numbers = dict(
        re.findall(r"^ +(I|Threshold|Peak): +(-?[\d.]+|-?inf|nan) ", summary, re.M)[::-1]
    )
    return Loudness(
        integrated=_finite(numbers.get("I"), SILENCE),
        threshold=_finite(numbers.get("Threshold"), SILENCE),
        true_peak=_finite(numbers.get("Peak"), NO_PEAK),
    )


def segment_loudness(samples: Samples) -> float:
    """LUFS of `samples`, shape (frames,) or (frames, channels), at 48 kHz; :data:`SILENCE`
    if they are silent. A single channel counts once."""
    import numpy

    channels = samples[:, None] if samples.ndim == 1 else samples
    if not len(channels):
        return SILENCE
    size = min(round(BLOCK_SECONDS * SAMPLE_RATE), len(channels))
    count = len(channels) // size
    blocks = channels[: count * size].reshape(count, size, -1)
    # Parseval: the power of a signal is that of its spectrum. Nothing is filtered in time.
    spectrum = numpy.fft.rfft(blocks, n=TRANSFORM, axis=1)
    weighted = numpy.square(numpy.abs(spectrum)) * _weights()[None, :, None]
    power = weighted.sum(axis=(1, 2)) / (TRANSFORM * size)
    audible = power[power > _power(SILENCE)]
    if not len(audible):
        return SILENCE
    gate = audible.mean() / 10 ** (RELATIVE_GATE / 10)
    return max(FULL_SCALE_LUFS + 10 * math.log10(float(audible[audible > gate].mean())), SILENCE)


def _power(loudness: float) -> float:
    """The mean square of a signal of `loudness` LUFS."""
    return float(10 ** ((loudness - FULL_SCALE_LUFS) / 10))


@cache
def _weights() -> NDArray[numpy.float64]:
    return spectrum_weights(TRANSFORM)


def _finite(text: str | None, default: float) -> float:
    value = float(text) if text else default
    return value if math.isfinite(value) else default
