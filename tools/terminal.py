"""What a terminal shows while a command runs: the frames of a recording.

A recording is a file in the format asciicast v2, as `asciinema rec` writes it: a JSON object with
the size of the terminal, and one JSON array per output, with its time in seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.style import Style

PARTS = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+|\x1b")
SETTLE_SECONDS = 0.03
"""Outputs that follow each other faster are one change of the screen."""


class RecordingError(Exception):
    """A file that is no recording, or has output that is not supported."""


@dataclass(frozen=True)
class Run:
    """Characters of one row that have the same style."""

    column: int
    text: str
    style: Style


Rows = tuple[tuple[Run, ...], ...]


@dataclass(frozen=True)
class Frame:
    """What is on the screen from a time, in seconds, until the next frame."""

    seconds: float
    rows: Rows


@dataclass(frozen=True)
class Recording:
    """A command, the columns of its terminal, and what it has written."""

    command: str
    columns: int
    outputs: tuple[tuple[float, str], ...]

    @classmethod
    def read(cls, file: Path) -> Recording:
        """The recording in a file. Raises :class:`RecordingError`."""
        try:
            header, *events = [json.loads(line) for line in file.read_text().split("\n") if line]
            if header["version"] != 2:
                raise RecordingError(
                    f"{file} has version {header['version']} of the format asciicast; expected 2. "
                    f"Record it with asciinema 2."
                )
            outputs = tuple((float(at), str(text)) for at, kind, text in events if kind == "o")
            return cls(str(header["title"]), int(header["width"]), outputs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordingError(
                f"{file} is not a recording of a command in the format asciicast v2 ({error!r}). "
                f"Record one with: asciinema rec --title TITLE --command COMMAND {file}"
            ) from error

    def frames(self) -> list[Frame]:
        """The distinct states of the screen. The first shows only the command, at 0 seconds."""
        screen = Screen(self.columns)
        screen.write(f"\x1b[1;32m$ {self.command}\x1b[0m\r\n")
        frames = [Frame(0.0, screen.rows())]
        following = [at for at, _ in self.outputs[1:]] + [float("inf")]
        for (at, text), after in zip(self.outputs, following, strict=True):
            screen.write(text)
            if after - at >= SETTLE_SECONDS and (rows := screen.rows()) != frames[-1].rows:
                frames.append(Frame(at, rows))
        return frames


@dataclass
class Screen:
    """A terminal that understands what Rich writes: text, styles, and the redrawing of rows."""

    columns: int
    cells: list[list[tuple[str, Style]]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    decoder: AnsiDecoder = field(default_factory=AnsiDecoder)

    def write(self, text: str) -> None:
        """Apply an output. Raises :class:`RecordingError` for an unknown control sequence."""
        for part in PARTS.finditer(text):
            if part[2]:
                self._control(part[1], part[2])
            elif part[0] == "\x1b":
                raise RecordingError(
                    f"The recording has an escape sequence of an unknown kind: {text!r}."
                )
            elif part[0] == "\r":
                self.column = 0
            elif part[0] == "\n":
                self.row += 1
            else:
                self._put(part[0])

    def rows(self) -> Rows:
        """The rows without the empty ones at the end."""
        rows = [tuple(_runs(cells)) for cells in self.cells]
        while rows and not rows[-1]:
            rows.pop()
        return tuple(rows)

    def _put(self, text: str) -> None:
        for character in text:
            if cell_len(character) != 1:
                raise RecordingError(
                    f"The recording has {character!r}; expected characters of one column."
                )
            if self.column == self.columns:
                self.row, self.column = self.row + 1, 0
            cells = self._cells()
            cells.extend([(" ", Style.null())] * (self.column + 1 - len(cells)))
            cells[self.column] = (character, self.decoder.style)
            self.column += 1

    def _control(self, parameters: str, name: str) -> None:
        match name, parameters:
            case "m", _:
                # Rich keeps the style between the lines that it decodes.
                self.decoder.decode_line(f"\x1b[{parameters}m")
            case "A", _:
                self.row = max(0, self.row - int(parameters or 1))
            case "K", "2":
                self._cells().clear()
            case "K", "" | "0":
                del self._cells()[self.column :]
            case (("h" | "l"), "?25"):
                pass  # the cursor is not drawn
            case _:
                raise RecordingError(
                    f"The recording has the unknown control sequence ESC[{parameters}{name}."
                )

    def _cells(self) -> list[tuple[str, Style]]:
        while len(self.cells) <= self.row:
            self.cells.append([])
        return self.cells[self.row]


def _runs(cells: Iterable[tuple[str, Style]]) -> Iterator[Run]:
    column = 0
    for style, group in groupby(cells, key=lambda cell: cell[1]):
        text = "".join(character for character, _ in group)
        if text.strip():
            yield Run(column + len(text) - len(text.lstrip()), text.strip(), style)
        column += len(text)
