"""Programme, background and voice into one sound, a second at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import BLOCK_FRAMES, SAMPLE_RATE
from dubstage.mux.spans import Envelope, Span, merged

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

CROSS_FADE = round(0.05 * SAMPLE_RATE)
"""Frames in which the programme gives way to its background, and back."""
JOINED = round(0.3 * SAMPLE_RATE)
"""Between stretches of speech closer than this the background stays: no flutter."""
DUCK_DB = 4.0
"""The background steps back by so much under dubbed speech."""
DUCK_ATTACK = round(0.1 * SAMPLE_RATE)
DUCK_RELEASE = round(0.25 * SAMPLE_RATE)


@dataclass(frozen=True)
class Tracks:
    """What a dub is mixed from, and where speech is."""

    programme: Path
    """The source's sound as it is: it plays where nobody speaks."""
    background: Path
    """The same without speech."""
    voice: Path
    """The dubbed lines, one channel."""
    frames: int
    original: Sequence[Span]
    """Where the original speaks."""
    dubbed: Sequence[Span]
    """Where the dub speaks."""

    @property
    def speech(self) -> list[Span]:
        """Where either does."""
        return merged([*self.original, *self.dubbed], JOINED)


@dataclass(frozen=True)
class Block:
    """A part of the mix; the parts are added."""

    bed: Samples
    """Shape (frames, 2): programme and background."""
    voice: Samples
    """Shape (frames, 1): heard from both sides."""

    @property
    def mixed(self) -> Samples:
        """Shape (frames, 2). Not limited: it may pass full scale."""
        return self.bed + self.voice


def blocks(tracks: Tracks) -> Generator[Block, None, None]:
    """The mix from its first frame to its last; where a track is shorter, silence."""
    import soundfile

    speech = Envelope(tracks.speech, CROSS_FADE, CROSS_FADE)
    under = Envelope(merged(tracks.dubbed, JOINED), DUCK_ATTACK, DUCK_RELEASE)
    with (
        soundfile.SoundFile(tracks.programme) as programme,
        soundfile.SoundFile(tracks.background) as background,
        soundfile.SoundFile(tracks.voice) as voice,
    ):
        for begin in range(0, tracks.frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, tracks.frames - begin)
            spoken = speech.block(begin, count)
            ducked = 10 ** (-DUCK_DB / 20 * under.block(begin, count))
            bed = _read(programme, count) * (1 - spoken)
            bed += _read(background, count) * spoken * ducked
            yield Block(bed, _read(voice, count))


def _read(file: object, count: int) -> Samples:
    block: Samples = file.read(  # type: ignore[attr-defined]
        count, dtype="float32", always_2d=True, fill_value=0.0
    )
    return block
