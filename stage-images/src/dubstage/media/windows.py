"""A long programme in parts, cut where it is quiet: a recogniser holds one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.ffmpeg import ffmpeg, input_file

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

SAMPLE_RATE = 16000
"""Hz of what Whisper listens to."""
PART_SECONDS = 600
"""How long a part is at most, unless the caller says otherwise."""
SEARCH_SECONDS = 30
"""How long before a part's end the quietest moment is looked for."""
QUIET_SECONDS = 0.5


@dataclass(frozen=True)
class Part:
    """A part of a programme; times in seconds."""

    start: float
    total: float
    """Length of the programme."""
    samples: NDArray[numpy.float32]
    """One channel at 16 kHz."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def parts_of(speech: Path, longest: int = PART_SECONDS) -> Iterator[Part]:
    """The parts of a sound file, in order, together as long as it is; each of at most
    `longest` seconds."""
    import numpy
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        mono = Path(folder) / "mono.wav"
        ffmpeg([*input_file(speech), "-ar", str(SAMPLE_RATE), "-ac", "1", mono])
        with soundfile.SoundFile(mono) as sound:
            total = sound.frames / SAMPLE_RATE
            start, samples = 0, numpy.zeros(0, numpy.float32)
            while start < sound.frames:
                more = sound.read(longest * SAMPLE_RATE - len(samples), dtype="float32")
                samples = numpy.concatenate([samples, more])
                is_last = start + len(samples) >= sound.frames
                end = len(samples) if is_last else quietest(samples)
                yield Part(start / SAMPLE_RATE, total, samples[:end])
                start, samples = start + end, samples[end:].copy()


def quietest(samples: NDArray[numpy.float32]) -> int:
    """The middle of the quietest half second of the last thirty."""
    import numpy

    size = int(QUIET_SECONDS * SAMPLE_RATE)
    first = max(len(samples) - SEARCH_SECONDS * SAMPLE_RATE, 0)
    count = (len(samples) - first) // size
    pieces = samples[first : first + count * size].reshape(count, size)
    place = int(numpy.argmin(numpy.square(pieces, dtype=numpy.float64).mean(axis=1)))
    return first + place * size + size // 2
