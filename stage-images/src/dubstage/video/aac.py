"""The dub as AAC, encoded in pieces on every processor: ffmpeg's encoder uses only one.

A piece starts four seconds early, because the encoder adapts its precision to the bit rate that
long, and lasts half a second longer than it has to. Consecutive frames overlap, and cancel each
other's errors only if both have the same window. Two pieces are therefore joined at a frame before
which both chose the same: the frames are then those of a single encoder, but for their noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import IO

from dubstage.media.ahead import WORKERS, run_ahead
from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import QUIET, input_file
from dubstage.media.process import running

ENCODER, BIT_RATE = "aac", "192k"
"""Of the dub: 48 kHz stereo."""
FRAME = 1024
"""Samples of an AAC frame. The first frame is before the audio."""
PIECE_FRAMES = 7500
"""The most frames of a piece, 160 seconds."""
SHORTEST_FRAMES = 750
"""Of a shorter piece, too large a share would be encoded twice."""
WARM_UP, AHEAD = 188, 32
"""Frames that are encoded before and after a piece."""
NEAR = 28
"""Frames around the start of a piece at which it may be joined."""
HEADER_BYTES = 7
"""Of a frame in ADTS."""


@dataclass(frozen=True)
class AacTrack:
    """An encoded stereo track."""

    file: Path
    """ADTS, which has no times: its first frame is before the audio."""
    samples: int
    """Length of the audio at 48 kHz."""

    def as_input(self) -> list[str]:
        """The arguments that make the track the next input, at its time."""
        return ["-itsoffset", f"{-FRAME / SAMPLE_RATE:.6f}", *input_file(self.file)]

    def trimmed(self, stream: str) -> list[str]:
        """The arguments that end `stream`, a copy of the track, where the audio ends: with an
        ffmpeg before 5.0 at the end of its last frame, up to 21 ms later."""
        if not _can_set_durations():
            return []
        last = count_frames(self.samples) - 1
        rest = self.samples - (last - 1) * FRAME
        length = f"if(eq(N\\,{last})\\,DURATION*{rest}/{FRAME}\\,DURATION)"
        return [f"-bsf:{stream}", f"setts=duration={length}"]


@dataclass(frozen=True)
class _Piece:
    """Frames from `first` up to, not including, `last`, which are encoded together."""

    first: int
    last: int

    @property
    def start(self) -> int:
        """The first frame that is encoded."""
        return max(self.first - WARM_UP, 0)


@cache
def _can_set_durations() -> bool:
    with running("ffmpeg", ["-hide_banner", "-h", "bsf=setts"]) as process:
        return b"-duration " in process.stdout.read()


def count_frames(samples: int) -> int:
    """The number of frames of `samples`, with the one before the audio."""
    return -(-samples // FRAME) + 1


def encode(
    audio: Path,
    target: Path,
    gain_db: float = 0.0,
    progress: Callable[[float], None] = lambda _: None,
) -> AacTrack:
    """Encode `audio`, a stereo WAV file at 48 kHz, to `target` with a gain.

    Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    import soundfile

    track = AacTrack(target, int(soundfile.info(audio).frames))
    pieces = _pieces(count_frames(track.samples))

    def frames_of(piece: _Piece) -> list[bytes]:
        return _encode(audio, piece, track.samples, gain_db)

    with target.open("wb") as file:
        if not _write(file, pieces, run_ahead(frames_of, pieces), progress):
            file.seek(0)
            file.truncate()
            file.writelines(frames_of(_Piece(0, count_frames(track.samples))))
    return track


def _pieces(frames: int) -> list[_Piece]:
    """Pieces of equal length, as many for each processor."""
    rounds = math.ceil(frames / (PIECE_FRAMES * WORKERS))
    count = min(rounds * WORKERS, max(frames // SHORTEST_FRAMES, 1))
    edges = [round(number * frames / count) for number in range(count + 1)]
    return [_Piece(first, last) for first, last in pairwise(edges)]


def _encode(audio: Path, piece: _Piece, samples: int, gain_db: float) -> list[bytes]:
    """The frames of `piece`, from its start on."""
    first, last = piece.start * FRAME, min((piece.last + AHEAD) * FRAME, samples)
    # ffmpeg seeks to whole seconds exactly.
    seconds = first // SAMPLE_RATE
    skipped = first - seconds * SAMPLE_RATE
    trim = f"atrim=start_sample={skipped}:end_sample={last - seconds * SAMPLE_RATE}"
    length = (last // SAMPLE_RATE) - seconds + 1
    arguments = [*QUIET, "-ss", str(seconds), "-t", str(length), *input_file(audio)]
    arguments += ["-af", f"{trim},volume={gain_db:.3f}dB" if gain_db else trim]
    arguments += ["-c:a", ENCODER, "-b:a", BIT_RATE, "-f", "adts", "pipe:1"]
    with running("ffmpeg", arguments) as process:
        return list(_frames(process.stdout.read()))


def _frames(data: bytes) -> Iterator[bytes]:
    """The frames of an ADTS stream, with their headers."""
    start = 0
    while start + HEADER_BYTES <= len(data):
        length = (data[start + 3] & 3) << 11 | data[start + 4] << 3 | data[start + 5] >> 5
        yield data[start : start + length]
        start += length


def _write(
    file: IO[bytes],
    pieces: list[_Piece],
    encoded: Iterator[list[bytes]],
    progress: Callable[[float], None],
) -> bool:
    """Write the frames of `pieces`; False if two of them cannot be joined."""
    before: list[bytes] = []
    offset = 0
    """Number of the first frame of `before`."""
    written = 0
    for piece, frames in zip(pieces, encoded, strict=True):
        if piece.first:
            joint = _joint(piece, before, offset, frames)
            if joint is None:
                return False
            file.writelines(before[written - offset : joint - offset])
            written = joint
        before, offset = frames, piece.start
        progress(piece.last / pieces[-1].last)
    file.writelines(before[written - offset :])
    return True


def _joint(piece: _Piece, before: list[bytes], offset: int, frames: list[bytes]) -> int | None:
    """The frame nearest to the start of `piece` before which both encoders have the same windows.
    `before` are the frames of the piece before it, from number `offset` on."""
    numbers = range(piece.first - NEAR, piece.first + NEAR)
    for number in sorted(numbers, key=lambda number: abs(number - piece.first)):
        one, other = before[number - 1 - offset], frames[number - 1 - piece.start]
        if _window(one) is not None and _window(one) == _window(other):
            return number
    return None


def _window(frame: bytes) -> int | None:
    """Sequence and shape of the window that both channels of a frame have; None if each has its
    own (ISO/IEC 14496-3, 4.4.2)."""
    element, common = frame[HEADER_BYTES] >> 5, frame[HEADER_BYTES] & 1
    return frame[HEADER_BYTES + 1] >> 4 if element == 1 and common else None
