"""Telephone numbers and book numbers, which are said digit by digit."""

from __future__ import annotations

import re

from dubstage.text.spoken.numerals import cardinal, digits
from dubstage.text.spoken.patterns import one_of, word_after
from dubstage.text.spoken.shorthand import is_plural
from dubstage.text.spoken.table import Table

HYPHENS = "-\u2010\u2011"
BOOK = re.compile(
    r"(?<![\w.-])(?P<isbn>ISBN(?:-1[03])?:?\s?)?"
    rf"(?P<book>(?(isbn)\d|97[89])(?:[ {HYPHENS}]?\d){{8,12}}(?:[ {HYPHENS}]?X)?)(?![\w-])"
)
PHONE = re.compile(
    r"(?<![\w.,-])(?:\+\d{1,3}(?:[ -]?\d{2,4}){2,7}"
    r"|0\d{1,4}[ /-]\d{3,8}(?:[ -]\d{2,8})*"
    r"|\d{2,4}(?:-\d{2,4}){2,7}|\d{1,5}(?:-\d{1,7}){2,7}"
    r"|\(\d{2,4}\) ?\d{2,4}(?: \d{2,4})*-\d{2,4}(?:[ -]\d{2,4})*)(?![\w-]|[.,]\d)"
)
FEWEST = 7
"""Digits of a telephone number; fewer between hyphens are a score or a date."""
FRENCH = re.compile(r"(?<![\w.,-])0[1-9](?:([ .-])\d\d)(?:\1\d\d){3}(?![\w-]|[.,]\d)")
"""Five pairs, which are said as numbers."""
LOCAL = re.compile(r"(?<![\w.,/-])(?P<first>[2-9]\d\d)-(?P<last>\d{4})(?![\w-]|[.,/]\d|%)")
SPACED = re.compile(r"(?<![\w.,])\d{2,3}(?: \d{2,4}){1,4}(?![\w-]|[.,]\d| \d)")
FICTION = "555"
"""The exchange of invented telephone numbers in North America."""
YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
LATEST_YEAR = 2100
CALLS = re.compile(
    r"(?:\b(?:tel|phone|call|dial|fax|mobile|hotline|whats|ll[aà]m|marc|m[oó][bv]il|ligu|ligar|disc"
    r"|chiam|cell|appel|compos|numéro de|ruf|handy|durchwahl)[^\W\d_]*\.?(?:\s[^\W\d_]+)?[:\s]*"
    r"|(?:전화|번호|電話|番号|电话|手机|热线|拨|致电|拨打)[^\s\d]{0,3}[:：\s]*)$",
    re.I,
)
"""What precedes a telephone number."""
LOOK_BACK = 40
AMOUNT = re.compile(r"[1-9]\d{0,2}(?: \d{3})+|\d+-\d+")
"""What may also be a number with its thousands, or a range."""
CALLED_AT = re.compile(
    r"(?:\b(?:at|on|number|le|au|numéro|al|el|número|il|numero|ao|o|unter|nummer)\s|[:：]\s*)$",
    re.I,
)
"""What precedes a telephone number, and no amount of anything."""
CHINESE_MOBILE = re.compile(r"(?<![\d.,])1[3-9]\d{9}(?![\d.,%元个人美欧万亿年])")
CHINESE_SERVICE = re.compile(r"(?<=[拨打])(?<!\d)(?:1[12]\d|1\d{4}|9\d{4})(?!\d)")


def say_phones(text: str, table: Table) -> str:
    """`text` with telephone and book numbers digit by digit."""
    text = BOOK.sub(lambda found: _book(found, table), text)
    if table.cldr == "fr":
        text = FRENCH.sub(lambda found: _pairs(found.group(), table), text)
    if table.cldr == "zh":
        for pattern in (CHINESE_MOBILE, CHINESE_SERVICE):
            text = pattern.sub(lambda found: _groups(found.group(), table), text)
    text = LOCAL.sub(lambda found: _local(found, table), text)
    text = PHONE.sub(lambda found: _phone(found, table), text)
    return SPACED.sub(lambda found: _after_call(found, table), text)


def _book(found: re.Match[str], table: Table) -> str:
    written = found["book"]
    if sum(each.isdecimal() for each in written) + written.count("X") not in (10, 13):
        return found.group()
    if not found["isbn"] and not re.search(rf"[ {HYPHENS}]", written):
        return found.group()
    return (found["isbn"] or "") + _groups(written, table)


def _phone(found: re.Match[str], table: Table) -> str:
    is_years = all(YEAR.fullmatch(group) for group in found.group().split("-"))
    is_amount = found.group().endswith(" 000")
    if is_years or is_amount or sum(each.isdecimal() for each in found.group()) < FEWEST:
        return found.group()
    return _groups(found.group(), table)


def _local(found: re.Match[str], table: Table) -> str:
    """``555-1234``, unless it may be a range: ``pages 900-1200``."""
    last = int(found["last"])
    is_phone = (
        found["first"] == FICTION
        or found["last"].startswith("0")
        or (_is_called(found, table) and bool(last % 100))
        or (last > LATEST_YEAR and bool(last % 10) and not _counts(found, table))
    )
    return _groups(found.group(), table) if is_phone else found.group()


def _after_call(found: re.Match[str], table: Table) -> str:
    enough = sum(each.isdecimal() for each in found.group()) >= FEWEST
    return _groups(found.group(), table) if enough and _is_called(found, table) else found.group()


def _is_called(found: re.Match[str], table: Table) -> bool:
    """Whether a word for a call precedes the number, which counts nothing: ``my phone has 64 128
    256 options``."""
    before = found.string[max(0, found.start() - LOOK_BACK) : found.start()]
    return CALLS.search(before) is not None and not _counts(found, table)


def _counts(found: re.Match[str], table: Table) -> bool:
    """Whether a number that may be an amount precedes what it counts."""
    before = found.string[max(0, found.start() - LOOK_BACK) : found.start()]
    if not AMOUNT.fullmatch(found.group()) or CALLED_AT.search(before):
        return False
    word = word_after(found)
    marks = re.compile(rf"\s?(?:{one_of((*table.currencies, *table.units, *table.scales))})(?!\w)")
    return (
        marks.match(found.string, found.end()) is not None
        or word.lower() in _currency_names(table)
        or is_plural(word, table)
    )


def _currency_names(table: Table) -> set[str]:
    nouns = [each.major for each in table.currencies.values()]
    return {name.lower() for noun in nouns for name in (noun.one, noun.many)}


def _groups(written: str, table: Table) -> str:
    """The groups of `written` digit by digit, with a pause between them."""
    return table.pause.join(
        each if each == "X" else _digits(each, table) for each in re.findall(r"\d+|X", written)
    )


def _digits(group: str, table: Table) -> str:
    words = digits(group, table)
    for plain, on_the_phone in table.phone_digits.items():
        words = words.replace(plain, on_the_phone)
    return words


def _pairs(written: str, table: Table) -> str:
    return table.pause.join(cardinal(pair, table) for pair in re.findall(r"\d\d", written))
