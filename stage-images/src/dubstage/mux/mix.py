"""Background and lines into one sound file, a second at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

BLOCK_FRAMES = SAMPLE_RATE
CEILING = 0.999
"""Samples are held below full scale."""


@dataclass(frozen=True)
class Placed:
    """One line on the programme's time line."""

    start: int
    """Frame of its first sample."""
    samples: Samples
    """Shape (frames,)."""


def mix(
    background: Path,
    lines: Iterator[Placed],
    frames: int,
    target: Path,
    progress: Callable[[float], None],
) -> int:
    """Write `frames` frames of background plus lines to `target`; the number of
    samples that had to be held below full scale.

    `lines` come in the order of their start, and are taken when they are reached:
    only those that are heard at one moment are in memory. The background is not
    changed; where it is shorter, silence follows.
    """
    import numpy
    import soundfile

    held = 0
    playing: list[Placed] = []
    following = next(lines, None)
    with (
        soundfile.SoundFile(background) as bed,
        soundfile.SoundFile(
            target, "w", samplerate=SAMPLE_RATE, channels=2, subtype="PCM_16", format="WAV"
        ) as out,
    ):
        for begin in range(0, frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, frames - begin)
            block = bed.read(count, dtype="float32", always_2d=True, fill_value=0.0)
            block = block if block.shape[1] == 2 else numpy.repeat(block[:, :1], 2, axis=1)
            while following and following.start < begin + count:
                playing.append(following)
                following = next(lines, None)
            for line in playing:
                _add(block, begin, line)
            playing = [line for line in playing if line.start + len(line.samples) > begin + count]
            held += int((numpy.abs(block) > CEILING).sum())
            out.write(numpy.clip(block, -CEILING, CEILING))
            progress((begin + count) / frames)
    return held


def _add(block: Samples, begin: int, line: Placed) -> None:
    """Add the part of `line` that falls into the block starting at frame `begin`."""
    first = max(line.start, begin)
    last = min(line.start + len(line.samples), begin + len(block))
    if first < last:
        part = line.samples[first - line.start : last - line.start]
        block[first - begin : last - begin] += part[:, None]
