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
from typing import IO

from dubstage.media.probe import Probe, declared

SAMPLE_RATE = 48000
"""Hz of every sound file in the tree."""

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,wav,mp3,flac,aac,srt"
RESTRICTED = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""A playlist in disguise must neither make ffmpeg open a URL nor wait for it."""

DECODED = ("-copyts", "-protocol_whitelist", "pipe", "-f", "nut", "-i", "pipe:0")
"""The arguments that make what :func:`decoded` gives the next input, its times kept."""

QUIET = ("-nostdin", "-hide_banner", "-v", "error", "-y")


class MediaError(Exception):
    """ffmpeg or ffprobe could not do it; the text is their own last line."""


def probe(path: Path) -> Probe:
    """What `path` declares. Raises :class:`MediaError` where it cannot be read."""
    text = _run(
        ["ffprobe", "-v", "error", *RESTRICTED, "-show_format", "-show_streams", "-of", "json",
         "-i", f"file:{path}"]
    )  # fmt: skip
    return declared(json.loads(text))


def ffmpeg(
    arguments: Iterable[str | Path],
    *,
    duration: float = 0.0,
    progress: Callable[[float], None] | None = None,
    source: IO[bytes] | None = None,
) -> float:
    """Run ffmpeg; the seconds of media that it wrote.

    `progress` is called with the share of `duration` seconds that is done. `source` is
    what it reads as ``pipe:0``.
    Raises :class:`MediaError` with ffmpeg's last line where it fails, and OSError
    where the volume is full.
    """
    seconds = 0.0
    stdin = source or subprocess.DEVNULL
    with _started([*QUIET, "-progress", "pipe:1", *arguments], stdin) as running:
        for line in running.output:
            name, _, value = line.decode(errors="replace").strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                seconds = max(seconds, int(value) / 1e6)
                if progress and duration:
                    progress(min(seconds / duration, 1.0))
    return seconds


@contextmanager
def decoded(arguments: Iterable[str | Path]) -> Iterator[IO[bytes]]:
    """The sound that ffmpeg decodes by `arguments`: stereo, 48 kHz, 16 bit, with its
    times, for :data:`DECODED` of another ffmpeg. Raises as :func:`ffmpeg` does."""
    form = ["-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s16le", "-f", "nut", "pipe:1"]
    with _started([*QUIET, *arguments, *form]) as running:
        yield running.output
        running.output.close()


def decode(path: Path, filters: str) -> bytes:
    """The first audio stream of `path` through `filters`, mixed to one channel, as 32-bit
    floats. Raises :class:`MediaError` where it cannot be read."""
    arguments = [*input_file(path), "-af", filters, "-ac", "1", "-f", "f32le", "pipe:1"]
    with _started([*QUIET, *arguments]) as running:
        return running.output.read()


def stereo(path: Path) -> Iterator[bytes]:
    """The first audio stream of `path` as :func:`feed` takes it, block after block. Raises
    :class:`MediaError` where it cannot be read."""
    form = ["-ac", "2", "-ar", str(SAMPLE_RATE), "-f", "f32le", "pipe:1"]
    with _started([*QUIET, *input_file(path), "-map", "0:a:0", *form]) as running:
        while block := running.output.read(1 << 20):
            yield block


def feed(blocks: Iterable[bytes], arguments: Iterable[str | Path]) -> str:
    """Run ffmpeg on sound from memory: stereo 32-bit floats at 48 kHz, block after block.

    Returns what it says at the level ``info``. Raises as :func:`ffmpeg` does.
    """
    told = ["-hide_banner", "-nostats", "-v", "info", "-y"]
    form = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0"]
    with _started([*told, *form, *arguments], subprocess.PIPE) as running:
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
def _started(
    arguments: Iterable[str | Path], stdin: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[_Running]:
    """Start ffmpeg, and wait for its end."""
    words: list[str] = []
    with subprocess.Popen(
        ["ffmpeg", *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        reader = threading.Thread(target=_keep_last, args=(process.stderr, words), daemon=True)
        reader.start()
        try:
            yield _Running(process.stdin or process.stdout, process.stdout, words)
        except MediaError:
            # Another one read what this one wrote: that this one failed says why.
            if process.poll():
                reader.join()
                raise _failure(words) from None
            process.kill()
            raise
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
