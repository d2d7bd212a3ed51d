"""Subtitle tracks of MP4 and QuickTime files that are off until a viewer selects one.

ffmpeg enables the first track of each kind, whatever its disposition is. Players that heed the
flag of ISO/IEC 14496-12 (8.3.2) then show subtitles that nobody asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SUBTITLES = (b"sbtl", b"text", b"subt")
"""Handlers of subtitle tracks."""
ENABLED = 1
LARGE_SIZE = 1
"""A size that says that the real one follows in 64 bits."""


def disable_subtitles(file: Path) -> int:
    """Clear the flag that enables a track from every subtitle track of `file`, and return how many
    were enabled."""
    changed = 0
    with file.open("r+b") as video:
        end = file.stat().st_size
        for track in _inside(video, 0, end, (b"moov", b"trak")):
            handlers = list(_inside(video, *track, (b"mdia", b"hdlr")))
            if not any(_read(video, start + 8, 4) in SUBTITLES for start, _ in handlers):
                continue
            for start, _ in _inside(video, *track, (b"tkhd",)):
                flags = _read(video, start + 3, 1)[0]
                if flags & ENABLED:
                    video.seek(start + 3)
                    video.write(bytes([flags & ~ENABLED]))
                    changed += 1
    return changed


def _inside(
    video: BinaryIO, start: int, end: int, names: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Where the content of each box with the path `names` starts and ends, within the content
    from `start` to `end`."""
    if not names:
        yield start, end
        return
    position = start
    while position + 8 <= end:
        size, name = struct.unpack(">I4s", _read(video, position, 8))
        header = 8
        if size == LARGE_SIZE:
            size, header = struct.unpack(">Q", _read(video, position + 8, 8))[0], 16
        if size < header:
            return
        if name == names[0]:
            yield from _inside(video, position + header, min(position + size, end), names[1:])
        position += size


def _read(video: BinaryIO, position: int, count: int) -> bytes:
    """`count` bytes, with zeros after the end of the file."""
    video.seek(position)
    return video.read(count).ljust(count, b"\0")
