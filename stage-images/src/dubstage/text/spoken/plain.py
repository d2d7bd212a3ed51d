"""Ordinals, decades, years, and all numbers that no other rule has said."""

from __future__ import annotations

import re

from dubstage.text.punctuation import AFTER_ORDINAL
from dubstage.text.spoken.dates import ordinal_form
from dubstage.text.spoken.numerals import cardinal, digits, joined, ordinal, parse, said, year
from dubstage.text.spoken.patterns import END, NUMBER, START, word_after, word_before
from dubstage.text.spoken.table import Table

GROUPED = re.compile(r"(?<![\w.,])[1-9]\d{0,2}(?: \d{3})+(?![\w]|[.,]?\d{4})")
PLAIN = re.compile(rf"{START}({NUMBER}){END}")
YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
DECADE = re.compile(r"(?<![\w’'])[’']?(\d{3}0|[2-9]0)[’']?s\b")
PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}(?:[ -]?\d{2,4}){2,}|\d{2,4}(?:-\d{2,4}){2,}"
    r"|\(\d{2,4}\) ?\d{2,4}(?: \d{2,4})*-\d{2,4}(?:[ -]\d{2,4})*)(?![\w-])"
)
DECADES_OF_GERMAN = re.compile(rf"{START}((?:1\d|20)?\d0)er\b")
GERMAN_ORDINAL = re.compile(rf"{START}(\d{{1,4}})\.(?=\s({'|'.join(AFTER_ORDINAL)})\b)", re.I)
LONGEST = 30
"""Digits of a number that is said; nobody listens to a longer one."""
UNCOUNTED = frozenset(
    (
        "y o e u i a de del dels en el la los las al por que con para es son fue era como pero si "
        "no per amb em da do das dos na nos mais foi ou et und oder di il lo gli le che è non un "
        "millones milions milhões milioni million millionen"
    ).split()
)
"""Words that a number before them does not count."""


def join_groups(text: str, table: Table) -> str:
    """`text` with ``1 000 000`` as one number, in languages that write it so."""
    if not table.space_groups:
        return text
    return GROUPED.sub(lambda found: found.group().replace(" ", ""), text)


def say_phones(text: str, table: Table) -> str:
    """`text` with telephone numbers digit by digit."""

    def say(found: re.Match[str]) -> str:
        groups = re.findall(r"\d+", found.group())
        return ", ".join(digits(group, table) for group in groups)

    return PHONE.sub(say, text)


def say_ordinals(text: str, table: Table) -> str:
    """`text` with its ordinals in words."""
    if "en" in table.numerals.ordinals:
        return GERMAN_ORDINAL.sub(
            lambda found: ordinal(int(found[1]), table, ordinal_form(found, table)), text
        )
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
    return PLAIN.sub(lambda found: _plain(found, table), text)


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
    touches = table.is_spaced and found.string[found.end() :].startswith(table.counters or "\0")
    return said(number, table, _gender(found, table)) + (" " if touches else "")


def _between(parts: list[str], mark: str) -> list[str]:
    """`parts` with `mark` between them."""
    return [word for part in parts for word in (mark, part)][1:]


def _is_year(found: re.Match[str], table: Table) -> bool:
    written = found[1]
    if not YEAR.fullmatch(written):
        return False
    if table.year_mark:
        return found.string[found.end() :].startswith(table.year_mark)
    if not table.year_after:
        return False
    is_past = written.startswith("1")
    return is_past or word_before(found).lower() in table.year_after


def _gender(found: re.Match[str], table: Table) -> str:
    """The form of a number before the word that it counts."""
    following = found.string[found.end() :]
    if table.counters:
        return "counter" if following.lstrip().startswith(table.counters) else ""
    word = word_after(found)
    is_noun = following[:1].isspace() and word and word.lower() not in UNCOUNTED
    if not table.counted or not is_noun or (table.capital_nouns and not word[0].isupper()):
        return ""
    word = word.lower()
    is_feminine = word.endswith(table.feminine_endings) and word not in table.masculine_in_a
    return "f" if is_feminine else table.counted
