"""Lines start where their speech is first heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.logs import step
from dubstage.timing.onset import BACK_SECONDS, after_pause, snap
from dubstage.transcribe.segments import Group

if TYPE_CHECKING:
    import soundfile

FORWARD_SECONDS = 1.5
"""How far a start is moved forward at most; recognizers are not more wrong than that."""
MARGIN_SECONDS = 0.2
"""What is heard before and behind the moments that are looked at."""
JOINED_SECONDS = 0.05
"""A word that begins so soon after the one before may hold that one's end."""
SHORTEST_SECONDS = 0.2
"""What is left of a line at least."""


@step("find onsets")
def at_onsets(groups: Sequence[Group], vocals: Path) -> list[Group]:
    """`groups`, in the order of their start, each with its start at the onset that the
    file `vocals` holds near it, never within a word that was heard before."""
    import soundfile

    found: list[Group] = []
    spoken_until = 0.0
    with soundfile.SoundFile(vocals) as sound:
        for group in groups:
            moved = _starting_at(_onset(group, sound, spoken_until), group)
            found.append(moved)
            spoken_until = max(spoken_until, *(word.end for word in moved))
    return sorted(found, key=lambda group: group[0].start)


def _onset(group: Group, sound: soundfile.SoundFile, spoken_until: float) -> float:
    told = group[0].start
    end = max(word.end for word in group)
    first = min(max(told - BACK_SECONDS - MARGIN_SECONDS, spoken_until, 0.0), told)
    joined = told - spoken_until < JOINED_SECONDS
    reach = group[0].end if joined else told
    last = min(max(told + FORWARD_SECONDS, reach), end - SHORTEST_SECONDS)
    if last <= told:
        return told
    rate = sound.samplerate
    sound.seek(min(int(first * rate), sound.frames))
    seconds = last + MARGIN_SECONDS - first
    samples = sound.read(int(seconds * rate), dtype="float32", always_2d=True).mean(axis=1)
    onset = after_pause(samples, rate, told - first, group[0].end - first) if joined else None
    onset = first + (snap(samples, rate, told - first) if onset is None else onset)
    return onset if onset <= last else told


def _starting_at(onset: float, group: Group) -> Group:
    """The group's words, none before `onset`; the first at it."""
    first, *others = group
    words = [first.model_copy(update={"start": onset, "end": max(first.end, onset)})]
    for word in others:
        start = max(word.start, onset)
        words.append(word.model_copy(update={"start": start, "end": max(word.end, start)}))
    return words
