"""Short forms of numbers: ``1 000 000``, ``1.2M``, ``2.5x``, ``4x4``, ``6'2"``, ``5€50``."""

from __future__ import annotations

import re

from dubstage.text.spoken.numerals import (
    Number,
    cardinal,
    digits,
    joined,
    parse,
    said,
)
from dubstage.text.spoken.patterns import END, LATIN, NUMBER, START, UNCOUNTED, word_after
from dubstage.text.spoken.table import Table

FIXED = "\u00a0\u2009\u202f"
"""Spaces that do not break; between digits they mark nothing but thousands."""
GROUPED = re.compile(
    rf"(?<![\w.,])(?<!\w[+-])(?<!\d[ {FIXED}])[1-9]\d{{0,2}}"
    rf"(?:(?P<fixed>[{FIXED}])\d{{3}}(?:(?P=fixed)\d{{3}})*|(?: \d{{3}})+)"
    rf"(?!\w|[.,]\d+[.,]\d|[ {FIXED}-]\d|[.,]?\d{{4}})"
)
AMOUNT_AFTER = re.compile(
    rf"[.,]\d|\s?[€$£¥₩₹%]|\s(?:{'|'.join(('EUR', 'USD', 'km', 'kg', 'm²'))})\b"
)
SIGNED = rf"(?P<number>{NUMBER})(?P<sign>[kM]|bn|B|Mds?)(?![\w/²³’'-]|[.,]\d)"
MILLIONS = re.compile(START + SIGNED)
WRITTEN_OUT = re.compile(rf"(?P<currency>(?<=[$€£¥₹₩])|(?<=[$€£¥₹₩] ))?{START}{SIGNED}")
ONE_MILLION = re.compile(rf"{START}1\sMio\.(?!\w)")
TIMES = re.compile(rf"(?<![-+=*/(^]\s)(?<![-+=*/(^]){START}(?P<number>{NUMBER})[x×](?![\w/²³’'-])")
ALGEBRA = re.compile(r"\s?[-+=*/^)²]\s?[\w(]")
BY = re.compile(r"(?<=\d)(?<!\b0)(\s?)x\1(?=\d)")
HEIGHT = re.compile(
    rf"{START}(?P<feet>\d{{1,2}})\s?['’′]\s?(?P<inches>\d|1[01])(?:[\"”″]|['’′]{{2}})(?!\w)"
)
BARE_HEIGHT = re.compile(rf"{START}(?P<feet>[4-7])['’′](?P<inches>\d|1[01])(?![\w\"”″]|[.,'’′]\d)")
METERS = re.compile(rf"{START}(?P<whole>[1-9])(?P<space>\s?)m(?P=space)(?P<rest>\d\d)(?!\w|[.,]\d)")
PRICE = re.compile(rf"{START}(\d+)(€|£)(\d\d){END}")
LEADING_POINT = re.compile(rf"(?<![\w.,%)\]’'\"])\.(\d{{1,6}})(?![\w.,:/-]*\d)(?![{LATIN}])")
POWERS = {"k": 3, "M": 6, "bn": 9, "B": 9, "Md": 9, "Mds": 9}
OF = re.compile(r"\s(?:de|di|of|d['’])")
WITH_METERS = frozenset(("ca", "de", "es", "fr", "it", "pt", "pt_PT"))
"""Languages that write ``1m80``; in English it is a minute and 80."""
NO_PLURALS = frozenset(
    "races runs más menos mais plus moins antes gracias después depois dans sans vers puis dès "
    "pois graças mas les tous toutes todos todas always sometimes this thanks perhaps".split()
)
PLURALS = frozenset("people men women children personnes gente".split())
SHORTEST_PLURAL = 4
NAMES_WITH_K = frozenset(("4", "8", "401"))
"""Numbers before a *k* that is part of a name: the resolutions 4k and 8k, and the pension plan
401k."""


def join_groups(text: str, table: Table) -> str:
    """`text` with ``1 000 000`` as one number. One plain space before three digits may also stand
    between two numbers: it marks thousands where the language writes it so, or an amount does."""

    def join(found: re.Match[str]) -> str:
        written = found.group()
        is_sure = (
            found["fixed"]
            or written.count(" ") > 1
            or written.endswith(" 000")
            or table.space_groups
            or (written[1].isdecimal() and is_plural(word_after(found), table))
            or AMOUNT_AFTER.match(found.string, found.end())
        )
        return re.sub(r"\D", "", written) if is_sure else written

    return GROUPED.sub(join, text)


def say_short_forms(text: str, table: Table) -> str:
    """`text` with ``10k followers``, ``4x4``, ``6'2"``, ``1m80``, ``5€50`` and ``.22`` in
    words."""
    text = PRICE.sub(lambda found: f"{found[1]}{_mark(table)}{found[3]} {found[2]}", text)
    for pattern in (HEIGHT, BARE_HEIGHT) if table.cldr == "en" else (HEIGHT,):
        text = pattern.sub(lambda found: _height(found, table), text)
    text = METERS.sub(lambda found: _meters(found, table), text)
    if table.by:
        text = BY.sub(f" {table.by} " if table.is_spaced else table.by, text)
    if table.cldr == "de":
        text = ONE_MILLION.sub("1 Million", text)
    text = WRITTEN_OUT.sub(lambda found: _written_out(found, table), text)
    return LEADING_POINT.sub(lambda found: _after_point(found[1], table), text)


def say_magnitudes(text: str, table: Table) -> str:
    """`text` with ``1.2M`` and ``2.5x`` in words."""
    if table.multiples:
        text = TIMES.sub(lambda found: _times(found, table), text)
    return MILLIONS.sub(lambda found: _millions(found, table), text)


def _mark(table: Table) -> str:
    return "." if table.point_decimals else ","


def _height(found: re.Match[str], table: Table) -> str:
    if table.feet is None:
        return found.group()
    feet, inches = Number(found["feet"]), Number(found["inches"])
    parts = [
        said(feet, table, table.feet.gender),
        table.feet.one if feet.is_one else table.feet.many,
        table.join_inches,
        said(inches, table, table.inches.gender if table.inches else ""),
    ]
    if table.inches:
        parts.append(table.inches.one if inches.is_one else table.inches.many)
    return joined(parts, table)


def _meters(found: re.Match[str], table: Table) -> str:
    """``1m80``; with spaces in French alone, where nothing else is written so."""
    if (found["space"] and table.cldr != "fr") or table.cldr not in WITH_METERS:
        return found.group()
    meter, whole = table.units["m"], Number(found["whole"])
    link = table.join_minor if table.cldr in ("it", "pt", "pt_PT") else ""
    noun = meter.one if whole.is_one else meter.many
    rest = cardinal(found["rest"], table)
    return joined([said(whole, table, meter.gender), noun, link, rest], table)


def _times(found: re.Match[str], table: Table) -> str:
    number = parse(found["number"], table)
    multiples = table.multiples
    if number is None or multiples is None or ALGEBRA.match(found.string, found.end()):
        return found.group()
    noun = multiples.one if number.is_one else multiples.many
    return joined([said(number, table, multiples.gender), noun], table)


def _millions(found: re.Match[str], table: Table) -> str:
    """``1.2M`` in words."""
    number = parse(found["number"], table)
    if (
        number is None
        or found["sign"] not in table.magnitudes
        or not _is_sure(number, found, table)
    ):
        return found.group()
    one, many = table.magnitudes[found["sign"]]
    gender = "f" if table.cldr == "de" else table.counted
    noun = one if number.is_one else many
    words = joined([said(number, table, gender), noun], table)
    after = word_after(found)
    counts = after and after.lower() not in UNCOUNTED and found.string[found.end()].isspace()
    return f"{words} {table.of}" if table.of and counts else words


def _written_out(found: re.Match[str], table: Table) -> str:
    """``10k`` in digits, and ``1.2M`` in languages that count by ten thousands. A *k* before no
    plural may be a distance: ``a 10k race``."""
    number, sign = parse(found["number"], table), found["sign"]
    if number is None or (sign != "k" and table.magnitudes):
        return found.group()
    if found["currency"] is None and not _is_sure(number, found, table):
        return found.group()
    zeros = POWERS[sign] - len(number.decimals)
    if zeros < 0:
        return found.group()
    return (number.whole + number.decimals + "0" * zeros).lstrip("0") or "0"


def _is_sure(number: Number, found: re.Match[str], table: Table) -> bool:
    """Whether a letter after a number stands for a power of ten, and not for a row of seats, a
    distance or a name: ``12B``, ``a 10k race``, ``4k videos``."""
    if found["sign"] != "k" and (number.decimals or OF.match(found.string, found.end())):
        return True
    is_name = found["sign"] == "k" and number.whole in NAMES_WITH_K and not number.decimals
    return not is_name and is_plural(word_after(found), table)


def is_plural(word: str, table: Table) -> bool:
    """Whether `word` looks like a noun in the plural."""
    if table.cldr == "de":
        return word[:1].isupper()
    if table.cldr == "it":
        return len(word) >= SHORTEST_PLURAL and word.endswith(("i", "e"))
    if word in PLURALS:
        return True
    return len(word) >= SHORTEST_PLURAL and word.endswith("s") and word not in NO_PLURALS


def _after_point(decimals: str, table: Table) -> str:
    if table.single_decimals:
        return joined([table.point, digits(decimals, table)], table)
    return joined([table.web.dot, cardinal(decimals, table)], table)
