"""The original's speech, segment by segment: where it is audible, and how loud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples, average, read_frames
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.spans import Span
from dubstage.timing.onset import spoken_spans
from dubstage.timing.phrases import MIN_PAUSE, Spoken
from dubstage.timing.slot import TimedSegment

if TYPE_CHECKING:
    from soundfile import SoundFile

HEAD_SECONDS = 0.2
TAIL_SECONDS = 0.5
"""How far around its times a segment's audio is searched for: recognizers cut off breaths
before it and final consonants after it."""
FRAME_SECONDS = 0.01
BELOW_SEGMENT_DB = 25.0
"""Audio that far below the level of the segment no longer belongs to it."""
MAX_PAUSE_FRAMES = 6
"""A segment ends where it is quiet for that long; the closure of a `t` is shorter."""
MIN_LOUDNESS = -55.0
"""LUFS; the speech of a softer segment was most likely left in the background by the separator."""


@dataclass(frozen=True)
class OriginalSpeech:
    """The speech of one original segment."""

    span: Span
    """Where it is audible, including its edges."""
    loudness: float
    """LUFS."""
    phrases: tuple[Spoken, ...] = ()
    """The times between its pauses, in seconds from the start of the segment."""


def analyze(vocals: Path, segments: Iterable[TimedSegment]) -> list[OriginalSpeech]:
    """The speech of each of `segments` in `vocals` (48 kHz). A segment whose vocals were
    left in the background gets the median loudness of the others."""
    import soundfile

    with soundfile.SoundFile(vocals) as audio:
        speech = [_analyze(audio, segment) for segment in segments]
    audible = [item.loudness for item in speech if item.loudness > MIN_LOUDNESS]
    usual = median(audible) if audible else SILENCE
    return [
        item if item.loudness > MIN_LOUDNESS else replace(item, loudness=usual) for item in speech
    ]


def _analyze(audio: SoundFile, segment: TimedSegment) -> OriginalSpeech:
    import numpy

    start, end = round(segment.start * SAMPLE_RATE), round(segment.end * SAMPLE_RATE)
    first = max(start - round(HEAD_SECONDS * SAMPLE_RATE), 0)
    last = end + round(TAIL_SECONDS * SAMPLE_RATE)
    audio.seek(min(first, audio.frames))
    samples = read_frames(audio, max(last - first, 0), is_filled=True)
    inside = samples[start - first : end - first]
    level = float(numpy.sqrt(numpy.square(inside).mean())) if len(inside) else 0.0
    floor = level * 10 ** (-BELOW_SEGMENT_DB / 20)
    head, tail = samples[: start - first][::-1], samples[end - first :]
    span = Span(start - _audible_frames(head, floor), end + _audible_frames(tail, floor))
    spans = spoken_spans(average(inside), SAMPLE_RATE, MIN_PAUSE, over_noise=True)
    return OriginalSpeech(span, segment_loudness(inside), tuple(Spoken(*one) for one in spans))


def _audible_frames(samples: Samples, floor: float) -> int:
    """Samples until the audio is below `floor` for MAX_PAUSE_FRAMES frames of FRAME_SECONDS."""
    import numpy

    size = round(FRAME_SECONDS * SAMPLE_RATE)
    count = len(samples) // size
    if not count:
        return 0
    power = numpy.square(samples[: count * size].reshape(count, -1)).mean(axis=1)
    quiet, audible = 0, 0
    for number, value in enumerate(power):
        quiet = 0 if value > floor**2 else quiet + 1
        if quiet == MAX_PAUSE_FRAMES:
            break
        if not quiet:
            audible = number + 1
    return audible * size
