"""Numbers in words, by the rules of Unicode CLDR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dubstage.text.spoken.table import Table

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

GROUPS = r"[1-9]\d{0,2}(?P<mark>[.,’'\u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*"
THOUSANDS = re.compile(GROUPS)
"""1,234,567 with any mark; never after a leading 0."""
DECIMAL = re.compile(rf"(?P<whole>{GROUPS}|\d+)(?!(?P=mark))[.,](?P<decimals>\d+)")
"""1234.56 and 1,234.56: the mark before the decimals is not the one between thousands."""
LONGEST = 15
"""Digits of the longest number that is said in words; a longer one is said digit by digit."""
LONGEST_DECIMALS = 2
"""Decimals that are said as one number, in languages that do not say each digit."""
LARGEST_NATIVE = 99
"""The largest native number of Korean."""
MILLION = 10**6
SOFT_HYPHEN = "\u00ad"


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    whole: str
    decimals: str = ""

    @property
    def is_one(self) -> bool:
        """Whether a noun after it is singular."""
        return self.whole == "1" and not self.decimals

    @property
    def is_millions(self) -> bool:
        """Whether it is a whole number of millions: several languages have *of* after it."""
        return not self.decimals and int(self.whole) > 0 and not int(self.whole) % MILLION

    @property
    def value(self) -> float:
        """The number, to compare it."""
        return float(f"{self.whole}.{self.decimals or 0}")


def parse(text: str, table: Table) -> Number | None:
    """The number that `text` stands for; None if it has several points."""
    mark = "." if table.point_decimals else ","
    is_decimal = re.fullmatch(rf"\d+{re.escape(mark)}\d+", text) is not None
    if THOUSANDS.fullmatch(text) and not is_decimal:
        return Number(_digits(text))
    if decimal := DECIMAL.fullmatch(text):
        return Number(_digits(decimal["whole"]), decimal["decimals"])
    return Number(text) if text.isdecimal() else None


def said(number: Number, table: Table, gender: str = "") -> str:
    """`number` in words, before a noun of `gender`; if omitted, it counts nothing."""
    whole = cardinal(number.whole, table, "" if number.decimals else gender)
    if not number.decimals:
        return whole
    decimals = number.decimals
    if table.single_decimals or decimals.startswith("0") or len(decimals) > LONGEST_DECIMALS:
        rest = digits(decimals, table)
    else:
        rest = cardinal(decimals, table)
    return joined([whole, table.point, rest], table)


def cardinal(text: str, table: Table, gender: str = "") -> str:
    """The digits `text` as one number; digit by digit if they start with 0 or are many."""
    if len(text) > LONGEST or (len(text) > 1 and text.startswith("0")):
        return digits(text, table)
    rules = table.numerals.genders.get(gender, table.numerals.plain)
    if gender == "counter" and int(text) > LARGEST_NATIVE and table.is_spaced:
        rules = table.numerals.plain
    words = spelled(int(text), table, rules)
    for written, right in table.numerals.corrections.items():
        words = words.replace(written, right)
    if gender == "f":
        for masculine, feminine in table.numerals.feminine.items():
            words = words.replace(masculine, feminine)
    return words


def ordinal(number: int, table: Table, gender: str = "m") -> str:
    """First, second, third, …"""
    return spelled(number, table, table.numerals.ordinals[gender])


def year(text: str, table: Table) -> str:
    """A year as it is said."""
    if not table.numerals.year:
        return digits(text, table)
    return spelled(int(text), table, table.numerals.year)


def digits(text: str, table: Table) -> str:
    """`text` digit by digit."""
    return joined([spelled(int(each), table, table.numerals.plain) for each in text], table)


def joined(words: list[str], table: Table) -> str:
    """`words` in a row, with spaces in languages that have them."""
    return (" " if table.is_spaced else "").join(word for word in words if word)


def spelled(number: int, table: Table, rules: str) -> str:
    """`number` by CLDR's rule set ``spellout-<rules>``."""
    # In Catalan the rules for -cents make an ending of a zero that stands alone.
    name = f"spellout-{rules.removesuffix('-cents') if number == 0 else rules}"
    text = _engine(table.cldr).format_number(number, ruleset_names=[name]).text_by_ruleset[name]
    return str(text).replace(SOFT_HYPHEN, "").replace("〇", "零").strip()


@cache
def _engine(language: str) -> RbnfEngine:
    from unicode_rbnf import RbnfEngine

    return RbnfEngine.for_language(language)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
