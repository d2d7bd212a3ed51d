"""The original's speech, line by line: where it is heard, and how loud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.loudness import SILENCE, loudness
from dubstage.mux.spans import Span
from dubstage.timing.slot import Line

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

HEAD_SECONDS = 0.2
TAIL_SECONDS = 0.5
"""How far around its times a line's own sound is looked for: recognisers cut off
breaths before and final consonants after."""
FRAME_SECONDS = 0.01
BELOW_LINE_DB = 25.0
"""Sound so far below the line's own level no longer belongs to it."""
PATIENCE_FRAMES = 6
"""A line's sound has ended where it is quiet for so long: the stop of a `t` is shorter."""
UNHEARD = -55.0
"""LUFS: a softer line was not separated from the background."""


@dataclass(frozen=True)
class OriginalLine:
    """One original line."""

    span: Span
    """Where it is heard, edges included."""
    loudness: float
    """LUFS of its speech."""


def listen(vocals: Path, lines: Iterable[Line]) -> list[OriginalLine]:
    """Each line as it is in the separated speech `vocals` (48 kHz). A line that was
    separated away counts as loud as the others."""
    import soundfile

    with soundfile.SoundFile(vocals) as sound:
        found = [_listen(sound, line) for line in lines]
    heard = [line.loudness for line in found if line.loudness > UNHEARD]
    usual = median(heard) if heard else SILENCE
    return [
        OriginalLine(line.span, line.loudness if line.loudness > UNHEARD else usual)
        for line in found
    ]


def _listen(sound: object, line: Line) -> OriginalLine:
    import numpy

    start, end = round(line.start * SAMPLE_RATE), round(line.end * SAMPLE_RATE)
    first = max(start - round(HEAD_SECONDS * SAMPLE_RATE), 0)
    last = end + round(TAIL_SECONDS * SAMPLE_RATE)
    sound.seek(min(first, sound.frames))  # type: ignore[attr-defined]
    samples = sound.read(  # type: ignore[attr-defined]
        max(last - first, 0), dtype="float32", always_2d=True, fill_value=0.0
    )
    inside = samples[start - first : end - first]
    level = float(numpy.sqrt(numpy.square(inside).mean())) if len(inside) else 0.0
    floor = level * 10 ** (-BELOW_LINE_DB / 20)
    head, tail = samples[: start - first][::-1], samples[end - first :]
    span = Span(start - _run(head, floor), end + _run(tail, floor))
    return OriginalLine(span, loudness(inside))


def _run(samples: NDArray[numpy.float32], floor: float) -> int:
    """Frames from the first sample on in which sound goes on above `floor`."""
    import numpy

    size = round(FRAME_SECONDS * SAMPLE_RATE)
    count = len(samples) // size
    if not count:
        return 0
    power = numpy.square(samples[: count * size].reshape(count, -1)).mean(axis=1)
    quiet, sounding = 0, 0
    for number, value in enumerate(power):
        quiet = 0 if value > floor**2 else quiet + 1
        if quiet == PATIENCE_FRAMES:
            break
        if not quiet:
            sounding = number + 1
    return sounding * size
