"""The one door to ffmpeg and ffprobe.

Programs get argument lists, never a shell; a file name is always behind ``-i`` or
last and absolute, so none is read as an option or a protocol.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

SAMPLE_RATE = 48000
"""Hz of every sound file in the tree."""

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,wav,mp3"
RESTRICTED = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""A playlist in disguise must neither make ffmpeg open a URL nor wait for it."""

MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Codecs that the mp4 muxer takes as they are."""


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
class Probe:
    """What a media file declares."""

    duration: float
    """Seconds; 0.0 where the file does not say."""
    format_name: str
    video_index: int | None
    """The first video stream that is not a cover picture."""
    audio: tuple[AudioTrack, ...]


def probe(path: Path) -> Probe:
    """What `path` declares. Raises :class:`MediaError` where it cannot be read."""
    text = _run(
        ["ffprobe", "-v", "error", *RESTRICTED, "-show_format", "-show_streams", "-of", "json",
         "-i", f"file:{path}"]
    )  # fmt: skip
    found = cast("dict[str, Any]", json.loads(text))
    streams = found.get("streams", [])
    video = [
        stream["index"]
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    return Probe(
        duration=float(found.get("format", {}).get("duration") or 0.0),
        format_name=str(found.get("format", {}).get("format_name", "")),
        video_index=video[0] if video else None,
        audio=tuple(_audio(stream) for stream in streams if stream.get("codec_type") == "audio"),
    )


def ffmpeg(
    arguments: Iterable[str | Path],
    *,
    duration: float = 0.0,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Run ffmpeg; the seconds of media that it wrote.

    `progress` is called with the share of `duration` seconds that is done.
    Raises :class:`MediaError` with ffmpeg's last line where it fails.
    """
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", "-progress", "pipe:1"]
    words: list[str] = []
    seconds = 0.0
    with subprocess.Popen(
        [*command, *(str(argument) for argument in arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        assert process.stderr
        reader = threading.Thread(target=_keep_last, args=(process.stderr, words), daemon=True)
        reader.start()
        for line in process.stdout:
            name, _, value = line.strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                seconds = max(seconds, int(value) / 1e6)
                if progress and duration:
                    progress(min(seconds / duration, 1.0))
        code = process.wait()
        reader.join()
    if code != 0:
        raise MediaError(last_line("\n".join(words)))
    return seconds


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
        language=stream.get("tags", {}).get("language"),
    )


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode != 0:
        raise MediaError(last_line(done.stderr))
    return done.stdout


def _keep_last(stream: Iterable[str], lines: list[str], limit: int = 50) -> None:
    for line in stream:
        lines.append(line)
        del lines[:-limit]
