"""Numbers with what they count: money, units, percent, ranges, fractions."""

from __future__ import annotations

import re

from dubstage.text.spoken.numerals import Number, joined, parse, said
from dubstage.text.spoken.patterns import LATIN, NUMBER, SPACE, START, one_of
from dubstage.text.spoken.table import Noun, Table

ANSWER = re.compile(r"(?:\b(?:said?|says?|saying|answer\w*|repl\w+|told|is an?)|[,:“\"'])\s*$")
ELIDING, VOWELS = frozenset(("ca", "fr")), "aeiouàéèíòóúh"
"""Languages in which *de* loses its vowel before another one."""


def say_signs(text: str, table: Table) -> str:
    """`text` with ``&`` and the signs of arithmetic in words."""
    words = table.signs
    if "&" in words:
        text = re.sub(r"\s*&\s*", f" {words['&']} ", text)
    for sign in ("+", "=", "×", "÷"):
        if sign in words:
            between = rf"(?<=[\w)])\s?{re.escape(sign)}\s?(?=[\w(])"
            text = re.sub(between, f" {words[sign]} ", text)
    text = re.sub(r"(?<=\d)\s?−\s?(?=\d)", f" {table.minus} ", text)
    if table.number_sign:
        text = _say_number_sign(text, table)
    if table.section[0]:
        one, many = table.section
        text = re.sub(
            r"(§§?)\s?(?=\d)", lambda found: f"{many if found[1] == '§§' else one} ", text
        )
    return text


def _say_number_sign(text: str, table: Table) -> str:
    """`text` with ``#1`` and ``No. 1`` in words. A *no* that somebody says stays."""
    words = table.number_sign + (" " if table.is_spaced else "")

    def say(found: re.Match[str]) -> str:
        is_answer = found.group().startswith("no.") and ANSWER.search(found.string[: found.start()])
        return found.group() if is_answer else words

    return re.sub(rf"(?:#|№|{table.number_marks})\s?(?=\d)", say, text)


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
    if table.cldr == "zh":
        text = re.sub(
            rf"{START}(?P<number>{NUMBER}){table.to}(?P<last>{NUMBER})[%％]",
            rf"\g<number>%{table.to}\g<last>",
            text,
        )

    def say(found: re.Match[str]) -> str:
        number = parse(found["number"], table)
        if number is None:
            return found.group()
        words = said(number, table)
        is_before = table.cldr.startswith("zh")
        return joined([table.percent, words] if is_before else [words, table.percent], table)

    again = rf"(?:{SPACE}{re.escape(table.percent)}(?![{LATIN}]))?"
    return re.sub(rf"{START}(?P<number>{NUMBER}){SPACE}[%％]{again}", say, text)


def say_units(text: str, table: Table) -> str:
    """`text` with its quantities in words."""
    nouns = {noun for each in table.units.values() for noun in (each.one, each.many)}
    again = rf"(?:{SPACE}(?P<again>{one_of(nouns)})(?![{LATIN}]))?"
    units = re.compile(
        rf"{START}(?P<number>{NUMBER}){SPACE}(?P<unit>{one_of(table.units)})(?![{LATIN}\d²³/]){again}"
    )

    def say(found: re.Match[str]) -> str:
        number, noun, again = (
            parse(found["number"], table),
            table.units[found["unit"]],
            found["again"],
        )
        if number is None:
            return found.group()
        words = counted(number, noun, table)
        is_said = again in (None, noun.one, noun.many)
        return words if is_said else f"{words} {again}"

    return units.sub(say, text)


def counted(number: Number, noun: Noun, table: Table) -> str:
    """`number` with the noun that it counts."""
    words = said(number, table, noun.gender)
    if table.of and number.is_millions:
        return f"{words} {after_of(noun.many, table)}"
    return joined([words, noun.one if number.is_one else noun.many], table)


def after_of(noun: str, table: Table) -> str:
    """`noun` after *de*."""
    is_elided = table.cldr in ELIDING and noun[0].lower() in VOWELS
    return f"{table.of[0]}'{noun}" if is_elided else f"{table.of} {noun}"
