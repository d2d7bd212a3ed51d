"""Tables as text: as wide as their content, so that names can be copied and lines can be parsed.

Only the last column wraps, and only on a terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

GAP = "  "
MIN_WRAP = 20
"""Cells that the last column needs at least to be wrapped."""


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
        parts = textwrap.wrap(last, room) if room >= MIN_WRAP else []
        first, *others = parts or [last]
        yield f"{start}{first}".rstrip()
        yield from (" " * indent + other for other in others)


def _padded(text: str, size: int) -> str:
    return text + " " * (size - cell_len(text))
