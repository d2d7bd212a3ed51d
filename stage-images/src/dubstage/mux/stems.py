"""Voice and background as files of their own, which add up to the dub."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import FULL_SCALE, SAMPLE_RATE
from dubstage.media.wav import format_for
from dubstage.mux.mix import Block

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]


def with_stems(
    mix: Iterator[Block], frames: int, gain_db: float, voice: Path, background: Path
) -> Generator[Block, None, None]:
    """The blocks of `mix`, together `frames` frames, each written to the two files on its
    way, with the gain that the whole gets: 48 kHz, stereo, 16 bit."""
    import numpy
    import soundfile

    form = {
        "samplerate": SAMPLE_RATE,
        "channels": 2,
        "subtype": "PCM_16",
        "format": format_for(frames, 2),
    }
    factor = 10 ** (gain_db / 20)
    with (
        soundfile.SoundFile(voice, "w", **form) as speech,
        soundfile.SoundFile(background, "w", **form) as bed,
    ):
        for block in mix:
            both = numpy.repeat(block.voice, 2, axis=1)
            speech.write(numpy.clip(both * factor, -FULL_SCALE, FULL_SCALE))
            bed.write(numpy.clip(block.bed * factor, -FULL_SCALE, FULL_SCALE))
            yield block
