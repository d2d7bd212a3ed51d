"""The voice track: every line where the original line starts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dubstage.media.audio import BLOCK_FRAMES, SAMPLE_RATE

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

WORKERS = 2
"""Lines that are rendered at once: as many processors as the stage is given."""


@dataclass(frozen=True)
class Placed:
    """One line on the programme's time line."""

    start: int
    """Frame of its first sample."""
    samples: Samples
    """Shape (frames,)."""


def lay(
    lines: Iterable[Placed], frames: int, target: Path, progress: Callable[[float], None]
) -> None:
    """Write `frames` frames of one channel to `target`, a WAVE64 file of 32-bit floats.

    `lines` come in the order of their start, each before the end, and are taken when they
    are reached: only those that are heard at one moment are in memory. Lines that overlap
    add up.
    """
    import numpy
    import soundfile

    coming = iter(lines)
    following = next(coming, None)
    playing: list[Placed] = []
    with soundfile.SoundFile(
        target, "w", samplerate=SAMPLE_RATE, channels=1, subtype="FLOAT", format="W64"
    ) as out:
        for begin in range(0, frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, frames - begin)
            block = numpy.zeros(count, numpy.float32)
            while following and following.start < begin + count:
                playing.append(following)
                following = next(coming, None)
            for line in playing:
                _add(block, begin, line)
            playing = [line for line in playing if line.start + len(line.samples) > begin + count]
            out.write(block)
            progress((begin + count) / frames)


def _add(block: Samples, begin: int, line: Placed) -> None:
    """Add the part of `line` that falls into the block starting at frame `begin`."""
    first = max(line.start, begin)
    last = min(line.start + len(line.samples), begin + len(block))
    if first < last:
        block[first - begin : last - begin] += line.samples[first - line.start : last - line.start]


Task = TypeVar("Task")
Result = TypeVar("Result")


def ahead(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """The results of `work` in the order of `tasks`, a few of them worked on ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
