"""Audio as the stages store it and hold it in memory: 48 kHz, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from soundfile import SoundFile

Samples: TypeAlias = "NDArray[numpy.float32]"
"""Shape (frames,) or (frames, channels), −1.0 to 1.0."""
Integers: TypeAlias = "NDArray[numpy.int16]"
"""The same in 16 bits."""

SAMPLE_RATE = 48000
"""Hz of every audio file in the tree, except clips as an engine wrote them."""
BLOCK_FRAMES = SAMPLE_RATE
"""Audio is read and written one second at a time: a whole source is never in memory."""
FULL_SCALE = 1 << 15
"""Of 16 bits: the integer of a sample of 1.0, one more than the largest that they hold."""
CLIPPING_LEVEL = 0.999
"""A sample whose absolute value reaches this is clipped."""
MAX_CLIPPED_SHARE = 0.001
"""With a larger share of clipped samples a voice sounds broken."""

CANCELLING_SECONDS = 0.5
CANCELLING_RATIO = 4.0
"""Two channels cancel each other if the ratio of the power of their difference to that of
their sum is larger."""


def clipped_share(samples: Samples) -> float:
    """The share of `samples`, at least one, that is clipped."""
    import numpy

    return float(numpy.mean(numpy.abs(samples) >= CLIPPING_LEVEL))


def mix_to_mono(samples: Samples, rate: int) -> Samples:
    """One channel of `samples`, shape (frames, channels), at `rate` Hz.

    The channels' average; of two channels that cancel each other, as a microphone that is
    wired the wrong way makes them, half their difference. Decided for every half second.
    """
    import numpy

    mono = average(samples)
    if samples.shape[1] != 2:
        return mono
    left, right = samples[:, 0], samples[:, 1]
    size = max(round(CANCELLING_SECONDS * rate), 1)
    for start in range(0, len(mono), size):
        block = slice(start, start + size)
        difference = (left[block] - right[block]) / 2
        power = numpy.square(mono[block], dtype=numpy.float64).sum()
        if numpy.square(difference, dtype=numpy.float64).sum() > CANCELLING_RATIO * power:
            mono[block] = difference
    return mono


def read_frames(file: SoundFile, count: int, *, is_filled: bool = False) -> Samples:
    """The next `count` frames of `file`, shape (frames, channels), fewer at its end; `is_filled`:
    then with silence after it."""
    import numpy

    fill = 0 if is_filled else None
    if file.subtype != "PCM_16":
        samples: Samples = file.read(count, "float32", always_2d=True, fill_value=fill)
        return samples
    # soundfile takes four times as long to convert them.
    integers = file.read(count, "int16", always_2d=True, fill_value=fill)
    scaled: Samples = numpy.multiply(integers, numpy.float32(1 / FULL_SCALE), dtype=numpy.float32)
    return scaled


def to_integers(samples: Samples) -> Integers:
    """`samples` in 16 bits, rounded to the nearest integer; what exceeds full scale is clipped."""
    import numpy

    scaled = samples * numpy.float32(FULL_SCALE)
    numpy.rint(scaled, out=scaled)
    numpy.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    return scaled.astype(numpy.int16)


def average(samples: Samples) -> Samples:
    """The mean of the channels of `samples`, shape (frames, channels)."""
    import numpy

    if samples.shape[1] == 2:
        return (samples[:, 0] + samples[:, 1]) * numpy.float32(0.5)
    return numpy.asarray(samples.mean(axis=1), numpy.float32)


def to_bytes(samples: Samples) -> bytes:
    """32-bit floats, frame by frame, as ffmpeg reads them."""
    import numpy

    return numpy.ascontiguousarray(samples, numpy.float32).tobytes()


def stereo_bytes(file: Path) -> Iterator[bytes]:
    """The blocks of a stereo WAV file, as ffmpeg reads them."""
    import soundfile

    with soundfile.SoundFile(file) as audio:
        for block in audio.blocks(BLOCK_FRAMES, dtype="float32", always_2d=True):
            yield to_bytes(block)
