"""The finished dub beside its source."""

from __future__ import annotations

import math
from pathlib import Path

from dubstage.media.audio import BLOCK_FRAMES
from dubstage.mux.mix import CROSS_FADE, DUCK_RELEASE, JOINED
from dubstage.mux.spans import Envelope, Span, merged

SHORTEST_FRAMES = 4800
"""Less than a tenth of a second outside speech says nothing."""


def background_change(
    programme: Path, dub: Path, speech: list[Span], gain_db: float
) -> float | None:
    """Decibels by which `dub` is louder than `programme` where nobody speaks, net of the
    gain of the whole. None where there is no such place, or nothing to hear there."""
    import soundfile

    near = Envelope(merged(speech, JOINED), CROSS_FADE + DUCK_RELEASE, CROSS_FADE + DUCK_RELEASE)
    before = after = 0.0
    begin = frames = 0
    with soundfile.SoundFile(programme) as one, soundfile.SoundFile(dub) as other:
        while True:
            source = one.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
            dubbed = other.read(len(source), dtype="float32", always_2d=True)
            if not len(dubbed):
                break
            outside = near.block(begin, len(dubbed))[:, 0] == 0.0
            before += float((source[: len(dubbed)][outside] ** 2).sum())
            after += float((dubbed[outside] ** 2).sum())
            frames += int(outside.sum())
            begin += len(dubbed)
    if frames < SHORTEST_FRAMES or before <= 0 or after <= 0:
        return None
    return 10 * math.log10(after / before) - gain_db
