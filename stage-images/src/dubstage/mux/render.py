"""One line's clip as it will be heard: stretched, trimmed, levelled, at 48 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import read_mono
from dubstage.mux.loudness import SILENCE, loudness
from dubstage.timing.fade import faded
from dubstage.timing.fit import Fit
from dubstage.timing.onset import speech_bounds

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

FADE_SECONDS = 0.05
"""A trimmed line fades out over this time."""
EDGE_SECONDS = 0.002
"""Every line fades in and out over this time: no clicks."""
BOTH_CHANNELS = 3.01
"""LU by which one channel, heard from both sides, is louder."""
MAX_GAIN_DB = 20.0
"""Levels further apart mean that one of them is no speech."""


@dataclass(frozen=True)
class Rendered:
    """A clip ready to be laid on the voice track."""

    samples: Samples
    """Shape (frames,): one channel, heard from both sides."""
    onset: float
    """Seconds from the first sample to the first sound."""
    loudness: float
    """LUFS, as it is heard."""


def render(file: Path, fit: Fit, level: float) -> Rendered:
    """Render the recording `file` as `fit` says, as loud as `level` (LUFS).

    Rubberband changes tempo without pitch. Raises
    :class:`dubstage.media.ffmpeg.MediaError` where ffmpeg cannot.
    """
    filters = [f"aresample={SAMPLE_RATE}"]
    if fit.stretch != 1.0:
        filters.append(f"rubberband=tempo={fit.stretch:.6f}")
    samples = read_mono(file, ",".join(filters))
    begin, end = speech_bounds(samples, SAMPLE_RATE)
    first = int(begin * SAMPLE_RATE)
    longest = int(min(fit.slot.length, fit.length + FADE_SECONDS) * SAMPLE_RATE)
    samples = samples[first : max(int(end * SAMPLE_RATE), first)]
    cut = len(samples) > longest
    out = FADE_SECONDS if cut or fit.overflow else EDGE_SECONDS
    samples = faded(samples[:longest], SAMPLE_RATE, EDGE_SECONDS, out)
    onset, _ = speech_bounds(samples, SAMPLE_RATE)
    return _levelled(samples, onset, level)


def _levelled(samples: Samples, onset: float, level: float) -> Rendered:
    found = loudness(samples) + BOTH_CHANNELS
    gain = 0.0
    if level > SILENCE and found > SILENCE + BOTH_CHANNELS:
        gain = min(max(level - found, -MAX_GAIN_DB), MAX_GAIN_DB)
    samples *= 10 ** (gain / 20)
    return Rendered(samples, onset, found + gain)
