"""Numbers with what they count: money, units, percent, ranges, fractions."""

from __future__ import annotations

import re

from dubstage.text.spoken.numerals import Number, cardinal, joined, parse, said
from dubstage.text.spoken.patterns import LATIN, NUMBER, START, one_of
from dubstage.text.spoken.table import Noun, Table

RANGE = re.compile(rf"{START}({NUMBER})(\s?[-–—]\s?|[:/])({NUMBER})(?!\d|[-–—.,:/]\d)")
PERCENT = re.compile(rf"{START}(?P<number>{NUMBER})[\s\u00a0\u202f]?[%％]")
NUMBER_SIGN = re.compile(r"(?:#|№|\b[Nn]\.?[º°]|\b[Nn]o\.|\b[Nn]r\.|\b[Nn]úm\.)\s?(?=\d)")
SPACE = r"[\s\u00a0\u202f]?"
CODES = {"EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩", "USD": "$", "US$": "$"}
MILLION = 10**6
ELIDING, VOWELS = frozenset(("ca", "fr")), "aeiouàéèíòóúh"
"""Languages in which *de* loses its vowel before another one."""
PRECISION = 2
"""Decimals of an amount that has cents."""


def say_signs(text: str, table: Table) -> str:
    """`text` with ``&`` and the signs of arithmetic in words."""
    words = table.signs
    if "&" in words:
        text = re.sub(r"\s*&\s*", f" {words['&']} ", text)
    for sign in ("+", "=", "×", "÷"):
        if sign in words:
            between = rf"(?<=[\w)])\s?{re.escape(sign)}\s?(?=[\w(])"
            text = re.sub(between, f" {words[sign]} ", text)
    if table.number_sign:
        text = NUMBER_SIGN.sub(table.number_sign + (" " if table.is_spaced else ""), text)
    return text


def say_fractions(text: str, table: Table) -> str:
    """`text` with halves, thirds and quarters in words."""
    signs = [fraction for fraction in table.fractions if len(fraction) == 1]
    others = [fraction for fraction in table.fractions if len(fraction) > 1]
    written = re.compile(rf"({one_of(signs)})|(?<![\d/])({one_of(others)})(?![\d/])")

    def say(found: re.Match[str]) -> str:
        follows = found.start() > 0 and found.string[found.start() - 1].isdecimal()
        link = f" {table.signs['&']} " if follows and table.is_spaced else ""
        space = " " if found.string[found.end() :][:1].isalnum() else ""
        return link + table.fractions[found.group()] + space

    return written.sub(say, text)


def say_marked_ranges(text: str, table: Table) -> str:
    """`text` with the hyphen of ``5%-10%``, ``$5-10`` and ``10:00-12:00`` in words."""
    signs = one_of(table.currencies)
    money = rf"(?<!\w)({signs}){SPACE}({NUMBER})[-–—]({NUMBER})(?![\w%-])"
    text = re.sub(money, rf"\2{table.to}\1\3", text)
    for before, after in (
        (r"(?<=[%％°€£¥₩])", rf"(?=(?:{signs})?\d)"),
        (r"(?<=°[CF])", r"(?=\d)"),
        (r"(?<=\d)", rf"(?=(?:{signs})\d)"),
        (r"(?<=\d:\d\d)", r"(?=\d{1,2}:\d\d)"),
    ):
        text = re.sub(rf"{before}[-–—]{after}", table.to, text)
    return text


def say_ranges(text: str, table: Table) -> str:
    """`text` with ``10-20`` as 10 to 20, still in digits; a score or a ratio loses its mark."""

    def say(found: re.Match[str]) -> str:
        first, last = parse(found[1], table), parse(found[3], table)
        if " " in found[2] or not (first and last):
            return found.group()
        rises = _value(first) < _value(last) and found[2].strip() in "-–—"
        return f"{found[1]}{table.to if rises else ' '}{found[3]}"

    return RANGE.sub(say, text)


def say_polarity(text: str, table: Table) -> str:
    """`text` with the signs of positive and negative numbers in words, those of amounts of money
    included: -5, −$5, $-5, +5."""
    currencies = one_of(table.currencies)
    space = " " if table.is_spaced else ""
    for sign, words in (("−-", table.minus), ("+", table.plus or table.signs["+"])):
        # The sign of a number, not a hyphen.
        before = rf"(?<![\w{sign}])[{sign}](?=\d|(?:{currencies}){SPACE}\d)"
        inside = rf"(?<![\w{sign}])({currencies}){SPACE}[{sign}](?=\d)"
        text = re.sub(inside, rf"{words}{space}\1", text)
        text = re.sub(before, words + space, text)
    return text


def say_percent(text: str, table: Table) -> str:
    """`text` with its percentages in words."""

    def say(found: re.Match[str]) -> str:
        number = parse(found["number"], table)
        if number is None:
            return found.group()
        words = said(number, table)
        is_before = table.cldr.startswith("zh")
        return joined([table.percent, words] if is_before else [words, table.percent], table)

    return PERCENT.sub(say, text)


def say_money(text: str, table: Table) -> str:
    """`text` with its amounts of money in words."""
    codes = (code for code, sign in CODES.items() if sign in table.currencies)
    signs, scales = one_of((*table.currencies, *codes)), one_of(table.scales)
    scale = rf"(?:{SPACE}(?P<scale>{scales})(?![{LATIN}]))?"
    number = rf"(?P<number>{NUMBER})"
    before = re.compile(rf"(?<![{LATIN}\d])(?P<sign>{signs}){SPACE}{number}{scale}")
    after = re.compile(rf"{START}{number}{scale}{SPACE}(?P<sign>{signs})(?![\w])")
    for pattern in (before, after):
        text = pattern.sub(lambda found: _money(found, table), text)
    return text


def say_units(text: str, table: Table) -> str:
    """`text` with its quantities in words."""
    units = re.compile(
        rf"{START}(?P<number>{NUMBER}){SPACE}(?P<unit>{one_of(table.units)})(?![{LATIN}\d²³/])"
    )

    def say(found: re.Match[str]) -> str:
        number = parse(found["number"], table)
        return (
            found.group() if number is None else counted(number, table.units[found["unit"]], table)
        )

    return units.sub(say, text)


def counted(number: Number, noun: Noun, table: Table) -> str:
    """`number` with the noun that it counts."""
    words = said(number, table, noun.gender)
    if table.of and not number.decimals and int(number.whole) and not int(number.whole) % MILLION:
        is_elided = table.cldr in ELIDING and noun.many[0].lower() in VOWELS
        return (
            f"{words} {table.of[0]}'{noun.many}" if is_elided else f"{words} {table.of} {noun.many}"
        )
    return joined([words, noun.one if number.is_one else noun.many], table)


def _money(found: re.Match[str], table: Table) -> str:
    number, currency = (
        parse(found["number"], table),
        table.currencies[CODES.get(found["sign"], found["sign"])],
    )
    if number is None:
        return found.group()
    if found["scale"]:
        words = said(number, table, "" if number.decimals else currency.major.gender)
        return joined([words, table.scales[found["scale"]], currency.major.many], table)
    cents = number.decimals
    if currency.minor is None or len(cents) != PRECISION:
        return counted(number, currency.major, table)
    whole, part = Number(number.whole), Number(str(int(cents)))
    parts = [counted(whole, currency.major, table)] if int(whole.whole) else []
    if int(cents):
        parts.append(counted(part, currency.minor, table))
    if not parts:
        return f"{cardinal('0', table)} {currency.major.many}"
    return f" {table.join_minor} ".join(parts)


def _value(number: Number) -> float:
    return float(f"{number.whole}.{number.decimals or 0}")
