"""Ordinals, decades, years, and all numbers that no other rule has said."""

from __future__ import annotations

import re

from dubstage.text.spoken.agreement import is_feminine, is_native
from dubstage.text.spoken.amounts import after_of
from dubstage.text.spoken.numerals import cardinal, joined, ordinal, parse, said, year
from dubstage.text.spoken.patterns import END, NUMBER, START, UNCOUNTED, WORD_AFTER, word_before
from dubstage.text.spoken.shorthand import is_plural
from dubstage.text.spoken.table import Table

PLAIN = re.compile(rf"{START}({NUMBER}){END}")
YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
DECADE = re.compile(r"(?<![\w’'])[’']?(\d{3}0|[2-9]0)[’']?s\b")
DECADES_OF_GERMAN = re.compile(rf"{START}((?:1\d|20)?\d0)er\b")
WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
THOUSAND = re.compile(r"\smil(?=\s)")
ELIDED = "\0"
"""Marks a space that the apostrophe before it takes away: *un million d'habitants*."""
LONGEST = 30
"""Digits of a number that is said; nobody listens to a longer one."""


def say_spellings(text: str, table: Table) -> str:
    """`text` with plain digits, and with the numbers that have a word of their own: the Korean
    months 6월 and 10월."""
    text = text.translate(WIDE_DIGITS)
    for pattern, words in table.spellings.items():
        text = re.sub(pattern, words, text)
    return text


def say_ordinals(text: str, table: Table) -> str:
    """`text` with its ordinals in words."""
    if not table.ordinal:
        return text
    return re.sub(rf"{START}{table.ordinal}", lambda found: _ordinal(found, table), text)


def _ordinal(found: re.Match[str], table: Table) -> str:
    ending = found[2] if found.re.groups > 1 else ""
    if ending and re.fullmatch(table.feminine, ending):
        return ordinal(int(found[1]), table, "f")
    is_adjective = ending == "er" and "a" in table.numerals.ordinals
    words = ordinal(int(found[1]), table, "a" if is_adjective else "m")
    return f"{words}s" if ending.endswith("s") else words


def say_decades(text: str, table: Table) -> str:
    """`text` with the 1990s and the '90s in words, in English and German (die 1990er)."""
    if table.cldr == "de":
        return DECADES_OF_GERMAN.sub(lambda found: f"{_year_or_number(found[1], table)}er", text)
    if table.cldr != "en":
        return text

    def say(found: re.Match[str]) -> str:
        words = year(found[1], table)
        return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"

    return DECADE.sub(say, text)


def _year_or_number(written: str, table: Table) -> str:
    return year(written, table) if len(written) == 4 else cardinal(written, table)


def say_numbers(text: str, table: Table) -> str:
    """`text` with all other numbers in words."""
    return PLAIN.sub(lambda found: _plain(found, table), text).replace(f"{ELIDED} ", "")


def _plain(found: re.Match[str], table: Table) -> str:
    written = found[1]
    if sum(letter.isdecimal() for letter in written) > LONGEST:
        return written
    if _is_year(found, table):
        return year(written, table)
    number = parse(written, table)
    if number is None:
        parts = [cardinal(part, table) for part in re.findall(r"\d+", written)]
        return joined(list(_between(parts, table.web.dot)), table)
    following = found.string[found.end() :]
    touches = table.is_spaced and following.startswith(table.counters or "\0")
    gender = _gender(found, table)
    words = said(number, table, gender)
    if table.of and gender and number.is_millions and _counts_plural(following, table):
        link = after_of(following.lstrip()[:1], table)
        return f"{words} {link[:-1].rstrip()}" + (ELIDED if "'" in link else "")
    return words + (" " if touches else "")


def _counts_plural(following: str, table: Table) -> bool:
    word = WORD_AFTER.match(following)
    return word is not None and is_plural(word[1], table)


def _between(parts: list[str], mark: str) -> list[str]:
    """`parts` with `mark` between them."""
    return [word for part in parts for word in (mark, part)][1:]


def _is_year(found: re.Match[str], table: Table) -> bool:
    written = found[1]
    if not YEAR.fullmatch(written):
        return False
    if table.year_mark:
        return _counted(found, table).startswith(table.year_mark)
    if not table.year_after:
        return False
    is_past = written.startswith("1")
    return is_past or word_before(found).lower() in table.year_after


def _counted(found: re.Match[str], table: Table) -> str:
    """What follows a number, or the range that it begins."""
    following = found.string[found.end() :]
    end = re.match(rf"{re.escape(table.to)}{NUMBER}", following)
    return following[end.end() :] if end else following


def _gender(found: re.Match[str], table: Table) -> str:
    """The form of a number before the word that it counts."""
    following = _counted(found, table)
    if table.counters:
        return _counter_form(found, following.lstrip(), table)
    thousand = THOUSAND.match(following) if table.thousand_agrees else None
    following = following[thousand.end() :] if thousand else following
    after = WORD_AFTER.match(following)
    word = after[1] if after else ""
    is_noun = following[:1].isspace() and word and word.lower() not in UNCOUNTED
    if not table.counted or not is_noun or (table.capital_nouns and not word[0].isupper()):
        return table.counted if thousand else ""
    return "f" if is_feminine(word, table) else table.counted


def _counter_form(found: re.Match[str], following: str, table: Table) -> str:
    """``counter`` before a counter with native numbers."""
    if not following.startswith(table.counters) or following.startswith(table.other_counters):
        return ""
    before = found.string[: found.start()]
    if before.endswith(table.ordinal_marks):
        return ""
    if table.cldr == "ko":
        return "counter" if is_native(int(re.sub(r"\D", "", found[1])), before, following) else ""
    return "counter"
