"""The dubbed speech as it is heard: onset, offset and loudness, measured on the voice track.

What the plan says proves nothing about the audio. The report gives what is measured here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.spans import Span
from dubstage.timing.onset import speech_bounds

if TYPE_CHECKING:
    from soundfile import SoundFile

MARGIN = round(0.5 * SAMPLE_RATE)
"""Frames around its place in which a segment is searched for."""
BOTH_CHANNELS_LU = 3.01
"""LU by which one channel is louder if both channels play it."""


@dataclass(frozen=True)
class DubbedSpeech:
    """The dub of one segment, as it is heard."""

    onset: float
    """Seconds from the start of the source."""
    offset: float
    """Seconds from the start of the source."""
    loudness: float
    """LUFS, played by both channels; :data:`dubstage.mux.loudness.SILENCE` for silence."""
    is_alone: bool
    """False if another segment is heard at the same time: its edges are then where it was
    placed, and its loudness is that of the moments at which it is alone."""


def measure_speech(voice: Path, places: Sequence[Span]) -> list[DubbedSpeech]:
    """The speech at each of `places` of the voice track `voice`, in the order of their start.

    A place without audio of its own is silent.
    """
    import soundfile

    speech: list[DubbedSpeech] = []
    before: list[Span] = []
    with soundfile.SoundFile(voice) as track:
        for number, place in enumerate(places):
            before = [other for other in before if other.end > place.start - MARGIN]
            speech.append(_measure(track, place, [*before, *_following(places, number)]))
            before.append(place)
    return speech


def _following(places: Sequence[Span], number: int) -> Iterator[Span]:
    """The places after one of them that start within its margin."""
    for following in range(number + 1, len(places)):
        if places[following].start >= places[number].end + MARGIN:
            break
        yield places[following]


def _measure(track: SoundFile, place: Span, others: Sequence[Span]) -> DubbedSpeech:
    import numpy

    first = max([place.start - MARGIN, 0, *(o.end for o in others if o.end <= place.start)])
    last = min([place.end + MARGIN, *(o.start for o in others if o.start >= place.end)])
    track.seek(min(first, track.frames))
    samples = track.read(last - first, dtype="float32", fill_value=0.0)
    overlapping = [o for o in others if o.start < place.end and place.start < o.end]
    if overlapping:
        keep = numpy.ones(len(samples), bool)
        keep[: place.start - first] = keep[place.end - first :] = False
        for other in overlapping:
            keep[max(other.start - first, 0) : max(other.end - first, 0)] = False
        loudness = segment_loudness(samples[keep]) if keep.any() else SILENCE
        return DubbedSpeech(
            place.start / SAMPLE_RATE, place.end / SAMPLE_RATE, _both(loudness), is_alone=False
        )
    onset, offset = speech_bounds(samples, SAMPLE_RATE)
    heard = samples[round(onset * SAMPLE_RATE) : round(offset * SAMPLE_RATE)]
    start = first / SAMPLE_RATE
    return DubbedSpeech(
        start + onset, start + offset, _both(segment_loudness(heard)), is_alone=True
    )


def _both(loudness: float) -> float:
    return loudness + BOTH_CHANNELS_LU if loudness > SILENCE else SILENCE
