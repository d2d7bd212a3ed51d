"""Where speech starts and ends in samples, by its energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FRAME_SECONDS = 0.005
BELOW_PEAK_DB = 35.0
"""Sound this far below the loudest frame counts as silence."""
SILENCE_DBFS = -80.0
"""Where even the loudest frame is below, nothing was recorded."""
NOISE_PERCENTILE = 10.0
ABOVE_NOISE_DB = 10.0
"""Speech is this far above what is left of music and noise after separation."""
SPEECH_RANGE_DB = 20.0
"""What is no further below the loudest frame is speech, however little silence there is."""
PAUSE_SECONDS = 0.2
"""A shorter silence may be the closure of a consonant, inside a word."""
LAST_SECONDS = 0.05
"""What sets in so shortly before a word's end is the next word."""
BACK_SECONDS = 0.25
"""How late a recogniser may be; what is earlier than that is another word."""
SUSTAINED_SECONDS = 0.1
SUSTAINED_SHARE = 0.7
"""Sound for this share of :data:`SUSTAINED_SECONDS` is speech, less is a click."""


def speech_bounds(samples: NDArray[numpy.float32], sample_rate: int) -> tuple[float, float]:
    """Seconds at which sound starts and ends in one channel of `samples`, to 5 ms.
    (0.0, 0.0) where all is silence."""
    import numpy

    loud = numpy.flatnonzero(_loud_frames(samples, sample_rate))
    if not len(loud):
        return 0.0, 0.0
    return float(loud[0]) * FRAME_SECONDS, float(loud[-1] + 1) * FRAME_SECONDS


def snap(samples: NDArray[numpy.float32], sample_rate: int, told: float) -> float:
    """The second in one channel of `samples` at which the speech sets in that a
    recogniser heard at `told` seconds; `told` where there is no such onset.

    Where it is silent at `told`, speech begins later: a recogniser stretches a first word
    back over the silence before it. Where there is sound already, speech may have begun
    a little earlier, but only behind a silence that `samples` holds: what is loud from
    their first frame on is the word before.
    """
    import numpy

    loud = _loud_frames(samples, sample_rate, over_noise=True)
    changes = numpy.diff(loud.astype(numpy.int8), prepend=loud[:1].astype(numpy.int8))
    onsets = [int(frame) for frame in numpy.flatnonzero(changes == 1) if _lasts(loud, int(frame))]
    at = int(told / FRAME_SECONDS)
    if at < len(loud) and _lasts(loud, at):
        back = round(BACK_SECONDS / FRAME_SECONDS)
        behind = [frame for frame in onsets if at - back <= frame <= at]
        found = behind[0] if behind else None
    else:
        ahead = [frame for frame in onsets if frame > at]
        found = ahead[0] if ahead else None
    return told if found is None else found * FRAME_SECONDS


def after_pause(
    samples: NDArray[numpy.float32], sample_rate: int, told: float, end: float
) -> float | None:
    """The second at which the word from `told` to `end` sets in again behind a pause;
    None where it holds none.

    A recogniser lets a word begin where the one before ended, also when that one sounds
    a little longer and a pause follows: what is heard before the pause is not the word.
    """
    import numpy

    loud = _loud_frames(samples, sample_rate, over_noise=True)
    first, last = (int(at / FRAME_SECONDS) for at in (told, end - LAST_SECONDS))
    pause = round(PAUSE_SECONDS / FRAME_SECONDS)
    changes = numpy.flatnonzero(numpy.diff(loud[first:last].astype(numpy.int8)) == 1) + first + 1
    found = [
        int(frame)
        for frame in changes
        if frame - pause >= first
        and not loud[frame - pause : frame].any()
        and _lasts(loud, int(frame))
    ]
    return found[-1] * FRAME_SECONDS if found else None


def _lasts(loud: NDArray[numpy.bool_], frame: int) -> bool:
    """True where sound goes on from `frame`, but for the closure of a consonant."""
    sustained = loud[frame : frame + round(SUSTAINED_SECONDS / FRAME_SECONDS)]
    return bool(len(sustained)) and float(sustained.mean()) >= SUSTAINED_SHARE


def _loud_frames(
    samples: NDArray[numpy.float32], sample_rate: int, over_noise: bool = False
) -> NDArray[numpy.bool_]:
    """Which frames are loud. `over_noise`: the quietest frames are noise, not speech."""
    import numpy

    size = round(FRAME_SECONDS * sample_rate)
    count = len(samples) // size
    if not count:
        return numpy.zeros(0, bool)
    power = numpy.square(samples[: count * size].reshape(count, size), dtype=numpy.float64)
    level = 10 * numpy.log10(power.mean(axis=1) + 1e-12)
    peak = float(level.max())
    if peak < SILENCE_DBFS:
        return numpy.zeros(count, bool)
    threshold = peak - BELOW_PEAK_DB
    if over_noise:
        noise = float(numpy.percentile(level, NOISE_PERCENTILE))
        threshold = min(max(threshold, noise + ABOVE_NOISE_DB), peak - SPEECH_RANGE_DB)
    loud: NDArray[numpy.bool_] = level > threshold
    return loud
