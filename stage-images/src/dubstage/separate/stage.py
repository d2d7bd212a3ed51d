"""Separate: split the source's audio into vocals and background.

The background is the source *minus* the vocals, so that the two always add up to the
original, and whatever the engine does not recognize as speech keeps its level. They add up to the
last bit, also where one of them alone would be louder than 16 bits allow.
"""

from __future__ import annotations

from dubstage.engines import engine_of
from dubstage.logs import step
from dubstage.media.audio import BLOCK_FRAMES, FULL_SCALE, Integers
from dubstage.media.wav import format_for
from dubstage.separate.engine import Block, Separator
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write ``vocals.wav`` and ``background.wav``, as long as ``audio.wav``."""
    import soundfile

    separator = load_engine(work)
    (audio,) = work.read(Artifact.AUDIO)
    with soundfile.SoundFile(audio) as source:
        output_format = {
            "samplerate": source.samplerate,
            "channels": source.channels,
            "subtype": "PCM_16",
            "format": format_for(source.frames, source.channels),
        }
        done = 0
        vocals_path = work.staging(Artifact.VOCALS, None)
        background_path = work.staging(Artifact.BACKGROUND, None)
        with (
            soundfile.SoundFile(vocals_path, "w", **output_format) as vocals_file,
            soundfile.SoundFile(background_path, "w", **output_format) as background_file,
            step("separate") as current,
        ):
            blocks = source.blocks(blocksize=BLOCK_FRAMES, dtype="float32", always_2d=True)
            for block, vocals in separator.separate(blocks):
                parts = as_integers(block, vocals)
                vocals_file.write(parts[0])
                background_file.write(parts[1])
                done += len(block)
                current.position = f"{done / source.samplerate:.0f} s"
                work.progress(done / max(source.frames, 1))
    engine = work.request.engine.engine
    return Outcome(message=f"Vocals and background separated by {engine}")


def as_integers(block: Block, vocals: Block) -> tuple[Integers, Integers]:
    """`vocals` and the rest of `block`, in 16 bits, whose sum is `block` in 16 bits.

    A difference that does not fit takes from the vocals what it lacks; those then fit, because
    `block` does.
    """
    import numpy

    lowest, highest = -FULL_SCALE, FULL_SCALE - 1
    whole, part = (
        numpy.clip(numpy.rint(samples * FULL_SCALE), lowest, highest).astype(numpy.int32)
        for samples in (block, vocals)
    )
    background = numpy.clip(whole - part, lowest, highest)
    return (whole - background).astype(numpy.int16), background.astype(numpy.int16)


def load_engine(work: Work) -> Separator:
    """The profile's engine, its model loaded.

    Raises :class:`Misconfigured` for an engine that is unknown, or a model that is missing
    or cannot be used.
    """
    separator: Separator = engine_of(work.request).load(work)
    return separator
