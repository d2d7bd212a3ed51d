"""Ranges: ``10-20``, ``5~10``, ``$5-10``, ``10:00-12:00``, ``1.-15. Januar``."""

from __future__ import annotations

import re

from dubstage.text.spoken.numerals import parse
from dubstage.text.spoken.patterns import NUMBER, SPACE, START, one_of
from dubstage.text.spoken.table import Table

DASH = "[-–—~〜～∼]"
WAVES = frozenset("~〜～∼")
RANGE = re.compile(rf"{START}({NUMBER})(\s?{DASH}\s?|[:/])({NUMBER})(?!\d|[-–—.,:/~〜～]\d)")
YEARS = re.compile(rf"{START}(1[1-9]|20)(\d\d)[-–—~〜～](\d\d)(?!\w|[-–—.,:/~]\d)")
HYPHENS = "[-–—]"
CHAIN = re.compile(rf"{START}(?<!\d[-–—])\d{{1,4}}(?:[-–—]\d{{1,4}}){{2,7}}(?![\w–—-]|[.,:/]\d)")
"""Numbers in a row: ``4-4-2``."""
MONTHS = 12
SUFFIXES = (
    "st", "nd", "rd", "th", "am", "pm", "a.m.", "p.m.", "a. m.", "p. m.", "k", "x", "K", "M", "bn",
)  # fmt: skip


def say_marked_ranges(text: str, table: Table) -> str:
    """`text` with the hyphen of ``5%-10%``, ``$5-10``, ``5km-10km`` and ``10:00-12:00`` in
    words."""
    signs = one_of(table.currencies)
    money = rf"(?<!\w)({signs}){SPACE}({NUMBER}){DASH}({NUMBER})(?![\w%-])"
    text = re.sub(money, rf"\2{table.to}\1\3", text)
    suffixes = one_of((*SUFFIXES, *table.units))
    suffixed = rf"(\d\s?(?:{suffixes})){DASH}(?=(?:{signs})?\d[\d.,:]*\s?(?:{suffixes})(?!\w))"
    text = re.sub(suffixed, rf"\1{table.to}", text)
    for before, after in (
        (r"(?<=[%％°€£¥₩])", rf"(?=(?:{signs})?\d)"),
        (r"(?<=°[CF])", r"(?=\d)"),
        (r"(?<=\d)", rf"(?=(?:{signs})\d)"),
        (r"(?<=\d)", r"(?=\d{1,2}(?::\d\d)?\s?[ap]\.?m\b)"),
        (r"(?<=\d:\d\d)", r"(?=\d{1,2}:\d\d)"),
        (r"(?<=\dh\d\d)", r"(?=\d{1,2}h)"),
        (r"(?<=\dh)", r"(?=\d{1,2}h)"),
        (r"(?<=\d[年月日号時时点년월일시])", r"(?=\d)"),
    ):
        text = re.sub(rf"{before}{DASH}{after}", table.to, text)
    return text


def say_ranges(text: str, table: Table) -> str:
    """`text` with ``10-20`` as 10 to 20, still in digits; a score or a ratio loses its mark."""

    def say(found: re.Match[str]) -> str:
        first, last = parse(found[1], table), parse(found[3], table)
        mark = found[2].strip()
        if not (first and last) or (" " in found[2] and mark not in WAVES):
            return found.group()
        rises = first.value < last.value and mark not in ":/"
        return f"{found[1]}{table.to if rises else ' '}{found[3]}"

    def say_years(found: re.Match[str]) -> str:
        rises = int(found[3]) > max(int(found[2]), MONTHS)
        return f"{found[1]}{found[2]}{table.to}{found[3]}" if rises else found.group()

    text = CHAIN.sub(lambda found: re.sub(HYPHENS, table.pause, found.group()), text)
    return RANGE.sub(say, YEARS.sub(say_years, text))
