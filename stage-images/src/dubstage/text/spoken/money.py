"""Amounts of money: ``$5.99``, ``5 €``, ``$1.2M``, ``5 €/kg``, ``$5 dollars``."""

from __future__ import annotations

import re

from dubstage.text.spoken.amounts import after_of, counted
from dubstage.text.spoken.numerals import Number, cardinal, joined, parse, said
from dubstage.text.spoken.patterns import LATIN, NUMBER, SPACE, START, one_of
from dubstage.text.spoken.table import Currency, Noun, Table

CODES = {
    "EUR": "€", "GBP": "£", "INR": "₹", "Rs": "₹", "Rs.": "₹",
    "JPY": "¥", "KRW": "₩", "USD": "$", "US$": "$",
}  # fmt: skip
PRECISION = 2
"""Decimals of an amount that has cents."""
THOUSANDS = frozenset(("mil", "mila", "mille"))
"""Scales that have no gender of their own."""


def say_money(text: str, table: Table) -> str:
    """`text` with its amounts of money in words."""
    if not table.currencies:
        return text
    codes = (code for code, sign in CODES.items() if sign in table.currencies)
    signs, units = one_of((*table.currencies, *codes)), one_of(table.units)
    scale = rf"(?:{SPACE}(?P<scale>{one_of(table.scales)})(?![{LATIN}]))?"
    unit = rf"(?:{units})(?![{LATIN}\d²³/])|[{LATIN}]{{3,}}|[年月日天]"
    tail = rf"(?:{_noun_again(table)}|\s?/\s?(?P<per>{unit}))?"
    number = rf"(?P<number>{NUMBER}){scale}"
    before = re.compile(
        rf"(?<![{LATIN}\d])(?P<sign>{signs}){SPACE}{number}{tail}(?![\d{LATIN}]|[.,]\d)"
    )
    after = re.compile(rf"{START}{number}{SPACE}(?P<sign>{signs})(?![{LATIN}\d]){tail}")
    for pattern in (before, after) if table.point_decimals else (after, before):
        text = pattern.sub(lambda found: _money(found, table), text)
    alone = re.compile(rf"(?<!\w)(?P<sign>{signs})/(?P<per>{units})(?![{LATIN}\d²³/])")
    return alone.sub(lambda found: _per(_currency(found, table).major.many, found, table), text)


def _noun_again(table: Table) -> str:
    """Pattern of the noun that the sign has said already: ``$5 dollars``."""
    nouns = {
        noun for each in table.currencies.values() for noun in (each.major.one, each.major.many)
    }
    nouns |= {noun.rpartition(" ")[2] for noun in nouns}
    link = rf"(?:{re.escape(table.of)}\s|d['’])?" if table.of else ""
    words = one_of({*nouns, *table.other_currencies})
    return rf"{SPACE}{link}(?P<again>{words})(?![{LATIN}])"


def _currency(found: re.Match[str], table: Table) -> Currency:
    return table.currencies[CODES.get(found["sign"], found["sign"])]


def _money(found: re.Match[str], table: Table) -> str:
    number, currency = parse(found["number"], table), _currency(found, table)
    if number is None:
        return found.group()
    again = found["again"]
    if again and found["sign"] == "$":
        currency = table.other_currencies.get(again, currency)
    amount = _amount(number, found["scale"], currency, table)
    if found["per"]:
        return _per(amount, found, table)
    is_said = again and currency.major.many.startswith(again[:-1])
    is_said = is_said or (again and currency.major.many.endswith(f" {again}"))
    return amount if is_said or not again else f"{amount} {again}"


def _per(amount: str, found: re.Match[str], table: Table) -> str:
    """`amount` for each of a unit."""
    unit = table.units.get(found["per"])
    return table.per.format(amount=amount, unit=unit.one if unit else found["per"])


def _amount(number: Number, scale: str | None, currency: Currency, table: Table) -> str:
    if scale:
        return _scaled(number, scale, currency.major, table)
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


def _scaled(number: Number, scale: str, noun: Noun, table: Table) -> str:
    """``$1.2M`` and ``$3 million``."""
    scaled, gender = table.scales[scale], noun.gender
    if table.magnitudes and scale not in THOUSANDS:
        gender = "f" if table.cldr == "de" else table.counted
    if number.is_one and scale in table.magnitudes:
        scaled = f"{table.magnitudes[scale][0]} {table.of}".strip()
    words = said(number, table, gender)
    if table.of and scaled.endswith(f" {table.of}"):
        return f"{words} {scaled.removesuffix(table.of)}{after_of(noun.many, table)}"
    return joined([words, scaled, noun.many], table)
