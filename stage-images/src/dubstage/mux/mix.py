"""The mix of source, background and voice, one second at a time, and its stems."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import (
    BLOCK_FRAMES,
    SAMPLE_RATE,
    Samples,
    read_frames,
    to_bytes,
    to_integers,
)
from dubstage.media.wav import format_for
from dubstage.mux.ducking import RELEASE, Duck, DuckEnvelope
from dubstage.mux.room import Reverberation, Room
from dubstage.mux.spans import Envelope, Span, merge

if TYPE_CHECKING:
    from soundfile import SoundFile

CROSS_FADE = round(0.05 * SAMPLE_RATE)
"""Frames in which the source's audio gives way to the background, and back."""
MAX_JOINED_GAP = round(0.3 * SAMPLE_RATE)
"""Frames: in a shorter gap between two spans of speech the background continues, because
switching back and forth would be audible."""
MIN_MEASURED_FRAMES = SAMPLE_RATE // 10
"""Less audio than this outside speech is not representative."""


@dataclass(frozen=True)
class Tracks:
    """What a dub is mixed from."""

    source_audio: Path
    """The source's audio unchanged, which plays where nobody speaks."""
    background: Path
    """The same without speech."""
    voice: Path
    """The dubbed voice, one channel."""
    frames: int
    """Length of the mix."""
    original_speech: Sequence[Span]
    """Where the original speaks."""
    dubbed_speech: Sequence[Span]
    """Where the dub speaks."""
    ducks: Sequence[Duck] = ()
    """How far the background is lowered there."""
    room: Room | None = None
    """The room that is added to the voice."""

    @property
    def speech(self) -> list[Span]:
        """Where either of them speaks."""
        return merge([*self.original_speech, *self.dubbed_speech], MAX_JOINED_GAP)


@dataclass(frozen=True)
class Block:
    """One second of the mix, as two stems whose sum it is."""

    background: Samples
    """Shape (frames, 2): the source's audio outside speech, the background during it."""
    voice: Samples
    """Shape (frames, 1), for both channels."""

    @cached_property
    def mixed(self) -> Samples:
        """Shape (frames, 2). It is not limited and may exceed full scale."""
        return self.background + self.voice

    def louder(self, factor: Samples | float) -> Block:
        """The block with a gain: a number, or one for each frame, shape (frames, 1)."""
        return Block(self.background * factor, self.voice * factor)


def mix_blocks(tracks: Tracks) -> Generator[Block, None, None]:
    """The mix from its first frame to its last. A track that ends early is followed by
    silence."""
    import soundfile

    speech = Envelope(tracks.speech, CROSS_FADE, CROSS_FADE)
    ducking = DuckEnvelope(tracks.ducks)
    reverberation = Reverberation(tracks.room) if tracks.room else None
    with (
        soundfile.SoundFile(tracks.source_audio) as source_audio,
        soundfile.SoundFile(tracks.background) as background,
        soundfile.SoundFile(tracks.voice) as voice,
    ):
        for start in range(0, tracks.frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, tracks.frames - start)
            speaking = speech.block(start, count)
            mixed = read_frames(source_audio, count, is_filled=True) * (1 - speaking)
            mixed += (
                read_frames(background, count, is_filled=True)
                * speaking
                * ducking.block(start, count)
            )
            spoken = read_frames(voice, count, is_filled=True)
            yield Block(mixed, reverberation.block(spoken) if reverberation else spoken)


def mix_bytes(
    blocks: Iterator[Block], frames: int, progress: Callable[[float], None]
) -> Iterator[bytes]:
    """The samples of a mix of `frames` frames, as ffmpeg reads them."""
    for block in with_progress(blocks, frames, progress):
        yield to_bytes(block.mixed)


def with_progress(
    blocks: Iterator[Block], frames: int, progress: Callable[[float], None]
) -> Iterator[Block]:
    """The blocks of a mix of `frames` frames; `progress` gets the share of those that are used."""
    done = 0
    for block in blocks:
        yield block
        done += len(block.background)
        progress(done / frames)


def write_dub(blocks: Iterator[Block], frames: int, dub: Path) -> Generator[Block, None, None]:
    """Yield the blocks of a mix of `frames` frames, and write each to `dub`: 48 kHz, stereo,
    16 bit."""
    with _writer(dub, frames) as file:
        for block in blocks:
            file.write(to_integers(block.mixed))
            yield block


def write_stems(
    blocks: Iterator[Block], frames: int, voice: Path, background: Path
) -> Generator[Block, None, None]:
    """Yield the blocks of a mix of `frames` frames, and write each to the two stems, as
    :func:`write_dub` does."""
    import numpy

    with _writer(voice, frames) as voice_file, _writer(background, frames) as background_file:
        for block in blocks:
            voice_file.write(numpy.repeat(to_integers(block.voice), 2, axis=1))
            background_file.write(to_integers(block.background))
            yield block


def _writer(file: Path, frames: int) -> SoundFile:
    """A file of `frames` frames, 48 kHz, stereo, 16 bit."""
    import soundfile

    return soundfile.SoundFile(
        file,
        "w",
        samplerate=SAMPLE_RATE,
        channels=2,
        subtype="PCM_16",
        format=format_for(frames, 2),
    )


def background_change(tracks: Tracks, dub: Path, gain_db: float) -> float | None:
    """Decibels by which `dub` is louder than the source outside speech, without the gain of
    the whole mix. None if there is too little audio outside speech, or silence."""
    import soundfile

    margin = CROSS_FADE + RELEASE
    near_speech = Envelope(tracks.speech, margin, margin)
    energy_before = energy_after = 0.0
    start = frames = 0
    with soundfile.SoundFile(tracks.source_audio) as source, soundfile.SoundFile(dub) as dubbed:
        while True:
            before = read_frames(source, BLOCK_FRAMES)
            after = read_frames(dubbed, len(before))
            if not len(after):
                break
            outside = near_speech.block(start, len(after))[:, 0] == 0.0
            energy_before += float((before[: len(after)][outside] ** 2).sum())
            energy_after += float((after[outside] ** 2).sum())
            frames += int(outside.sum())
            start += len(after)
    if frames < MIN_MEASURED_FRAMES or energy_before <= 0 or energy_after <= 0:
        return None
    return 10 * math.log10(energy_after / energy_before) - gain_db
