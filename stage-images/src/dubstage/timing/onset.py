"""The onset and the offset of speech, found by its energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

FRAME_SECONDS = 0.005
BELOW_PEAK_DB = 35.0
"""A frame that far below the loudest one is silent."""
SILENCE_DBFS = -80.0
"""If even the loudest frame is below, nothing was recorded."""
NOISE_PERCENTILE = 10.0
ABOVE_NOISE_DB = 10.0
"""Speech is that far above the music and the noise that remain after separation."""
SPEECH_RANGE_DB = 20.0
"""A frame that is nearer to the loudest one is speech, even if there is hardly any silence."""
PAUSE_SECONDS = 0.2
"""A shorter silence may be the closure of a consonant within a word."""
NEXT_WORD_SECONDS = 0.05
"""An onset that close to the end of a word is that of the next word."""
BACK_SECONDS = 0.25
"""How late a recognizer may be; an earlier onset is that of another word."""
SUSTAINED_SECONDS = 0.1
SUSTAINED_SHARE = 0.7
"""Audio that lasts for this share of :data:`SUSTAINED_SECONDS` is speech, less is a click."""


def speech_bounds(samples: NDArray[numpy.float32], sample_rate: int) -> tuple[float, float]:
    """The onset and the offset in one channel of `samples`, in seconds, to 5 ms; (0.0, 0.0)
    if they are silent."""
    import numpy

    loud = numpy.flatnonzero(_loud_frames(samples, sample_rate))
    if not len(loud):
        return 0.0, 0.0
    return float(loud[0]) * FRAME_SECONDS, float(loud[-1] + 1) * FRAME_SECONDS


def spoken_spans(
    samples: NDArray[numpy.float32], sample_rate: int, pause: float, over_noise: bool = False
) -> list[tuple[float, float]]:
    """The start and the end, in seconds, of each time without a silence of `pause` seconds or
    more. `over_noise`: whether the quietest frames are noise."""
    import numpy

    loud = numpy.flatnonzero(_loud_frames(samples, sample_rate, over_noise))
    if not len(loud):
        return []
    breaks = numpy.flatnonzero(numpy.diff(loud) > round(pause / FRAME_SECONDS))
    firsts, lasts = [loud[0], *loud[breaks + 1]], [*loud[breaks], loud[-1]]
    return [
        (float(first) * FRAME_SECONDS, float(last + 1) * FRAME_SECONDS)
        for first, last in zip(firsts, lasts, strict=True)
    ]


def snap(samples: NDArray[numpy.float32], sample_rate: int, recognized: float) -> float:
    """The onset, in one channel of `samples`, of the speech that a recognizer reported at
    `recognized` (both in seconds); `recognized` itself if there is no such onset.

    If it is silent there, the onset is later: a recognizer extends a first word back over
    the silence before it. If it is not, the onset may be a little earlier, but only after a
    silence that `samples` contain: audio from their first frame on is the word before.
    """
    import numpy

    loud = _loud_frames(samples, sample_rate, over_noise=True)
    changes = numpy.diff(loud.astype(numpy.int8), prepend=loud[:1].astype(numpy.int8))
    onsets = [int(frame) for frame in numpy.flatnonzero(changes == 1) if _lasts(loud, int(frame))]
    at = int(recognized / FRAME_SECONDS)
    if at < len(loud) and _lasts(loud, at):
        back = round(BACK_SECONDS / FRAME_SECONDS)
        candidates = [frame for frame in onsets if at - back <= frame <= at]
    else:
        candidates = [frame for frame in onsets if frame > at]
    return candidates[0] * FRAME_SECONDS if candidates else recognized


def after_pause(
    samples: NDArray[numpy.float32], sample_rate: int, start: float, end: float
) -> float | None:
    """The onset after a pause within the recognized word from `start` to `end` (seconds);
    None if there is no pause.

    A recognizer starts a word where the one before ended, even if that one lasts a little
    longer and a pause follows. The audio before the pause is then not part of the word.
    """
    import numpy

    loud = _loud_frames(samples, sample_rate, over_noise=True)
    first, last = (int(at / FRAME_SECONDS) for at in (start, end - NEXT_WORD_SECONDS))
    pause = round(PAUSE_SECONDS / FRAME_SECONDS)
    changes = numpy.flatnonzero(numpy.diff(loud[first:last].astype(numpy.int8)) == 1) + first + 1
    onsets = [
        int(frame)
        for frame in changes
        if frame - pause >= first
        and not loud[frame - pause : frame].any()
        and _lasts(loud, int(frame))
    ]
    return onsets[-1] * FRAME_SECONDS if onsets else None


def _lasts(loud: NDArray[numpy.bool_], frame: int) -> bool:
    """Whether the audio goes on from `frame`, except for the closure of a consonant."""
    sustained = loud[frame : frame + round(SUSTAINED_SECONDS / FRAME_SECONDS)]
    return bool(len(sustained)) and float(sustained.mean()) >= SUSTAINED_SHARE


def _loud_frames(
    samples: NDArray[numpy.float32], sample_rate: int, over_noise: bool = False
) -> NDArray[numpy.bool_]:
    """Which frames are loud. `over_noise`: whether the quietest frames are noise."""
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
