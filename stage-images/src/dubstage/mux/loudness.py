"""Measurement of loudness: of a segment in memory by ITU-R BS.1770, of a whole mix by ffmpeg's
filter for EBU R128. :mod:`.master` normalizes the mix, :mod:`.limiter` limits its peaks.

ffmpeg does not measure the true peak, because that takes twice as long as the loudness.

The standard gates blocks of 400 ms, which are longer than many a segment. A segment is
therefore cut into blocks of 100 ms. Those 10 LU below the others are left out, so that a
pause inside a segment does not lower its loudness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import write_audio
from dubstage.media.weighting import ABSOLUTE_GATE, gated_loudness, spectrum_weights
from dubstage.mux.true_peak import NO_PEAK, TruePeak

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

SILENCE = ABSOLUTE_GATE
"""LUFS: the lowest loudness that is reported."""
DECIMALS = 1
"""Of a loudness that ffmpeg reports."""
BLOCK_SECONDS = 0.1
TRANSFORM = 5120
"""Length of a block's spectrum: the block, and silence in which the filters decay. Longer ones
give the same result."""

EBU_R128 = "ebur128=framelog=verbose"
"""ffmpeg's filter; of its messages only the summary is at the level ``info``."""


@dataclass(frozen=True)
class Loudness:
    """The loudness of a whole mix by EBU R128."""

    integrated: float
    """LUFS; −70 and below if there is nothing to measure."""
    true_peak: float
    """dBTP."""

    @property
    def is_known(self) -> bool:
        """False for silence, and for less than 400 ms."""
        return self.integrated > SILENCE

    def with_gain(self, decibels: float, change: float) -> Loudness:
        """What it is with a gain of `decibels`, which changes the loudness by `change` LU."""
        if not self.is_known:
            return replace(self, true_peak=max(self.true_peak + decibels, NO_PEAK))
        integrated = round(max(self.integrated + change, SILENCE), DECIMALS)
        return Loudness(integrated, self.true_peak + decibels)


def measure(blocks: Iterable[bytes]) -> Loudness:
    """The loudness of stereo audio at 48 kHz, 32-bit floats.

    Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    return measure_to(blocks, ["-f", "null", "-"])


def measure_to(
    blocks: Iterable[bytes], output: Iterable[str | Path], channels: int = 2
) -> Loudness:
    """The loudness of audio at 48 kHz, 32-bit floats, which ffmpeg also writes to `output`: its
    options and a file.

    Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    peak = TruePeak(channels)
    messages = write_audio(_peaks_of(blocks, channels, peak), channels, ["-af", EBU_R128, *output])
    _, _, summary = messages.rpartition("Summary:")
    integrated = re.search(r"^ +I: +(-?[\d.]+) LUFS", summary, re.M)
    return Loudness(
        integrated=float(integrated[1]) if integrated else SILENCE,
        true_peak=max(peak.decibels(), NO_PEAK),
    )


def true_peak_of(blocks: Iterable[bytes]) -> float:
    """dBTP of stereo audio at 48 kHz, 32-bit floats."""
    peak = TruePeak()
    for _ in _peaks_of(blocks, 2, peak):
        pass
    return peak.decibels()


def _peaks_of(blocks: Iterable[bytes], channels: int, peak: TruePeak) -> Iterator[bytes]:
    """`blocks`, which are added to `peak`."""
    import numpy

    for block in blocks:
        peak.add(numpy.frombuffer(block, numpy.float32).reshape(-1, channels))
        yield block


def segment_loudness(samples: Samples) -> float:
    """LUFS of `samples`, shape (frames,) or (frames, channels), at 48 kHz; :data:`SILENCE`
    if they are silent. A single channel counts once."""
    import numpy

    channels = samples[None] if samples.ndim == 1 else samples.T
    frames = channels.shape[1]
    if not frames:
        return SILENCE
    size = min(round(BLOCK_SECONDS * SAMPLE_RATE), frames)
    count = frames // size
    blocks = channels[:, : count * size].reshape(-1, count, size)
    # Parseval: the power of a signal is that of its spectrum. Nothing is filtered in time.
    spectrum = numpy.fft.rfft(blocks, n=TRANSFORM)
    squares = numpy.square(spectrum.real) + numpy.square(spectrum.imag)
    power = (squares * _weights()).sum(axis=(0, 2), dtype=numpy.float64) / (TRANSFORM * size)
    return max(gated_loudness(power), SILENCE)


@cache
def _weights() -> NDArray[numpy.float32]:
    return spectrum_weights(TRANSFORM).astype("float32")
