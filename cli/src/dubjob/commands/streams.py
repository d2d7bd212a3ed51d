"""Standard output and standard error: a full disk or a closed stream is a failure."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class OutputError(Exception):
    """Standard output cannot be written. The text is the reason."""


class _Checked:
    """A stream whose failed writes are an :class:`OutputError` or, if they are not `required`, are
    ignored."""

    def __init__(self, stream: TextIO, *, required: bool) -> None:
        self._stream, self._required = stream, required

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text. Raises :class:`OutputError`."""
        with self._checked():
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is left. Raises :class:`OutputError`."""
        with self._checked():
            self._stream.flush()

    @contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._required:
                closed = error.errno == errno.EBADF
                reason = "standard output is closed" if closed else error.strerror
                raise OutputError(reason) from error


@contextmanager
def checked_streams() -> Iterator[None]:
    """Report failed writes to standard output, and ignore those to standard error.

    Raises :class:`OutputError` at the end if something could not be written.
    """
    _open_closed()
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Checked(before[0], required=True))
    sys.stderr = cast("TextIO", _Checked(before[1], required=False))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputError:
        _give_up(before[0])
        raise
    except BrokenPipeError:
        _give_up(*before)
        raise
    finally:
        sys.stdout, sys.stderr = before


def _give_up(*streams: TextIO) -> None:
    """Drop what could not be written: Python would try it again when it ends."""
    for stream in streams:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_closed() -> None:
    """Open what the caller has closed. A file or a connection would otherwise take the place of
    standard output, and Python has no stream for it."""
    while (descriptor := os.open(os.devnull, os.O_RDONLY)) <= 2:
        continue
    os.close(descriptor)
    if sys.stdout is None:
        # What is written to it is refused, because it is open for reading.
        sys.stdout = os.fdopen(1, "w")
    if sys.stderr is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w")
