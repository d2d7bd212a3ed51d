"""Tables as text: as wide as their content, so that names can be copied and lines can be parsed.

Only the last column wraps, and only on a terminal. Names, and commands in backticks, stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

GAP = "  "
MIN_WRAP = 20
"""Cells that the last column needs at least to be wrapped."""
WORD = re.compile(r"(?:`[^`]*`|[^\s`]|`)+")
"""What stays in one row: a word, with the command that it contains."""


def lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> Iterator[str]:
    """The lines of the table, the header first. `width`: the terminal's, in cells; None off a
    terminal."""
    cells = [[column.upper() for column in header], *rows]
    widths = [max(cell_len(row[number]) for row in cells) for number in range(len(header) - 1)]
    indent = sum(widths) + len(GAP) * len(widths)
    room = 0 if width is None else width - indent
    for *row, last in cells:
        start = "".join(_padded(text, size) + GAP for text, size in zip(row, widths, strict=True))
        first, *others = _wrapped(last, room) if room >= MIN_WRAP else [last]
        yield f"{start}{first}".rstrip()
        yield from (" " * indent + other for other in others)


def _wrapped(text: str, room: int) -> list[str]:
    """The rows of the text, of `room` cells. A name or command that is longer has a row of its own,
    which the terminal breaks and copies whole."""
    rows: list[str] = []
    for word in WORD.findall(text):
        longer = f"{rows[-1]} {word}" if rows else word
        if cell_len(longer) <= room:
            rows[-1:] = [longer]
        elif word.isascii():
            rows.append(word)
        else:  # Languages without spaces; a name or a command is ASCII.
            rows += chop_cells(word, room)
    return rows or [""]


def _padded(text: str, size: int) -> str:
    return text + " " * (size - cell_len(text))
