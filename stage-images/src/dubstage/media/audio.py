"""Audio as the stages store it and hold it in memory: 48 kHz, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[numpy.float32]"
"""Shape (frames,) or (frames, channels), −1.0 to 1.0."""

SAMPLE_RATE = 48000
"""Hz of every audio file in the tree, except clips as an engine wrote them."""
BLOCK_FRAMES = SAMPLE_RATE
"""Audio is read and written one second at a time: a whole source is never in memory."""
FULL_SCALE = 1.0 - 2**-15
"""The largest sample that 16 bits hold."""
CLIPPING_LEVEL = 0.999
"""A sample whose absolute value reaches this is clipped."""
MAX_CLIPPED_SHARE = 0.001
"""With a larger share of clipped samples a voice sounds broken."""


def clipped_share(samples: Samples) -> float:
    """The share of `samples`, at least one, that is clipped."""
    import numpy

    return float(numpy.mean(numpy.abs(samples) >= CLIPPING_LEVEL))


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
