"""A long source in parts, cut where it is quiet: a recognizer holds one part at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dubstage.media.audio import Samples, mix_to_mono
from dubstage.media.ffmpeg import input_file, run
from dubstage.media.wav import WRITER

RECOGNIZER_SAMPLE_RATE = 16000
"""Hz that Whisper expects."""
PART_SECONDS = 600
"""The longest part, unless the caller gives another length."""
SEARCH_SECONDS = 30
"""The quietest moment is searched for in the last 30 s of a part."""
QUIET_SECONDS = 0.5


@dataclass(frozen=True)
class Part:
    """A part of a source; times in seconds."""

    start: float
    total: float
    """Length of the source."""
    samples: Samples
    """One channel at 16 kHz."""

    @property
    def seconds(self) -> float:
        """Length of the part."""
        return len(self.samples) / RECOGNIZER_SAMPLE_RATE


def parts_of(file: Path, longest: int = PART_SECONDS) -> Iterator[Part]:
    """The parts of an audio file, in order and without gaps, each of at most `longest`
    seconds."""
    import numpy
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        resampled = Path(folder) / "resampled.wav"
        run([*input_file(file), "-ar", str(RECOGNIZER_SAMPLE_RATE), *WRITER, resampled])
        with soundfile.SoundFile(resampled) as audio:
            total = audio.frames / RECOGNIZER_SAMPLE_RATE
            start, samples = 0, numpy.zeros(0, numpy.float32)
            while start < audio.frames:
                missing = longest * RECOGNIZER_SAMPLE_RATE - len(samples)
                more = audio.read(missing, dtype="float32", always_2d=True)
                samples = numpy.concatenate([samples, mix_to_mono(more, RECOGNIZER_SAMPLE_RATE)])
                is_last = start + len(samples) >= audio.frames
                end = len(samples) if is_last else _quietest(samples)
                yield Part(start / RECOGNIZER_SAMPLE_RATE, total, samples[:end])
                start, samples = start + end, samples[end:].copy()


def parts_of_samples(samples: Samples, longest: int = PART_SECONDS) -> Iterator[Part]:
    """The parts of audio in memory, one channel at 16 kHz, each of at most `longest` seconds."""
    total = len(samples) / RECOGNIZER_SAMPLE_RATE
    start = 0
    while start < len(samples):
        rest = samples[start : start + longest * RECOGNIZER_SAMPLE_RATE]
        is_last = start + len(rest) >= len(samples)
        end = len(rest) if is_last else _quietest(rest)
        yield Part(start / RECOGNIZER_SAMPLE_RATE, total, rest[:end])
        start += end


def recognizer_samples(file: Path) -> Samples:
    """The whole of an audio file, one channel at 16 kHz."""
    import numpy

    return numpy.concatenate([part.samples for part in parts_of(file)])


def _quietest(samples: Samples) -> int:
    """The middle of the quietest half second of the last thirty seconds, in frames."""
    import numpy

    size = int(QUIET_SECONDS * RECOGNIZER_SAMPLE_RATE)
    first = max(len(samples) - SEARCH_SECONDS * RECOGNIZER_SAMPLE_RATE, 0)
    count = (len(samples) - first) // size
    pieces = samples[first : first + count * size].reshape(count, size)
    quietest = int(numpy.argmin(numpy.square(pieces, dtype=numpy.float64).mean(axis=1)))
    return first + quietest * size + size // 2
