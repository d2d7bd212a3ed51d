"""Recordings whose clock restarts in the middle, because they were joined byte by byte.

ffmpeg, reading one stream, puts the parts of the stream one after the other. The streams of a
part rarely end at the same moment: each join would move the audio against the video. The
packets of all streams tell by how much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dubstage.media.ffmpeg import packet_lines
from dubstage.media.probe import RESTARTING_CLOCK_FORMATS, Probe

MAX_GAP, MAX_OVERLAP = 10.0, 0.1
"""Seconds by which a packet may follow or precede the end of the last one; ffmpeg takes more
for a restarted clock."""
BOUNDARY_MARGIN = 0.001


@dataclass(frozen=True)
class Shift:
    """From `start` on, the times of a stream that an ffmpeg reads separately are moved."""

    start: float
    """Seconds, as ffmpeg times the stream."""
    seconds: float
    """Seconds to add."""


@dataclass
class _Part:
    """The packets of one stream between two restarts of its clock."""

    placed: float
    """Seconds at which ffmpeg puts the first packet."""
    positions: list[int] = field(default_factory=list)
    """Bytes at which its packets begin."""
    times: list[float] = field(default_factory=list)
    """Their decoding times, in seconds of the file's clock."""

    def distance(self, position: int, time: float) -> float:
        """How far the part is from a packet of another stream, in seconds: of its packets near
        the same position in the file, on the clock; more if the part ends before."""
        near = self.times[max(bisect_right(self.positions, position) - 1, 0)]
        return abs(near - time) + (MAX_GAP if self.positions[-1] < position else 0.0)


def shifts_of(source: Path, declared: Probe) -> Mapping[int, list[Shift]]:
    """The shifts of every audio stream, by index; the video stream is the reference.

    Empty for a source without a video stream, or whose clock never restarts.
    """
    if declared.video is None or declared.format_name not in RESTARTING_CLOCK_FORMATS:
        return {}
    starts = {track.index: track.start for track in declared.audio}
    starts[declared.video.index] = declared.video.start
    streams = _parts(packet_lines(source), starts)
    video = streams.get(declared.video.index, [])
    if not video:
        return {}
    return {
        track.index: _shifts(
            streams[track.index],
            video,
            declared.offset_of(track) - declared.offset_of(declared.video),
        )
        for track in declared.audio
        if len(streams.get(track.index, [])) > 1
    }


def shift_expression(shifts: Sequence[Shift], offset: float = 0.0, time: str = "T") -> str:
    """ffmpeg's expression for the seconds to add at `time`, its name for the time of a frame:
    `offset` and the shift that holds then."""
    expression = f"{offset:.6f}"
    for shift in shifts:
        added = offset + shift.seconds
        expression = f"if(gte({time},{shift.start:.6f}),{added:.6f},{expression})"
    return expression


def _parts(lines: Iterable[str], starts: Mapping[int, float]) -> dict[int, list[_Part]]:
    """The parts of each stream, of which `starts` has the first time."""
    streams: dict[int, list[_Part]] = {}
    ends: dict[int, float] = {}
    offsets: dict[int, float] = {}
    for line in lines:
        stream, time, seconds, position = _packet(line)
        if time is None or stream not in starts:
            continue
        if stream not in streams:
            offsets[stream] = -starts[stream]
            streams[stream] = [_Part(time - starts[stream])]
        elif not -MAX_OVERLAP <= time + offsets[stream] - ends[stream] <= MAX_GAP:
            offsets[stream] = ends[stream] - time
            streams[stream].append(_Part(ends[stream]))
        part = streams[stream][-1]
        part.positions.append(max(position, part.positions[-1] if part.positions else 0))
        part.times.append(time)
        ends[stream] = time + offsets[stream] + seconds
    return streams


def _packet(line: str) -> tuple[int, float | None, float, int]:
    """Stream, decoding time, duration and position of a packet."""
    stream, time, seconds, position = (*line.strip().split(","), "", "", "")[:4]
    return (
        int(stream) if stream.isdigit() else -1,
        _number(time),
        _number(seconds) or 0.0,
        int(position) if position.isdigit() else 0,
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _shifts(audio: list[_Part], video: list[_Part], late: float) -> list[Shift]:
    """The shifts that give every part of `audio` its place next to `video`. `late`: seconds by
    which the audio starts after the video."""
    shifts = []
    number = 0
    for part in audio:
        position, time = part.positions[0], part.times[0]
        distances = [each.distance(position, time) for each in video[number:]]
        number += distances.index(min(distances))
        reference = video[number]
        right = reference.placed + part.times[0] - reference.times[0]
        shifts.append(Shift(part.placed - BOUNDARY_MARGIN, right - part.placed - late))
    return shifts
