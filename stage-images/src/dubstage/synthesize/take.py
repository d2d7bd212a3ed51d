"""Takes of one segment: silence at the ends is removed, and a failed take is repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dubstage.media.audio import MAX_CLIPPED_SHARE, Samples, clipped_share
from dubstage.text.transcript import ClipFlag
from dubstage.timing.onset import speech_bounds

ATTEMPTS = 3
"""Takes of one segment at most."""
SHORTEST_SECONDS = 0.05
"""Shorter audio is not speech."""
LONG_FACTOR, LONG_SECONDS = 2.5, 2.0
"""A take longer than 2.5 times the expected duration plus 2 s repeats itself or has failed.
The seconds are for short texts and numbers, whose duration is hard to predict."""
SHORT_FACTOR = 0.4
"""A take shorter than 0.4 times the expected duration lacks words."""
LEAST_RATE = 4000
"""Hz: audio of a lower rate holds no speech."""
LEAST_OFFSET = 0.01
"""A mean of the samples that is farther from zero is not that of speech: it hides the silence at
the ends, and clicks."""


@dataclass(frozen=True)
class Take:
    """The audio of one attempt."""

    samples: Samples
    """Shape (frames,): one channel."""
    sample_rate: int
    speed: float
    """Speed that was requested of the engine, relative to its natural pace."""
    flag: ClipFlag | None
    """What is wrong with it; None for a good take."""
    number: int = 1
    """Number of takes up to this one."""
    error_rate: float | None = None
    """Share of wrong letters, as a recognizer hears it; None if nobody listened."""
    similarity: float | None = None
    """How much it sounds like the recording of its voice, at most 1; None if that is not known."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def natural(self) -> float:
        """Seconds at the engine's natural pace."""
        return self.duration * self.speed


def record(
    speak: Callable[[float, Path], None],
    speed: float,
    expected: float,
    file: Path,
    attempts: int = ATTEMPTS,
) -> Take:
    """The first good take of at most `attempts`; without one, the take that is nearest to
    the `expected` seconds at the engine's natural pace.

    `speak(speed, file)` makes the engine write a take.
    """
    takes = []
    for number in range(1, attempts + 1):
        speak(speed, file)
        take = replace(_examine(file, speed, expected), number=number)
        file.unlink(missing_ok=True)
        if take.flag is None:
            return take
        takes.append(take)
    audible = [take for take in takes if take.flag is not ClipFlag.NO_SOUND]
    return min(audible or takes, key=lambda take: abs(take.natural - expected))


def same_audio(one: Take, other: Take) -> bool:
    """Whether an engine spoke exactly the same."""
    import numpy

    return numpy.array_equal(one.samples, other.samples)


def _examine(file: Path, speed: float, expected: float) -> Take:
    import numpy
    import soundfile

    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError):
        # An engine that has nothing to say writes no file, or an empty one.
        return _no_sound(speed)
    mono = samples.mean(axis=1)
    # A model that overflows writes NaN, in which no speech can be found.
    if rate < LEAST_RATE or not numpy.isfinite(mono).all():
        return _no_sound(speed)
    if len(mono) and abs(mean := float(mono.mean())) > LEAST_OFFSET:
        mono -= mean
    onset, offset = speech_bounds(mono, rate)
    mono = mono[int(onset * rate) : int(offset * rate)]
    return Take(mono, rate, speed, _fault(mono, rate, speed, expected))


def _no_sound(speed: float) -> Take:
    import numpy

    return Take(numpy.zeros(0, numpy.float32), 1, speed, ClipFlag.NO_SOUND)


def _fault(samples: Samples, rate: int, speed: float, expected: float) -> ClipFlag | None:
    seconds = len(samples) / rate
    if seconds < SHORTEST_SECONDS:
        return ClipFlag.NO_SOUND
    if seconds * speed > expected * LONG_FACTOR + LONG_SECONDS:
        return ClipFlag.TOO_LONG
    if seconds * speed < expected * SHORT_FACTOR:
        return ClipFlag.TOO_SHORT
    if clipped_share(samples) > MAX_CLIPPED_SHARE:
        return ClipFlag.CLIPPED
    return None
