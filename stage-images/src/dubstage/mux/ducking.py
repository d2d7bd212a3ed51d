"""Ducking: how far the background is lowered under each dubbed segment.

The background is lowered until the speech is :data:`TARGET_LU` louder, and not at all where it
is quiet enough already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, read_frames
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.measured import DubbedSpeech
from dubstage.mux.spans import Envelope, Span

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

TARGET_LU = 10.0
"""LU by which speech is louder than the background under it."""
MAX_DUCK_DB = 9.0
"""If it is lowered further, listeners notice that the background disappears."""
ATTACK = round(0.1 * SAMPLE_RATE)
RELEASE = round(0.25 * SAMPLE_RATE)
MAX_GAP = round(0.3 * SAMPLE_RATE)
"""Frames: in a shorter gap between two segments the background stays low."""
LONGEST_MEASURED = 30 * SAMPLE_RATE
"""Frames of a segment's background that are measured at most."""


@dataclass(frozen=True)
class Duck:
    """The background under one dubbed segment."""

    span: Span
    speech: float
    """Loudness of the dub in LUFS."""
    background: float
    """Loudness of the background in LUFS, before it is lowered."""

    @property
    def decibels(self) -> float:
        """By how much the background is lowered."""
        if min(self.speech, self.background) <= SILENCE:
            return 0.0
        return min(max(TARGET_LU - (self.speech - self.background), 0.0), MAX_DUCK_DB)

    @property
    def speech_to_background(self) -> float | None:
        """LU by which the dub is louder than the lowered background; None if one of them is
        silent."""
        if min(self.speech, self.background) <= SILENCE:
            return None
        return self.speech - self.background + self.decibels


def measure_ducks(
    background: Path, places: Sequence[Span], speech: Sequence[DubbedSpeech]
) -> list[Duck]:
    """How far `background` is lowered at each of `places`, at which `speech` is heard."""
    import soundfile

    ducks = []
    with soundfile.SoundFile(background) as track:
        for place, dubbed in zip(places, speech, strict=True):
            count = min(place.end - place.start, LONGEST_MEASURED)
            track.seek(min(place.start, track.frames))
            samples = read_frames(track, count, is_filled=True)
            ducks.append(Duck(place, dubbed.loudness, segment_loudness(samples)))
    return ducks


class DuckEnvelope:
    """The gain of the background, evaluated block by block, in order."""

    def __init__(self, ducks: Sequence[Duck]) -> None:
        ordered = sorted(ducks, key=lambda duck: (duck.span.start, duck.span.end))
        levels: dict[Span, float] = {}
        for duck in ordered:
            levels[duck.span] = max(levels.get(duck.span, 0.0), duck.decibels)
        for before, after in pairwise(ordered):
            if 0 < after.span.start - before.span.end <= MAX_GAP:
                gap = Span(before.span.end, after.span.start)
                levels[gap] = min(before.decibels, after.decibels)
        spans = sorted(levels)
        self._envelope = Envelope(spans, ATTACK, RELEASE, [levels[span] for span in spans])

    def block(self, start: int, count: int) -> NDArray[numpy.float32]:
        """The `count` factors from frame `start` on, shape (frames, 1)."""
        import numpy

        decibels = self._envelope.block(start, count)
        if not decibels.any():
            return numpy.ones_like(decibels)
        gains: NDArray[numpy.float32] = numpy.exp(decibels * numpy.float32(-math.log(10) / 20))
        return gains
