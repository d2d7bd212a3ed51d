"""Separate: split the programme's sound into speech and background.

The background is the programme *minus* the speech, so the two always add up to the
original, and what the engine does not take for speech keeps its level.
"""

from __future__ import annotations

from collections.abc import Iterator

from dubstage.engines import engine_of
from dubstage.logs import step
from dubstage.media.wav import format_for
from dubstage.separate.engine import Block, Separator
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write ``vocals.wav`` and ``background.wav``, as long as ``audio.wav``."""
    import soundfile

    separator = load_engine(work)
    (audio,) = work.read(Artifact.AUDIO)
    with soundfile.SoundFile(audio) as programme:
        form = {
            "samplerate": programme.samplerate,
            "channels": programme.channels,
            "subtype": "PCM_16",
            "format": format_for(programme.frames, programme.channels),
        }
        done = 0
        vocals_path = work.staging(Artifact.VOCALS, None)
        background_path = work.staging(Artifact.BACKGROUND, None)
        with (
            soundfile.SoundFile(vocals_path, "w", **form) as vocals,
            soundfile.SoundFile(background_path, "w", **form) as background,
            step("separate"),
        ):
            mixed = _blocks(programme)
            for mix, speech in separator.separate(mixed):
                vocals.write(speech)
                background.write(mix - speech)
                done += len(mix)
                work.progress(done / max(programme.frames, 1))
    engine = work.request.engine.engine
    return Outcome(message=f"Speech and background split by {engine}")


def load_engine(work: Work) -> Separator:
    """The profile's engine, its model loaded.

    Raises :class:`Misconfigured` for an engine that is unknown, or a model that is missing
    or cannot be used.
    """
    separator: Separator = engine_of(work.request).load(work)
    return separator


BLOCK_FRAMES = 48000
"""One second at a time: a film is never in memory."""


def _blocks(programme: object) -> Iterator[Block]:
    yield from programme.blocks(  # type: ignore[attr-defined]
        blocksize=BLOCK_FRAMES, dtype="float32", always_2d=True
    )
