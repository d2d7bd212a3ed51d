"""What a player needs to know of a video, and is not in its packets: the records of Dolby Vision
and of 360-degree video in the sample description of an MP4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_media import DubbedSegment, ffmpeg, run_dub, source_path

from dubstage.workspace.layout import Artifact

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
DESCRIPTION_HEADER = 8


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


PROFILE_5 = box(b"dvcC", bytes([1, 0, 5 << 1, 1 << 3 | 4 | 1, 0]) + bytes(19))
"""Dolby Vision of profile 5: without it, the colors of the video are wrong."""
SPHERE = box(b"st3d", bytes(5)) + box(
    b"sv3d",
    box(b"svhd", bytes(4) + b"made here\0")
    + box(b"proj", box(b"prhd", bytes(16)) + box(b"equi", bytes(20))),
)
"""An equirectangular 360-degree video."""


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Start, size and name of each box between two positions."""
    while start + 8 <= end:
        size, name = struct.unpack(">I4s", data[start : start + 8])
        yield start, size, name
        start += max(size, 8)


def path_to(data: bytes, entry: bytes, start: int, end: int) -> list[int]:
    """Where the boxes that contain the sample entry `entry` start, and last where it starts;
    empty if it is not there."""
    for place, size, name in boxes(data, start, end):
        inner = place + 8 + (DESCRIPTION_HEADER if name == b"stsd" else 0)
        if name == entry:
            return [place]
        if name in (*PARENTS, b"stsd") and (found := path_to(data, entry, inner, place + size)):
            return [place, *found]
    return []


def with_record(file: Path, entry: bytes, record: bytes) -> bytes:
    """The content of an MP4 whose index comes last, with `record` in its sample entry."""
    data = bytearray(file.read_bytes())
    path = path_to(bytes(data), entry, 0, len(data))
    end = path[-1] + int.from_bytes(data[path[-1] : path[-1] + 4], "big")
    data[end:end] = record
    for place in path:
        size = int.from_bytes(data[place : place + 4], "big")
        data[place : place + 4] = (size + len(record)).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("codec", "entry", "record", "names"),
    [
        pytest.param(
            ["libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"],
            *(b"hvc1", PROFILE_5, [PROFILE_5]),
            id="Dolby Vision",
        ),
        pytest.param(["libx264"], b"avc1", SPHERE, [b"st3d", b"sv3d", b"equi"], id="360 degrees"),
    ],
)
def test_record_of_the_video_is_kept(
    tmp_path: Path, codec: list[str], entry: bytes, record: bytes, names: list[bytes]
) -> None:
    plain, source = tmp_path / "plain.mp4", source_path(tmp_path)
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=4"),
        *("-f", "lavfi", "-i", "anoisesrc=a=0.1:r=48000:d=4"),
        *("-c:v", *codec, "-preset", "ultrafast", "-c:a", "aac"),
        plain,
    )
    source.parent.mkdir(parents=True)
    source.write_bytes(with_record(plain, entry, record))
    ended = run_dub(tmp_path, [DubbedSegment(1.0, 2.0, 0.8)])
    (video,) = ended.tree.files(Artifact.DUBBED_VIDEO)
    assert video.suffix == ".mp4"
    content = video.read_bytes()
    assert all(name in content for name in names)
