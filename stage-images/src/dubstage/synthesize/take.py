"""One line spoken: silence at its ends removed, looked over, and spoken again where it did
not come out well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dubstage.media.audio import MAX_CLIPPED_SHARE, Samples, clipped_share
from dubstage.text.transcript import ClipFlag
from dubstage.timing.onset import speech_bounds

ATTEMPTS = 3
"""Takes of one line, all in all."""
SHORTEST_SECONDS = 0.05
"""Less than this is no speech."""
LONG_FACTOR, LONG_SECONDS = 2.5, 2.0
"""A line that takes longer than 2.5 times what was expected, and 2 s more, was repeated or
went astray. The seconds are for short lines and for numbers, whose characters say little."""


@dataclass(frozen=True)
class Take:
    """A line as it was spoken."""

    samples: Samples
    """Shape (frames,): one channel."""
    sample_rate: int
    speed: float
    """How much faster than its own pace the engine was asked to speak."""
    flag: ClipFlag | None
    """What is wrong with it, None where nothing is."""
    number: int = 1
    """How many takes it took, this one included."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def natural(self) -> float:
        """Seconds at the engine's own pace."""
        return self.duration * self.speed


def record(
    speak: Callable[[float, Path], None],
    speed: float,
    expected: float,
    file: Path,
    attempts: int = ATTEMPTS,
) -> Take:
    """The first take with nothing wrong, of at most `attempts`; else the one that comes
    nearest to the `expected` seconds at the engine's own pace.

    `speak(speed, file)` lets the engine speak the line into a file.
    """
    takes = []
    for number in range(1, attempts + 1):
        speak(speed, file)
        take = replace(_look_over(file, speed, expected), number=number)
        file.unlink(missing_ok=True)
        if take.flag is None:
            return take
        takes.append(take)
    spoken = [take for take in takes if take.flag is not ClipFlag.NO_SOUND]
    return min(spoken or takes, key=lambda take: abs(take.natural - expected))


def _look_over(file: Path, speed: float, expected: float) -> Take:
    import numpy
    import soundfile

    if not file.exists():
        return Take(numpy.zeros(0, numpy.float32), 1, speed, ClipFlag.NO_SOUND)
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    begin, end = speech_bounds(mono, rate)
    mono = mono[int(begin * rate) : int(end * rate)]
    return Take(mono, rate, speed, _trouble(mono, rate, speed, expected))


def _trouble(samples: Samples, rate: int, speed: float, expected: float) -> ClipFlag | None:
    seconds = len(samples) / rate
    if seconds < SHORTEST_SECONDS:
        return ClipFlag.NO_SOUND
    if seconds * speed > expected * LONG_FACTOR + LONG_SECONDS:
        return ClipFlag.TOO_LONG
    if clipped_share(samples) > MAX_CLIPPED_SHARE:
        return ClipFlag.CLIPPED
    return None
