"""The only door to ffmpeg and ffprobe.

Programs are started from argument lists, never by a shell. A file name always follows
``-i`` or comes last and is absolute, so that none is read as an option or a protocol.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.probe import Probe, parse_probe

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,wav,mp3,flac,aac,srt"
RESTRICTED = ("-protocol_whitelist", "file", "-format_whitelist", FORMATS)
"""A playlist in disguise must neither make ffmpeg open a URL nor wait for one."""

COMMON = ("-nostdin", "-hide_banner", "-y")
QUIET = (*COMMON, "-v", "error")
STEREO_FLOATS = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2")
READ_BYTES = 1 << 20
MESSAGE_LINES = 50
"""Lines of stderr that are kept; the summaries of ``ebur128`` and ``loudnorm`` fit."""


class MediaError(Exception):
    """ffmpeg or ffprobe failed; the text is the last line that it wrote."""


def input_file(path: Path) -> list[str]:
    """The arguments that make `path` the next input."""
    return [*RESTRICTED, "-i", f"file:{path}"]


def probe(path: Path) -> Probe:
    """What `path` declares. Raises :class:`MediaError` for a file that cannot be read."""
    arguments = ["-v", "error", "-show_format", "-show_streams", "-of", "json"]
    with _process("ffprobe", [*arguments, *input_file(path)]) as process:
        text = process.stdout.read()
    return parse_probe(json.loads(text))


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
    fails, and OSError if the volume is full.
    """
    seconds = 0.0
    with _process("ffmpeg", [*QUIET, "-progress", "pipe:1", *arguments], stdin) as process:
        for line in process.stdout:
            name, _, value = line.decode(errors="replace").strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                seconds = max(seconds, int(value) / 1e6)
                if progress and duration:
                    progress(min(seconds / duration, 1.0))
    return seconds


def run_on_track(
    source: Path,
    stream: int,
    arguments: Iterable[str | Path],
    *,
    duration: float = 0.0,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Run ffmpeg on one audio stream of `source`, decoded to stereo at 48 kHz.

    `stream` is the stream's index; its timestamps are kept. Decoding is a process of its
    own: where a source changes from stereo to surround, ffmpeg restarts its filters, and
    those of `arguments` must not be restarted. Otherwise as :func:`run`.
    """
    decoder = ["-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s16le", "-f", "nut", "pipe:1"]
    piped = ["-copyts", "-protocol_whitelist", "pipe", "-f", "nut", "-i", "pipe:0"]
    with _process(
        "ffmpeg", [*QUIET, *input_file(source), "-map", f"0:{stream}", *decoder]
    ) as process:
        seconds = run(
            [*piped, *arguments], duration=duration, progress=progress, stdin=process.stdout
        )
        process.stdout.close()
    return seconds


def read_mono(path: Path, filters: str) -> Samples:
    """The first audio stream of `path`, filtered and mixed to one channel, shape (frames,).

    Raises :class:`MediaError` for a file that cannot be read.
    """
    import numpy

    output = ["-af", filters, "-ac", "1", "-f", "f32le", "pipe:1"]
    with _process("ffmpeg", [*QUIET, *input_file(path), *output]) as process:
        return numpy.frombuffer(process.stdout.read(), numpy.float32)


def read_stereo(path: Path) -> Iterator[bytes]:
    """The first audio stream of `path`, block by block, as :func:`write_stereo` takes it.

    Raises :class:`MediaError` for a file that cannot be read.
    """
    output = ["-map", "0:a:0", *STEREO_FLOATS, "pipe:1"]
    with _process("ffmpeg", [*QUIET, *input_file(path), *output]) as process:
        while block := process.stdout.read(READ_BYTES):
            yield block


def write_stereo(blocks: Iterable[bytes], arguments: Iterable[str | Path]) -> str:
    """Run ffmpeg on audio from memory and return its messages of level ``info``.

    `blocks` are stereo 32-bit floats at 48 kHz, which ffmpeg gets one after the other.
    Raises as :func:`run` does.
    """
    options = [*COMMON, "-nostats", "-v", "info", *STEREO_FLOATS, "-i", "pipe:0"]
    with _process("ffmpeg", [*options, *arguments], subprocess.PIPE) as process:
        assert process.stdin
        # If ffmpeg stops reading, its own message says why.
        with contextlib.suppress(BrokenPipeError):
            for block in blocks:
                process.stdin.write(block)
            process.stdin.close()
        process.stdout.read()
    return "\n".join(process.messages)


@dataclass
class _Process:
    """A running ffmpeg or ffprobe."""

    stdin: IO[bytes] | None
    stdout: IO[bytes]
    messages: list[str] = field(default_factory=list)
    """The last lines that it wrote to stderr."""

    def keep_messages(self, stderr: Iterable[bytes]) -> None:
        """Read `stderr` to its end, so that the process never waits for a reader."""
        for line in stderr:
            self.messages.append(line.decode(errors="replace").rstrip())
            del self.messages[:-MESSAGE_LINES]

    def failure(self) -> Exception:
        """The exception for a process that failed."""
        text = "\n".join(self.messages)
        if os.strerror(errno.ENOSPC) in text:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return MediaError(_last_line(text))


@contextmanager
def _process(
    program: str, arguments: Iterable[str | Path], stdin: int | IO[bytes] | None = None
) -> Iterator[_Process]:
    """Start `program`, and wait for its end; an error inside the context kills it.

    Raises :class:`MediaError`, or OSError for a full volume, if it fails.
    """
    with subprocess.Popen(
        [program, *map(str, arguments)],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as popen:
        assert popen.stdout
        assert popen.stderr
        process = _Process(popen.stdin, popen.stdout)
        reader = threading.Thread(target=process.keep_messages, args=(popen.stderr,), daemon=True)
        reader.start()
        try:
            yield process
        except MediaError:
            # The process that reads from this one failed. If this one also failed, its
            # message is the cause.
            if popen.poll():
                reader.join()
                raise process.failure() from None
            popen.kill()
            raise
        except BaseException:
            popen.kill()
            raise
        code = popen.wait()
        reader.join()
    if code != 0:
        raise process.failure()


def _last_line(text: str) -> str:
    """The last line that is not empty, without prefixes such as ``[mov @ 0x…]``."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no reason given"
    line = lines[-1]
    while line.startswith("[") and "] " in line:
        line = line.partition("] ")[2]
    return line[:300]
