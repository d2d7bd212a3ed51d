"""Separate: split the source's audio into vocals and background.

The background is the source *minus* the vocals, so that the two always add up to the
original, and whatever the engine does not recognize as speech keeps its level.
"""

from __future__ import annotations

from dubstage.engines import engine_of
from dubstage.logs import step
from dubstage.media.audio import BLOCK_FRAMES
from dubstage.media.wav import format_for
from dubstage.separate.engine import Separator
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
                vocals_file.write(vocals)
                background_file.write(block - vocals)
                done += len(block)
                current.position = f"{done / source.samplerate:.0f} s"
                work.progress(done / max(source.frames, 1))
    engine = work.request.engine.engine
    return Outcome(message=f"Vocals and background separated by {engine}")


def load_engine(work: Work) -> Separator:
    """The profile's engine, its model loaded.

    Raises :class:`Misconfigured` for an engine that is unknown, or a model that is missing
    or cannot be used.
    """
    separator: Separator = engine_of(work.request).load(work)
    return separator
