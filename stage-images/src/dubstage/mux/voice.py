"""The voice track: each clip fitted, leveled, and placed at the onset of its segment."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

from dubstage.media.ahead import run_ahead
from dubstage.media.audio import BLOCK_FRAMES, SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import decode_mono
from dubstage.mux.clean_voice import clean
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.measured import BOTH_CHANNELS_LU
from dubstage.timing.fade import fade
from dubstage.timing.fit import Fit
from dubstage.timing.onset import speech_bounds
from dubstage.timing.phrases import Pause

TRIM_FADE_SECONDS = 0.05
"""Fade at the end of a trimmed clip."""
EDGE_FADE_SECONDS = 0.002
"""Fade at both ends of every clip, against clicks."""
MAX_GAIN_DB = 20.0
"""A larger difference in level means that one of the two is not speech."""
PAUSE_FADE_SECONDS = 0.01
"""Fades around a pause that is inserted; the voice is silent there."""
BATCH_CLIPS, BATCH_SECONDS = 24, 90.0
"""The most clips and seconds of speech of a batch; a longer clip has one of its own. A few batches
are on the scratch volume, and one clip in memory."""


@dataclass(frozen=True)
class FittedClip:
    """A clip to render."""

    file: Path
    fit: Fit
    loudness: float
    """LUFS that the clip gets."""


def render(clips: Sequence[FittedClip], scratch: Path) -> Iterator[Samples]:
    """The clips as they are planned, in order, with their loudness: one channel, which both
    channels play, shape (frames,).

    Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    import numpy

    with tempfile.TemporaryDirectory(dir=scratch) as folder:

        def decode(batch: list[FittedClip]) -> list[Path]:
            sources = [(clip.file, _filters(clip.fit)) for clip in batch]
            return decode_mono(sources, Path(tempfile.mkdtemp(dir=folder)))

        decoded = run_ahead(decode, _batches(clips))
        for clip, file in zip(clips, chain.from_iterable(decoded), strict=True):
            samples = numpy.fromfile(file, numpy.float32)
            file.unlink()
            yield _fitted(samples, clip)


def _batches(clips: Sequence[FittedClip]) -> Iterator[list[FittedClip]]:
    """The clips in groups that fit into memory."""
    batch: list[FittedClip] = []
    seconds = 0.0
    for clip in clips:
        seconds += clip.fit.length
        if batch and (len(batch) == BATCH_CLIPS or seconds > BATCH_SECONDS):
            yield batch
            batch, seconds = [], clip.fit.length
        batch.append(clip)
    if batch:
        yield batch


def _filters(fit: Fit) -> str:
    """Rubberband changes the tempo and keeps the pitch. At the rate of the clip: the work is less,
    and above it there is nothing to stretch."""
    stretch = "" if fit.stretch == 1.0 else f"rubberband=tempo={fit.stretch:.6f},"
    return f"{stretch}aresample={SAMPLE_RATE}"


def _fitted(samples: Samples, clip: FittedClip) -> Samples:
    """The speech of a decoded clip with its pauses, ended where its slot ends, and leveled."""
    fit = clip.fit
    start, end = speech_bounds(samples, SAMPLE_RATE)
    first = int(start * SAMPLE_RATE)
    longest = int(min(fit.slot.length, fit.length + TRIM_FADE_SECONDS) * SAMPLE_RATE)
    samples = with_pauses(samples[first : max(int(end * SAMPLE_RATE), first)], fit.pauses)
    is_trimmed = len(samples) > longest or fit.overflow
    fade_out = TRIM_FADE_SECONDS if is_trimmed else EDGE_FADE_SECONDS
    samples = fade(samples[:longest], SAMPLE_RATE, EDGE_FADE_SECONDS, fade_out)
    return _leveled(clean(samples), clip.loudness)


def with_pauses(samples: Samples, pauses: Sequence[Pause]) -> Samples:
    """`samples` with `pauses` inserted, which are in order."""
    import numpy

    parts: list[Samples] = []
    edges = [0, *(round(pause.at * SAMPLE_RATE) for pause in pauses), len(samples)]
    for number, (first, last) in enumerate(pairwise(edges)):
        fade_in = PAUSE_FADE_SECONDS if number else 0.0
        fade_out = PAUSE_FADE_SECONDS if number < len(pauses) else 0.0
        parts.append(fade(samples[first:last], SAMPLE_RATE, fade_in, fade_out))
        if number < len(pauses):
            frames = round(pauses[number].seconds * SAMPLE_RATE)
            parts.append(numpy.zeros(frames, numpy.float32))
    return numpy.concatenate(parts)


def _leveled(samples: Samples, target: float) -> Samples:
    loudness = segment_loudness(samples)
    if target <= SILENCE or loudness <= SILENCE:
        return samples
    gain = target - loudness - BOTH_CHANNELS_LU
    return samples * float(10 ** (min(max(gain, -MAX_GAIN_DB), MAX_GAIN_DB) / 20))


@dataclass(frozen=True)
class PlacedClip:
    """A clip with its place on the voice track."""

    start: int
    """Frame of its first sample."""
    samples: Samples
    """Shape (frames,)."""


def write_voice_track(
    clips: Iterable[PlacedClip], frames: int, target: Path, progress: Callable[[float], None]
) -> None:
    """Write `frames` frames of one channel to `target`, a WAVE64 file of 32-bit floats.

    `clips` come in the order of their start, each before the end, and are taken when they
    are reached: only those that play at one moment are in memory. Overlapping clips are
    added.
    """
    import numpy
    import soundfile

    pending = iter(clips)
    following = next(pending, None)
    playing: list[PlacedClip] = []
    with soundfile.SoundFile(
        target, "w", samplerate=SAMPLE_RATE, channels=1, subtype="FLOAT", format="W64"
    ) as output:
        for start in range(0, frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, frames - start)
            block = numpy.zeros(count, numpy.float32)
            while following and following.start < start + count:
                playing.append(following)
                following = next(pending, None)
            for clip in playing:
                _add(block, start, clip)
            playing = [clip for clip in playing if clip.start + len(clip.samples) > start + count]
            output.write(block)
            progress((start + count) / frames)


def _add(block: Samples, start: int, clip: PlacedClip) -> None:
    """Add the part of `clip` that falls into the block that starts at frame `start`."""
    first = max(clip.start, start)
    last = min(clip.start + len(clip.samples), start + len(block))
    if first < last:
        block[first - start : last - start] += clip.samples[first - clip.start : last - clip.start]
