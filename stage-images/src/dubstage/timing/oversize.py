"""Segments whose clips are too long for their slots, whatever is done with them."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.text.transcript import Clip
from dubstage.timing.fit import WARNING_SPEED
from dubstage.timing.slot import Slot


def oversize(clips: Sequence[Clip], slots: Sequence[Slot]) -> list[int]:
    """The places of the clips that would have to be spoken at more than 130 percent of the natural
    tempo. A clip with a flag is not among them: its words may be repeated, or missing."""
    return [
        place
        for place, (clip, slot) in enumerate(zip(clips, slots, strict=True))
        if clip.audio_file
        and clip.flag is None
        and clip.duration * clip.spoken_speed > WARNING_SPEED * slot.length
    ]
