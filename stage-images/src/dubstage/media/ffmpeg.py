"""The only door to ffmpeg and ffprobe.

Programs are started from argument lists, never by a shell. A file name always follows
``-i`` or comes last and is absolute, so that none is read as an option or a protocol.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.probe import Probe, parse_probe
from dubstage.media.process import MediaError as MediaError
from dubstage.media.process import running

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,gxf,dv,rm,ivf,nut,"
    "wav,w64,mp3,flac,aac,ac3,eac3,dts,dtshd,truehd,mlp,aiff,caf,au,wv,tta,ape,amr,voc,srt"
)
RESTRICTED = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""A playlist in disguise must neither make ffmpeg open a URL nor wait for one."""

COMMON = ("-nostdin", "-hide_banner", "-y")
QUIET = (*COMMON, "-v", "error")
STEREO_FLOATS = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")
READ_BYTES = 1 << 20


def input_file(path: Path) -> list[str]:
    """The arguments that make `path` the next input."""
    return [*RESTRICTED, "-i", f"file:{path}"]


def probe(path: Path) -> Probe:
    """What `path` declares. Raises :class:`MediaError` for a file that cannot be read."""
    arguments = ["-v", "error", "-show_format", "-show_streams", "-of", "json"]
    with running("ffprobe", [*arguments, *input_file(path)]) as process:
        text = process.stdout.read()
    return parse_probe(json.loads(text))


def has_encrypted_packets(path: Path, stream: int) -> bool:
    """Whether the first packets of a stream are encrypted, as far as the container says so."""
    arguments = ["-v", "quiet", "-select_streams", str(stream), "-read_intervals", "%+#8"]
    arguments += ["-show_entries", "packet_side_data_list", "-of", "csv"]
    with running("ffprobe", [*arguments, *input_file(path)]) as process:
        return b"Encryption info" in process.stdout.read()


def packet_lines(path: Path) -> Iterator[str]:
    """Stream, decoding time, duration and position of every packet, one a line, with commas.

    Raises :class:`MediaError` for a file that cannot be read.
    """
    entries = "packet=stream_index,dts_time,duration_time,pos"
    arguments = ["-v", "quiet", "-show_entries", entries, "-of", "csv=p=0"]
    with running("ffprobe", [*arguments, *input_file(path)]) as process:
        for line in process.stdout:
            yield line.decode()


def first_packet_time(path: Path, stream: int) -> float | None:
    """Seconds on the clock of `path` of the first packet of a stream, an index; None without one.

    Raises :class:`MediaError` for a file that cannot be read.
    """
    arguments = ["-v", "error", "-select_streams", str(stream), "-read_intervals", "%+#1"]
    arguments += ["-show_entries", "packet=pts_time", "-of", "json"]
    with running("ffprobe", [*arguments, *input_file(path)]) as process:
        packets = json.loads(process.stdout.read()).get("packets", [])
    return float(packets[0]["pts_time"]) if packets and "pts_time" in packets[0] else None


def run(
    arguments: Iterable[str | Path],
    *,
    duration: float = 0.0,
    progress: Callable[[float], None] | None = None,
    stdin: IO[bytes] | None = None,
) -> float:
    """Run ffmpeg and return the seconds of media that it wrote.

    `progress` is called with the share of `duration` (seconds) that is written; ffmpeg
    reads `stdin` as ``pipe:0``. Raises :class:`MediaError` with ffmpeg's last line if it
    fails because of a file, OSError for trouble with a volume, and
    :class:`dubstage.errors.TemporaryFailure` if it is killed.
    """
    seconds = 0.0
    with running("ffmpeg", [*QUIET, "-progress", "pipe:1", *arguments], stdin) as process:
        for line in process.stdout:
            name, _, value = line.decode(errors="replace").strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                seconds = max(seconds, int(value) / 1e6)
                if progress and duration:
                    progress(min(seconds / duration, 1.0))
    return seconds


def decode_mono(sources: Sequence[tuple[Path, str]], folder: Path) -> list[Path]:
    """Decode the first audio stream of each file, filtered and mixed to one channel, to a file of
    32-bit floats in `folder`.

    `sources` are files with their filters. One process reads them all, because to start one
    takes longer than to decode a clip. Raises :class:`MediaError` for a file that cannot be read.
    """
    arguments: list[str | Path] = []
    outputs: list[str | Path] = []
    graph: list[str] = []
    files = [Path(folder, f"{number}.f32") for number in range(len(sources))]
    for number, (path, filters) in enumerate(sources):
        arguments += input_file(path)
        graph.append(f"[{number}:a:0]{filters},aformat=channel_layouts=mono[out{number}]")
        outputs += ["-map", f"[out{number}]", "-f", "f32le", files[number]]
    arguments += ["-filter_complex", ";".join(graph), *outputs]
    with running("ffmpeg", [*QUIET, *arguments]) as process:
        process.stdout.read()
    return files


def read_mono(sources: Sequence[tuple[Path, str]], scratch: Path) -> list[Samples]:
    """As :func:`decode_mono`, in memory: shape (frames,) each. `scratch` is a folder."""
    import numpy

    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        files = decode_mono(sources, Path(folder))
        return [numpy.fromfile(file, numpy.float32) for file in files]


def decoded_streams(path: Path, start: float, seconds: float, streams: Sequence[str]) -> set[int]:
    """Which of `streams`, ffmpeg's names such as ``0:a:1``, have something that decodes from
    `start` on (seconds). If one of them has no decoder, none is returned."""
    window = ["-ss", f"{start:.3f}", *input_file(path), "-t", f"{seconds:.3f}"]
    maps = [part for stream in streams for part in ("-map", stream)]
    found: set[int] = set()
    # What was decoded before the failure counts.
    with (
        contextlib.suppress(MediaError),
        running("ffmpeg", [*QUIET, *window, *maps, "-f", "framecrc", "pipe:1"]) as process,
    ):
        for line in process.stdout:
            number, comma, _ = line.partition(b",")
            if comma and number.strip().isdigit():
                found.add(int(number))
    return found


def read_window(path: Path, start: float, seconds: float) -> Samples:
    """The first audio stream of `path` from `start` on (seconds), one channel, 48 kHz, shape
    (frames,). Raises :class:`MediaError` for a file that cannot be read.
    """
    import numpy

    window = ["-ss", f"{start:.3f}", *input_file(path), "-t", f"{seconds:.3f}"]
    output = ["-map", "0:a:0", "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "pipe:1"]
    with running("ffmpeg", [*QUIET, *window, *output]) as process:
        return numpy.frombuffer(process.stdout.read(), numpy.float32)


def read_stereo(path: Path) -> Iterator[bytes]:
    """The first audio stream of `path`, block by block, as :func:`write_audio` takes it.

    Raises :class:`MediaError` for a file that cannot be read.
    """
    output = ["-map", "0:a:0", *STEREO_FLOATS, "pipe:1"]
    with running("ffmpeg", [*QUIET, *input_file(path), *output]) as process:
        while block := process.stdout.read(READ_BYTES):
            yield block


def write_audio(blocks: Iterable[bytes], channels: int, arguments: Iterable[str | Path]) -> str:
    """Run ffmpeg on audio from memory and return its messages of level ``info``.

    `blocks` are 32-bit floats at 48 kHz with that number of channels, which ffmpeg gets one
    after the other; six are 5.1. Raises as :func:`run` does.
    """
    floats = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", str(channels))
    options = [*COMMON, "-nostats", "-v", "info", *floats, "-i", "pipe:0"]
    with running("ffmpeg", [*options, *arguments], subprocess.PIPE) as process:
        assert process.stdin
        # If ffmpeg stops reading, its own message says why.
        with contextlib.suppress(BrokenPipeError):
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        process.stdout.read()
    return "\n".join(process.messages)
