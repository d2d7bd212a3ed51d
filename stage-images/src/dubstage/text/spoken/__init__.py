"""Text as it is said: numbers, dates, amounts, abbreviations and addresses in words.

Every voice gets the same words, whatever its engine would make of ``3 km`` or ``$5.99``. What a
language says is in one table per language; numbers follow the rules of Unicode CLDR.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from langcodes import Language

from dubstage.text.languages import primary, standard
from dubstage.text.spoken.amounts import (
    say_percent,
    say_polarity,
    say_signs,
    say_units,
)
from dubstage.text.spoken.dates import mark_times, say_dates, say_short_months, say_times
from dubstage.text.spoken.fractions import say_fractions
from dubstage.text.spoken.german import say_german
from dubstage.text.spoken.languages import asian, ca, de, en, es, fr, it, pt, ru
from dubstage.text.spoken.money import say_money
from dubstage.text.spoken.names import say_abbreviations, say_addresses, say_mixed, say_romans
from dubstage.text.spoken.phones import say_phones
from dubstage.text.spoken.plain import say_decades, say_numbers, say_ordinals, say_spellings
from dubstage.text.spoken.ranges import say_marked_ranges, say_ranges
from dubstage.text.spoken.shorthand import join_groups, say_magnitudes, say_short_forms
from dubstage.text.spoken.table import Table

TABLES = {
    "ca": ca.TABLE,
    "de": de.TABLE,
    "en": en.AMERICAN,
    "es": es.TABLE,
    "fr": fr.TABLE,
    "it": it.TABLE,
    "ja": asian.JAPANESE,
    "ko": asian.KOREAN,
    "pt": pt.BRAZILIAN,
    "ru": ru.TABLE,
    "zh": asian.CHINESE,
}
REGIONS = {("pt", "PT"): pt.EUROPEAN}
BRITISH = frozenset(("AU", "GB", "IE", "IN", "NZ", "ZA"))
"""Regions of English with the day before the month."""
PHONEMES = re.compile(r"(\[\[.*?\]\])")
"""Phonemes for an engine; they stay as they are."""

RULES: tuple[Callable[[str, Table], str], ...] = (
    say_addresses,
    say_spellings,
    say_short_months,
    say_german,
    say_dates,
    say_phones,
    mark_times,
    say_marked_ranges,
    say_times,
    join_groups,
    say_short_forms,
    say_abbreviations,
    say_fractions,
    say_ranges,
    say_polarity,
    say_money,
    say_percent,
    say_units,
    say_magnitudes,
    say_ordinals,
    say_decades,
    say_romans,
    say_signs,
    say_mixed,
    say_numbers,
)
"""Applied in this order: each leaves the digits that it does not know to those after it."""


def in_words(text: str, language: str) -> str:
    """`text` as it is said in `language` (BCP 47); unchanged in a language without a table."""
    table = table_of(language)
    if table is None:
        return text
    parts = PHONEMES.split(text)
    for number in range(0, len(parts), 2):
        for rule in RULES:
            parts[number] = rule(parts[number], table)
    return re.sub(r"[ \u00a0\u202f]+", " ", "".join(parts)).strip()


def table_of(language: str) -> Table | None:
    """The table of a language, in the variant of its region; None for a language without one."""
    tag, region = primary(language), Language.get(standard(language)).territory
    if tag == "en" and region in BRITISH:
        return en.BRITISH
    return REGIONS.get((tag, region or "")) or TABLES.get(tag)
