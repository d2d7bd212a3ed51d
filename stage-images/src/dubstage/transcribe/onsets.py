"""Segments start at the onset of their speech."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.logs import step
from dubstage.media.audio import mix_to_mono
from dubstage.timing.onset import BACK_SECONDS, after_pause, snap
from dubstage.transcribe.segments import Group

if TYPE_CHECKING:
    import soundfile

FORWARD_SECONDS = 1.5
"""How far a start is moved forward at most: the largest error of recognizers."""
MARGIN_SECONDS = 0.2
"""Audio before and after the range in which the onset may be."""
JOINED_SECONDS = 0.05
"""A word that starts this soon after the word before may hold the end of that word."""
SHORTEST_SECONDS = 0.2
"""The least that is left of a segment."""


@step("find onsets")
def at_onsets(groups: Sequence[Group], vocals: Path) -> list[Group]:
    """`groups`, in the order of their start, each moved to the nearest onset in the file
    `vocals`, but never into a word that was spoken before it."""
    import soundfile

    moved: list[Group] = []
    spoken_until = 0.0
    with soundfile.SoundFile(vocals) as audio:
        for group in groups:
            moved.append(_starting_at(_onset(group, audio, spoken_until), group))
            spoken_until = max(spoken_until, *(word.end for word in moved[-1]))
    return sorted(moved, key=lambda group: group[0].start)


def _onset(group: Group, audio: soundfile.SoundFile, spoken_until: float) -> float:
    """The onset nearest to the recognized start; that start if there is none."""
    recognized = group[0].start
    end = max(word.end for word in group)
    first = min(max(recognized - BACK_SECONDS - MARGIN_SECONDS, spoken_until, 0.0), recognized)
    joined = recognized - spoken_until < JOINED_SECONDS
    reach = group[0].end if joined else recognized
    last = min(max(recognized + FORWARD_SECONDS, reach), end - SHORTEST_SECONDS)
    if last <= recognized:
        return recognized
    rate = audio.samplerate
    audio.seek(min(int(first * rate), audio.frames))
    seconds = last + MARGIN_SECONDS - first
    samples = mix_to_mono(audio.read(int(seconds * rate), dtype="float32", always_2d=True), rate)
    onset = after_pause(samples, rate, recognized - first, group[0].end - first) if joined else None
    onset = first + (snap(samples, rate, recognized - first) if onset is None else onset)
    return onset if onset <= last else recognized


def _starting_at(onset: float, group: Group) -> Group:
    """The group's words, none before `onset`; the first at it."""
    first, *others = group
    words = [first.model_copy(update={"start": onset, "end": max(first.end, onset)})]
    for word in others:
        start = max(word.start, onset)
        words.append(word.model_copy(update={"start": start, "end": max(word.end, start)}))
    return words
