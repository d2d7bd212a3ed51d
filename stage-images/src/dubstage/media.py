"""The one door to ffmpeg and ffprobe.

Programs get argument lists, never a shell; a file name is always behind ``-i`` or
last and absolute, so none is read as an option or a protocol.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

SAMPLE_RATE = 48000
"""Hz of every sound file in the tree."""

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,wav,mp3,flac,aac,srt"
RESTRICTED = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""A playlist in disguise must neither make ffmpeg open a URL nor wait for it."""

QUIET = ("-nostdin", "-hide_banner", "-v", "error", "-y")


class MediaError(Exception):
    """ffmpeg or ffprobe could not do it; the text is their own last line."""


@dataclass(frozen=True)
class AudioTrack:
    """One audio stream of a file."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str | None


@dataclass(frozen=True)
class VideoTrack:
    """One video stream of a file."""

    index: int
    codec: str


@dataclass(frozen=True)
class SubtitleTrack:
    """One subtitle stream of a file."""

    index: int
    codec: str
    language: str | None


@dataclass(frozen=True)
class Probe:
    """What a media file declares."""

    duration: float
    """Seconds; 0.0 where the file does not say."""
    format_name: str
    video: VideoTrack | None
    """The first that is not a cover picture."""
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...] = ()


def probe(path: Path) -> Probe:
    """What `path` declares. Raises :class:`MediaError` where it cannot be read."""
    text = _run(
        ["ffprobe", "-v", "error", *RESTRICTED, "-show_format", "-show_streams", "-of", "json",
         "-i", f"file:{path}"]
    )  # fmt: skip
    found = cast("dict[str, Any]", json.loads(text))
    streams = found.get("streams", [])
    video = [
        VideoTrack(int(stream["index"]), str(stream.get("codec_name", "")))
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    subtitles = [
        SubtitleTrack(int(stream["index"]), str(stream.get("codec_name", "")), _language(stream))
        for stream in streams
        if stream.get("codec_type") == "subtitle"
    ]
    return Probe(
        duration=float(found.get("format", {}).get("duration") or 0.0),
        format_name=str(found.get("format", {}).get("format_name", "")),
        video=video[0] if video else None,
        audio=tuple(_audio(stream) for stream in streams if stream.get("codec_type") == "audio"),
        subtitles=tuple(subtitles),
    )


def ffmpeg(
    arguments: Iterable[str | Path],
    *,
    duration: float = 0.0,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Run ffmpeg; the seconds of media that it wrote.

    `progress` is called with the share of `duration` seconds that is done.
    Raises :class:`MediaError` with ffmpeg's last line where it fails, and OSError
    where the volume is full.
    """
    seconds = 0.0
    with _started([*QUIET, "-progress", "pipe:1", *arguments], feeding=False) as running:
        for line in running.output:
            name, _, value = line.decode(errors="replace").strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                seconds = max(seconds, int(value) / 1e6)
                if progress and duration:
                    progress(min(seconds / duration, 1.0))
    return seconds


def decode(path: Path, filters: str) -> bytes:
    """The first audio stream of `path` through `filters`, mixed to one channel, as 32-bit
    floats. Raises :class:`MediaError` where it cannot be read."""
    arguments = [*input_file(path), "-af", filters, "-ac", "1", "-f", "f32le", "pipe:1"]
    with _started([*QUIET, *arguments], feeding=False) as running:
        return running.output.read()


def feed(blocks: Iterable[bytes], arguments: Iterable[str | Path]) -> str:
    """Run ffmpeg on sound from memory: stereo 32-bit floats at 48 kHz, block after block.

    Returns what it says at the level ``info``. Raises as :func:`ffmpeg` does.
    """
    told = ["-hide_banner", "-nostats", "-v", "info", "-y"]
    form = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0"]
    with _started([*told, *form, *arguments], feeding=True) as running:
        # Where ffmpeg gives up its own words say why.
        with contextlib.suppress(BrokenPipeError):
            for block in blocks:
                running.input.write(block)
            running.input.close()
        running.output.read()
    return "\n".join(running.words)


@dataclass
class _Running:
    """An ffmpeg that runs."""

    input: IO[bytes]
    output: IO[bytes]
    words: list[str]
    """The last lines that it wrote to stderr."""


@contextmanager
def _started(arguments: Iterable[str | Path], *, feeding: bool) -> Iterator[_Running]:
    """Start ffmpeg, and wait for its end."""
    words: list[str] = []
    with subprocess.Popen(
        ["ffmpeg", *map(str, arguments)],
        stdin=subprocess.PIPE if feeding else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        reader = threading.Thread(target=_keep_last, args=(process.stderr, words), daemon=True)
        reader.start()
        try:
            yield _Running(process.stdin or process.stdout, process.stdout, words)
        except BaseException:
            process.kill()
            raise
        code = process.wait()
        reader.join()
    if code != 0:
        raise _failure(words)


def _failure(words: list[str]) -> Exception:
    text = "\n".join(words)
    if os.strerror(errno.ENOSPC) in text:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return MediaError(last_line(text))


def input_file(path: Path) -> list[str]:
    """The arguments that make `path` the next input."""
    return [*RESTRICTED, "-i", f"file:{path}"]


def last_line(text: str) -> str:
    """The last line that is not empty, without ffmpeg's ``[mov @ 0x…]`` marks."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no reason given"
    line = lines[-1]
    while line.startswith("[") and "] " in line:
        line = line.partition("] ")[2]
    return line[:300]


def _audio(stream: dict[str, Any]) -> AudioTrack:
    return AudioTrack(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        channels=int(stream.get("channels", 0)),
        sample_rate=int(stream.get("sample_rate", 0)),
        language=_language(stream),
    )


def _language(stream: dict[str, Any]) -> str | None:
    """None where the file does not know."""
    found = stream.get("tags", {}).get("language")
    return None if found in (None, "", "und") else str(found)


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode != 0:
        raise MediaError(last_line(done.stderr))
    return done.stdout


def _keep_last(stream: Iterable[bytes], lines: list[str], limit: int = 50) -> None:
    for line in stream:
        lines.append(line.decode(errors="replace").rstrip())
        del lines[:-limit]
