"""Pieces of speech, each of one voice, and how they sound.

The segmentation knows when somebody speaks, and when two do. It often takes two voices that are
alike for one, so its speakers are not used: speech is divided at pauses, where voices change, into
pieces that are long enough to know a voice by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from dubstage.speakers.networks import (
    FIRST_SAMPLE,
    FRAME_SAMPLES,
    FRAMES,
    SAMPLE_RATE,
    SLOTS,
    WINDOW_SAMPLES,
    Networks,
)

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from dubstage.media.audio import Samples
    from dubstage.speakers.networks import Activity, Vector

    Energies = NDArray[numpy.float32]

STEP_SAMPLES = 300 * FRAME_SAMPLES
"""From one window to the next, five seconds. Of each window the middle counts, where the network
hears what comes before and after."""
BORDER_SAMPLES = 24000
"""How far the border between the middles of two windows is moved to a pause."""
BATCH = 8
"""Windows that the network gets at the same time."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE
LONGEST_FRAMES = round(3.0 / FRAME_SECONDS)
"""Longer speech is divided at its quietest moment, although there is no pause."""
SHORTEST_FRAMES = round(0.6 / FRAME_SECONDS)
"""A pause does not divide off a piece that is shorter."""
PAUSE_RATIO = 0.01
"""A moment with this share of the mean energy is a pause."""
PAUSE_FRAMES = 5
"""The length of a moment, 84 ms."""
VOICE_SECONDS = 0.2
"""Less speech than that says nothing about a voice."""


@dataclass(frozen=True)
class Piece:
    """Speech of one voice; times in seconds."""

    start: float
    end: float
    alone: float
    """How many seconds of it nobody else speaks."""
    vector: Vector
    """The voice, a vector of length 1."""


def pieces_of(samples: Samples, start: float, networks: Networks) -> Iterator[Piece]:
    """The pieces in one part of the audio, one channel at 16 kHz, which starts at `start`
    seconds. Speech that is never heard alone is in none."""
    import numpy

    last = max(len(samples) - WINDOW_SAMPLES, 0)
    places = [*range(0, last, STEP_SAMPLES), last]
    # Where one window's frames end to count, and the next one's begin.
    borders = [
        _quietest(samples, (before + after + WINDOW_SAMPLES) // 2)
        for before, after in pairwise(places)
    ]
    bounds = list(pairwise([0, *borders, last + WINDOW_SAMPLES]))
    for first in range(0, len(places), BATCH):
        batch = places[first : first + BATCH]
        windows = numpy.zeros((len(batch), WINDOW_SAMPLES), numpy.float32)
        for window, place in zip(windows, batch, strict=True):
            piece = samples[place : place + WINDOW_SAMPLES]
            window[: len(piece)] = piece
        for number, active in enumerate(networks.activity(windows)):
            place = batch[number]
            begin, end = (_frame(bound - place) for bound in bounds[first + number])
            active[:begin], active[end:] = False, False
            yield from _in_window(windows[number], active, start + place / SAMPLE_RATE, networks)


def _quietest(samples: Samples, middle: int) -> int:
    """The sample in the quietest moment near `middle`: a border in a word would divide it."""
    import numpy

    first = max(middle - BORDER_SAMPLES, 0)
    near = samples[first : middle + BORDER_SAMPLES]
    near = near[: len(near) // FRAME_SAMPLES * FRAME_SAMPLES]
    return first + int(numpy.argmin(_energies(near))) * FRAME_SAMPLES + FRAME_SAMPLES // 2


def _energies(samples: Samples) -> Energies:
    """The energy of each frame, a mean over a moment around it."""
    import numpy

    frames = samples.reshape(-1, FRAME_SAMPLES)
    moment = numpy.ones(PAUSE_FRAMES, numpy.float32) / PAUSE_FRAMES
    energies: Energies = numpy.convolve(numpy.square(frames).mean(axis=1), moment, "same")
    return energies


def _frame(sample: int) -> int:
    """The frame of a window at that sample of it."""
    return min(max(round((sample - FIRST_SAMPLE) / FRAME_SAMPLES), 0), FRAMES)


def _in_window(
    samples: Samples, active: Activity, start: float, networks: Networks
) -> Iterator[Piece]:
    """The pieces in one window, which starts at `start` seconds."""
    import numpy

    frames = samples[FIRST_SAMPLE:][: FRAMES * FRAME_SAMPLES].reshape(FRAMES, FRAME_SAMPLES)
    is_alone = active.sum(axis=1) == 1
    energies = _energies(samples[FIRST_SAMPLE:][: FRAMES * FRAME_SAMPLES])
    for slot in range(SLOTS):
        edges = numpy.diff(active[:, slot].astype(int), prepend=0, append=0)
        starts, ends = (numpy.flatnonzero(edges == sign) for sign in (1, -1))
        for run in zip(starts.tolist(), ends.tolist(), strict=True):
            for first, last in divided(energies, *run):
                speech = frames[first:last][is_alone[first:last]].reshape(-1)
                seconds = len(speech) / SAMPLE_RATE
                if seconds >= VOICE_SECONDS:
                    begin, end = (
                        start + (FIRST_SAMPLE + frame * FRAME_SAMPLES) / SAMPLE_RATE
                        for frame in (first, last)
                    )
                    yield Piece(begin, end, seconds, networks.voice(speech))


def divided(energies: Energies | Sequence[float], first: int, last: int) -> list[tuple[int, int]]:
    """The frames from `first` to `last`, divided at each pause, and where they are too long."""
    import numpy

    if last - first <= 2 * SHORTEST_FRAMES:
        return [(first, last)]
    inner = energies[first + SHORTEST_FRAMES : last - SHORTEST_FRAMES]
    place = first + SHORTEST_FRAMES + int(numpy.argmin(inner))
    is_pause = energies[place] <= PAUSE_RATIO * float(numpy.mean(energies[first:last]))
    if not is_pause and last - first <= LONGEST_FRAMES:
        return [(first, last)]
    return [*divided(energies, first, place), *divided(energies, place, last)]
