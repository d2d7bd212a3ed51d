"""Running ffmpeg and ffprobe, and what their failures mean.

A failure is a :class:`MediaError` only if the file is the cause. A full or lost volume is an
OSError, and a program that was killed a :class:`dubstage.errors.TemporaryFailure`: neither is
the fault of the source.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dubstage.errors import TemporaryFailure

MESSAGE_LINES = 200
"""Lines of stderr that are kept; the summaries of ``ebur128`` and ``loudnorm`` fit."""

VOLUME_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EROFS,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.ENOMEM,
)
"""Errors of the volume or the machine; no demuxer or decoder reports one of these."""
WRITE_FAILURE = re.compile(
    r"(av_interleaved_write_frame\(\)|Error writing trailer of|Error closing file|"
    r"Error muxing a packet|Error writing).*" + re.escape(os.strerror(errno.EIO)) + "$"
)
"""An I/O error of the output. Of an input, ffmpeg also reports one if a file ends early."""
INTERRUPTED = 255
"""ffmpeg's exit status after a signal that it handles."""
LEVEL = re.compile(r"^(?:\[[^\]]+ @ 0x[0-9a-f]+\] )?\[(\w+)\] ")
PREFIX = re.compile(r"^(\[[^\]]*\] )+")


class MediaError(Exception):
    """ffmpeg or ffprobe failed because of the file; the text is the last line that it wrote.

    `messages` are the last lines of its stderr.
    """

    def __init__(self, text: str, messages: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.messages = "\n".join(messages)


@dataclass
class Process:
    """A running ffmpeg or ffprobe."""

    program: str
    stdin: IO[bytes] | None
    stdout: IO[bytes]
    messages: list[str] = field(default_factory=list)
    """The last lines that it wrote to stderr; complete when the process has ended."""

    def keep_messages(self, stderr: Iterable[bytes]) -> None:
        """Read `stderr` to its end, so that the process never waits for a reader."""
        for line in stderr:
            self.messages.append(line.decode(errors="replace").rstrip())
            del self.messages[:-MESSAGE_LINES]

    def failure(self, code: int) -> Exception:
        """The exception for a process that ended with `code`, which is not 0."""
        if code < 0 or code == INTERRUPTED:
            return _killed(self.program, code)
        for line in self.messages:
            for number in VOLUME_ERRORS:
                if line.rstrip(". ").endswith(os.strerror(number)):
                    return OSError(number, os.strerror(number))
            if WRITE_FAILURE.search(line):
                return OSError(errno.EIO, os.strerror(errno.EIO))
        return MediaError(_last_line(self.messages), self.messages)


@contextmanager
def running(
    program: str, arguments: Iterable[str | Path], stdin: int | IO[bytes] | None = None
) -> Iterator[Process]:
    """Start `program`, and wait for its end; an error inside the context kills it.

    Raises :class:`MediaError`, OSError or :class:`TemporaryFailure` if it fails.
    """
    with subprocess.Popen(
        [program, *map(str, arguments)],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as popen:
        assert popen.stdout
        assert popen.stderr
        process = Process(program, popen.stdin, popen.stdout)
        reader = threading.Thread(target=process.keep_messages, args=(popen.stderr,), daemon=True)
        reader.start()
        try:
            yield process
        except MediaError:
            # The process that reads from this one failed. If this one also failed, its
            # message is the cause.
            if code := popen.poll():
                reader.join()
                raise process.failure(code) from None
            popen.kill()
            raise
        except BaseException:
            popen.kill()
            raise
        code = popen.wait()
        reader.join()
    if code != 0:
        raise process.failure(code)


def _killed(program: str, code: int) -> TemporaryFailure:
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "a signal"
    hint = " It may have run out of memory: raise the memory limit of the stage in the profile."
    return TemporaryFailure(
        f"{program} was ended by {name} before it had finished."
        f"{hint if code == -signal.SIGKILL else ''}",
        reason="ProgramKilled",
    )


def _last_line(messages: Iterable[str]) -> str:
    """The last line that is not empty, without prefixes such as ``[mov @ 0x…]``. Lines with
    a level count only if they report an error."""
    lines = [line.strip() for line in messages if line.strip()]
    levels = [LEVEL.match(line) for line in lines]
    if any(levels):
        lines = [
            line
            for line, level in zip(lines, levels, strict=True)
            if level and level[1] in ("error", "fatal", "panic")
        ]
    return PREFIX.sub("", lines[-1])[:300] if lines else "no reason given"
