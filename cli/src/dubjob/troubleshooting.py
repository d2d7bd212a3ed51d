"""What each reason means and what to do, from the page that is also in the documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ROW = re.compile(r"^\|\s*(`[^|]+`)\s*\|([^|]*)\|([^|]*)\|\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Advice:
    """One row of the page."""

    meaning: str
    action: str


def advice(reason: str) -> Advice | None:
    """What to do about `reason`, None for a reason that the page does not know."""
    return _rows().get(reason)


@cache
def _rows() -> dict[str, Advice]:
    page = files("dubjob").joinpath("troubleshooting.md").read_text(encoding="utf-8")
    rows = {}
    for reasons, meaning, action in ROW.findall(page):
        for reason in re.findall(r"`(\w+)`", reasons):
            rows[reason] = Advice(_plain(meaning), _plain(action))
    return rows


def _plain(cell: str) -> str:
    """A cell without links and code marks."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()
