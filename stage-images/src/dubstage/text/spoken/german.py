"""German dates and ordinals, which are numbers with a period: ``24.12.``, ``die 3. Auflage``."""

from __future__ import annotations

import re

from dubstage.text.punctuation import AFTER_ORDINAL
from dubstage.text.spoken.agreement import is_feminine
from dubstage.text.spoken.dates import ordinal_form
from dubstage.text.spoken.numerals import ordinal
from dubstage.text.spoken.patterns import START
from dubstage.text.spoken.table import Table

NOUNS = "|".join(
    (
        *AFTER_ORDINAL,
        *"auflage ausgabe staffel halbzeit bundesliga liga generation sinfonie fc".split(),
    )
)
STARTERS = (
    "Da Dann Danach Dort Der Die Das Er Es Sie Wir Ich Ihr Ein Eine Und Aber Doch Denn So Als Wenn "
    "Hier Heute In Im Am An Auf Aus Bei Mit Nach Von Zu Zum Zur Für Jetzt Nun Was Wer Wie Wo"
)
ARTICLES = (
    "der die das den dem des zum zur beim im am vom ein eine einem einen einer eines jeder jede "
    "jedes jeden jedem diese dieser dieses diesem diesen unser unsere seine seinem seinen seiner "
    "ihre ihrem ihren ihrer mein meine meinem meinen meiner"
)
ORDINAL = re.compile(
    rf"{START}(\d{{1,4}})\.(?=\s(?i:{NOUNS})\b)"
    rf"|(?:(?<=\s)|(?<=^))(?<![\d.]\s)(?P<article>(?i:{'|'.join(ARTICLES.split())}) )"
    rf"(?P<day>\d{{1,3}})\.(?=\s(?!(?:{'|'.join(STARTERS.split())})\b)[A-ZÄÖÜ][\wäöüß])"
)
PAIR = re.compile(
    rf"{START}(?P<first>\d{{1,2}})\.(?P<link>\s?[-–—]\s?|\s(?:und|bis|oder|bis zum)\s|/)"
    rf"(?P<last>\d{{1,2}})\.(?=\s(?i:{NOUNS})\b)"
)
DAY = re.compile(rf"{START}(?P<d>\d{{1,2}})\.\s?(?P<m>\d{{1,2}})\.(?![\w]|[.,-]?\d|\s\d)")
LONGEST_DAY = 4
"""Digits of ``24.12.``."""
CHAPTER = re.compile(r"\b(?:Version|Kapitel|Abschnitt|Psalm|Ziffer|Punkt|Teil|Nr\.|Artikel|Vers) $")
BEFORE_DAY = re.compile(r"\b(?i:am|vom|zum|bis|ab|seit|der|den|dem|des|und|beim)\s$")


def say_german(text: str, table: Table) -> str:
    """`text` with ``24.12.``, ``1.-15. Januar`` and ``die 3. Auflage`` in words."""
    if table.cldr != "de":
        return text
    text = PAIR.sub(lambda found: _pair(found, table), text)
    text = DAY.sub(lambda found: _day(found, table), text)
    return ORDINAL.sub(lambda found: _ordinal(found, table), text)


def _pair(found: re.Match[str], table: Table) -> str:
    form = ordinal_form(found, table)
    first, last = (ordinal(int(found[end]), table, form) for end in ("first", "last"))
    is_range = found["link"].strip() in ("-", "–", "—")
    return f"{first}{table.to if is_range else found['link']}{last}"


def _day(found: re.Match[str], table: Table) -> str:
    """``24.12.``, which is no chapter: after a preposition, or with two digits each."""
    day, month = int(found["d"]), int(found["m"])
    before = found.string[: found.start()]
    is_long = len(found["d"] + found["m"]) == LONGEST_DAY
    is_sure = is_long or BEFORE_DAY.search(before) is not None
    is_sure = is_sure and CHAPTER.search(before) is None
    if not is_sure or not (1 <= day <= 31 and 1 <= month <= 12):
        return found.group()
    words = f"{ordinal(day, table, ordinal_form(found, table))} {table.dates.months[month - 1]}"
    return words + ("" if found.string[found.end() :].strip() else ".")


def _ordinal(found: re.Match[str], table: Table) -> str:
    if found["day"]:
        noun = found.string[found.end() :].split()[0].strip(".,;:!?").lower()
        article = found["article"]
        form = _form(article.strip().lower(), noun, table)
        return article + ordinal(int(found["day"]), table, form)
    noun = found.string[found.end() :].split()[0].strip(".,;:!?")
    form = ordinal_form(found, table)
    return ordinal(int(found[1]), table, "m" if form == "er" and is_feminine(noun, table) else form)


def _form(article: str, noun: str, table: Table) -> str:
    if article in ("ein", "mein", "unser"):
        return "er"
    if article in ("jeder", "jede", "jedes", "diese", "dieser", "dieses"):
        return "m"
    if article.endswith(("m", "n", "zur", "es", "ner", "rer")):
        return "en"
    return "en" if article.endswith("er") and is_feminine(noun, table) else "m"
