"""A dub by the plain method, which only places the words.

Tempo without a limit, padding before and after, added to a 16 kHz mono background; no
loudness, no ducking, no cross-fade to the source. It gets the same clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy

from dubstage.media.audio import Samples
from dubstage.media.ffmpeg import read_mono
from dubstage.text.transcript import Clip

PLAIN_RATE = 16000
MAX_SLOWDOWN = 1.1
"""A clip is slowed down by this factor at most."""


@dataclass(frozen=True)
class PlainDub:
    """The voice and the mix, 16 kHz, one channel, and the speed of each segment."""

    voice: Samples
    whole: Samples
    speeds: tuple[float, ...]


def plain_dub(clips: Sequence[Clip], folder: Path, background: Path) -> PlainDub:
    """Dub `background` with `clips`, which are stored in `folder`."""
    (mono_background,) = read_mono([(background, f"aresample={PLAIN_RATE}")], folder)
    voice = numpy.zeros_like(mono_background)
    speeds = []
    for clip in clips:
        if not clip.audio_file:
            continue
        tempo = max(clip.duration / clip.target_duration, 1 / MAX_SLOWDOWN)
        filters = f"aresample={PLAIN_RATE},atempo={tempo:.6f}"
        (samples,) = read_mono([(folder / clip.audio_file, filters)], folder)
        padding = max(clip.target_duration - len(samples) / PLAIN_RATE, 0.0)
        first = round((clip.start + padding / 2) * PLAIN_RATE)
        samples = samples[: max(len(voice) - first, 0)]
        voice[first : first + len(samples)] += samples
        speeds.append(tempo * clip.spoken_speed)
    return PlainDub(voice, numpy.clip(mono_background + voice, -1.0, 1.0), tuple(speeds))
