"""A dub by the plain method: what a tool does that thinks of nothing but the words.

Tempo without a cap, padding before and after, laid over a 16 kHz mono background; no
loudness, no ducking, no cross-fade to the source. It gets the same clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from numpy.typing import NDArray

from dubstage.media.ffmpeg import read_mono
from dubstage.text.transcript import Clip

Samples = NDArray[numpy.float32]

PLAIN_RATE = 16000
SLOWEST = 1.1
"""A line is drawn out by no more than this."""


@dataclass(frozen=True)
class PlainDub:
    """Voice and the whole, 16 kHz, one channel, and how fast each line is."""

    voice: Samples
    whole: Samples
    speeds: tuple[float, ...]


def plain_dub(clips: Sequence[Clip], folder: Path, background: Path) -> PlainDub:
    """Dub `background` with `clips`, which are stored in `folder`."""
    bed = read_mono(background, f"aresample={PLAIN_RATE}")
    voice = numpy.zeros_like(bed)
    speeds = []
    for clip in clips:
        if not clip.audio_file:
            continue
        tempo = max(clip.duration / clip.target_duration, 1 / SLOWEST)
        filters = f"aresample={PLAIN_RATE},atempo={tempo:.6f}"
        samples = read_mono(folder / clip.audio_file, filters)
        padding = max(clip.target_duration - len(samples) / PLAIN_RATE, 0.0)
        first = round((clip.start + padding / 2) * PLAIN_RATE)
        samples = samples[: max(len(voice) - first, 0)]
        voice[first : first + len(samples)] += samples
        speeds.append(tempo * clip.spoken_speed)
    return PlainDub(voice, numpy.clip(bed + voice, -1.0, 1.0), tuple(speeds))
