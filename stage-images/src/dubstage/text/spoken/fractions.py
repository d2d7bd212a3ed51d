"""Fractions: ``½``, ``1/2 taza``, ``3 ½ tazas``, ``2 1/2``."""

from __future__ import annotations

import re

from dubstage.text.spoken.agreement import is_feminine
from dubstage.text.spoken.amounts import after_of
from dubstage.text.spoken.numerals import cardinal
from dubstage.text.spoken.patterns import LATIN, START, UNCOUNTED, one_of
from dubstage.text.spoken.table import Noun, Table

HALVES = frozenset(("½", "1/2"))
WORD = rf"(?:[ \u00a0](?P<noun>[{LATIN}²³°]+)(?![\w/]))?"


def say_fractions(text: str, table: Table) -> str:
    """`text` with halves, thirds and quarters in words."""
    signs = one_of(fraction for fraction in table.fractions if len(fraction) == 1)
    written = one_of(fraction for fraction in table.fractions if len(fraction) > 1)
    if table.fractions:
        gap = r"[ \u00a0-]" if table.cldr == "en" else r"[ \u00a0]"
        parts = rf"(?:[ \u00a0]?(?P<sign>{signs})|{gap}(?P<written>{written})(?![\d/]))"
        mixed = rf"{START}(?P<whole>\d{{1,4}}){parts}"
        text = re.sub(mixed + WORD, lambda found: _mixed(found, table), text)
    alone = rf"(?:(?P<sign>{signs})|(?<![\d/.,])(?P<written>{written})(?![\d/]))"
    return re.sub(alone + WORD, lambda found: _alone(found, table), text)


def _mixed(found: re.Match[str], table: Table) -> str:
    """A whole number with a fraction. In Romance languages, the noun is between them."""
    fraction, written = found["sign"] or found["written"], found["noun"] or ""
    tail = f" {written}" if written else _gap(found)
    if fraction in table.joined_fractions:
        return cardinal(found["whole"], table) + table.joined_fractions[fraction] + tail
    if not (table.and_half and _is_noun(written, table)):
        return found["whole"] + table.and_fraction + table.fractions[fraction] + tail
    if found["whole"] == "1" and written not in table.units:
        if table.cldr not in ("es", "fr", "pt", "pt_PT"):
            return f"1{table.and_fraction}{table.fractions[fraction]}{tail}"
        written = re.sub("(?<=[aeo])s$", "", written)
    words = table.fractions[fraction]
    if fraction in HALVES:
        words = table.and_half["f" if _is_feminine(written, table) else "m"]
    return f"{found['whole']} {written}{table.and_fraction}{words}"


def _alone(found: re.Match[str], table: Table) -> str:
    fraction, written = found["sign"] or found["written"], found["noun"] or ""
    words, unit = table.fractions[fraction], table.units.get(written)
    if not written:
        return words + _gap(found)
    gender = (
        unit.gender
        if unit
        else "f"
        if _is_noun(written, table) and _is_feminine(written, table)
        else ""
    )
    if fraction in HALVES:
        return f"{table.halves.get(gender, words)} {unit.one if unit else written}"
    return f"{words} {_part(unit, table) if unit else written}"


def _part(unit: Noun, table: Table) -> str:
    return after_of(unit.one, table) if table.of else unit.one


def _gap(found: re.Match[str]) -> str:
    return " " if found.string[found.end() :][:1].isalnum() else ""


def _is_noun(word: str, table: Table) -> bool:
    return bool(word) and (word in table.units or word.lower() not in UNCOUNTED)


def _is_feminine(word: str, table: Table) -> bool:
    unit = table.units.get(word)
    if unit:
        return unit.gender == "f"
    return is_feminine(word, table) or (table.cldr == "it" and word.endswith("e"))
