"""Dates and times of day."""

from __future__ import annotations

import re

from dubstage.text.spoken.agreement import NOON
from dubstage.text.spoken.numerals import cardinal, joined, ordinal, year
from dubstage.text.spoken.patterns import START, one_of, word_before
from dubstage.text.spoken.table import Table

ISO = re.compile(rf"{START}(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)(?![\d-])")
LITTLE = re.compile(
    rf"{START}(?P<a>\d{{1,2}})(?P<mark>[./-])(?P<b>\d{{1,2}})(?P=mark)(?P<y>\d{{4}}|\d\d)(?![\w]|[./-]\d)"
)
BIG = re.compile(
    rf"{START}(?P<y>\d{{4}})(?P<mark>[./-])(?P<m>\d{{1,2}})(?P=mark)(?P<d>\d{{1,2}})(?!\d)"
)
HALF_DAY = r"\s?(?P<half>[ap])(?:m\b|\.\s?m\b(?:\.(?!\s+(?-i:[A-Z])|\s*$))?)"
HOUR, MINUTE = r"[01]?\d|2[0-4]", r"[0-5]\d"
SHORTEST_MONTH = 3
SHORT_MONTH = re.compile(
    r"(?P<before>\b\d{1,2}\.? (?P<of>de )?)(?P<short>[^\W\d_]{3,5})\b\.?"
    r"(?P<rest>,? (?:de |del )?(?P<y>(?:1\d|20)\d\d))\b"
)
ENGLISH_MONTH = re.compile(
    r"(?P<before>\b)(?P<short>Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
    r"(?= (?:[12]?\d|3[01])(?:st|nd|rd|th)?(?![\w:]|[.,]\d)| (?:1[89]|20)\d\d\b)"
)
CENTURY = "20"
"""Two digits of a year stand for this century."""
AFTER_DATIVE = frozenset(
    "am vom zum zur dem den des im beim bis ab seit einem einer jeden diesem diesen ersten".split()
)
AFTER_ARTICLE = frozenset(("der", "die", "das", "eine"))


def say_dates(text: str, table: Table) -> str:
    """`text` with its dates in words."""
    text = ISO.sub(lambda found: _date(found, found["y"], found["m"], found["d"], table), text)
    if table.dates.order == "ymd":
        return BIG.sub(lambda found: _date(found, found["y"], found["m"], found["d"], table), text)
    text = LITTLE.sub(lambda found: _little(found, table), text)
    return _after_months(text, table) if table.dates.order == "mdy" or table.cldr == "en" else text


def say_short_months(text: str, table: Table) -> str:
    """`text` with the whole names of months that are abbreviated in a date: ``Mar 3``, in English,
    and ``3 mar. 2024``."""
    names = [re.sub(r"^(?:de |d')", "", name) for name in table.dates.months]

    def say(found: re.Match[str]) -> str:
        short = found["short"].lower()
        full = [name for name in names if name.lower().startswith(short) and name.lower() != short]
        if len(full) != 1:
            return found.group()
        written = found.groupdict().get("y")
        if not written or found["of"] or " de " not in table.dates.said:
            return found["before"] + full[0] + (found["rest"] if written else "")
        return f"{found['before']}de {full[0]} de {written}"

    if not names[0].isalpha() or not table.is_spaced or len(names[0]) < SHORTEST_MONTH:
        return text
    text = SHORT_MONTH.sub(say, text)
    return ENGLISH_MONTH.sub(say, text) if table.cldr == "en" else text


def say_times(text: str, table: Table) -> str:
    """`text` with its times of day in words."""
    times = table.times
    half = HALF_DAY if table.cldr == "en" else "(?P<half>(?!))"
    tail = rf"(?:{half}|(?P<mark>{times.mark}))" if times.mark else rf"(?:{half})?"
    text = re.sub(r"(?<=\d)：(?=[0-5]\d(?!\d))", ":", text)
    if table.cldr == "fr":
        text = re.sub(r"(?<=\d)\s?h/\s?(?=\d)", " h sur ", text)
        text = re.sub(r"(?<=\d)\s?j/\s?(?=\d)", " jours sur ", text)
    clock = re.compile(
        rf"{START}(?P<h>\d{{1,2}}):(?P<m>\d\d)(?::(?P<s>\d\d))?(?![\d:]){tail}", re.I
    )
    text = clock.sub(lambda found: _time(found, table), text)
    if table.cldr == "en":
        text = re.compile(rf"{START}(?P<h>\d{{1,2}})(?P<m>){half}", re.I).sub(
            lambda found: _time(found, table), text
        )
    if times.letter:
        lettered = re.compile(
            rf"{START}(?P<h>\d{{1,2}})\s?{times.letter}\s?(?P<m>{MINUTE})(?:\s?min)?(?P<half>)"
            r"(?!\w|[.,:]\d| \d|\s?[€$%])"
        )
        text = lettered.sub(lambda found: _time(found, table), text)
    return text


def mark_times(text: str, table: Table) -> str:
    """`text` with ``14:30`` for the ``14.30`` of Italian and German, both ends of a range."""
    times, clock = table.times, rf"({HOUR})\.({MINUTE})"
    until, end = rf"{clock}\s?([-–])\s?{clock}", r"(?!\d|[.,:]\d)"
    before, after = rf"\b({times.dot_before})\s", rf"(?={times.dot_after})"
    for pattern, marked in (
        (rf"{before}{until}{end}", r"\1 \2:\3\4\5:\6"),
        (rf"{before}{clock}{end}", r"\1 \2:\3"),
        (rf"{START}{until}{end}{after}", r"\1:\2\3\4:\5"),
        (rf"{START}{clock}{end}{after}", r"\1:\2"),
    ):
        text = re.sub(pattern, marked, text, flags=re.I)
    return text


def ordinal_form(found: re.Match[str], table: Table) -> str:
    """The form of a German ordinal after the word before it; ``m`` in other languages."""
    if "en" not in table.numerals.ordinals:
        return "m"
    before = word_before(found).lower()
    if before in AFTER_DATIVE:
        return "en"
    return "m" if before in AFTER_ARTICLE else "er"


def _little(found: re.Match[str], table: Table) -> str:
    first, second = found["a"], found["b"]
    if found["mark"] == "." and len(found["y"]) == 2:
        return found.group()
    if table.dates.order == "mdy" and int(second) > 12 >= int(first):
        return _date(found, found["y"], first, second, table)
    is_month_first = table.dates.order == "mdy" and int(first) <= 12
    month, day = (first, second) if is_month_first else (second, first)
    return _date(found, found["y"], month, day, table)


def _date(found: re.Match[str], written: str, month: str, day: str, table: Table) -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return found.group()
    name = table.dates.months[int(month) - 1]
    return table.dates.said.format(
        day=_day(int(day), found, table),
        month=cardinal(name, table) if name.isdecimal() else name,
        year=year(written if len(written) == 4 else CENTURY + written, table),
    )


def _day(day: int, found: re.Match[str], table: Table) -> str:
    if day in table.dates.ordinal_days:
        return ordinal(day, table, ordinal_form(found, table))
    return cardinal(str(day), table)


def _after_months(text: str, table: Table) -> str:
    """English dates with the name of the month: ``May 5, 2024`` and ``5 May``."""
    months = one_of(table.dates.months)
    day = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?(?![\w:]|[.,]\d|[-–—]\d)"
    after = re.compile(
        rf"\b(?P<m>{months}) {day}(?:(?P<comma>,?) (?P<y>[12]\d{{3}})(?![\w:]|[.,]\d))?"
    )
    before = re.compile(rf"{START}(?P<the>the )?{day}(?P<of> of)? (?P<m>{months})\b")
    text = after.sub(lambda found: _named(found, "{month} {day}", table), text)
    return before.sub(lambda found: _named(found, "the {day} of {month}", table), text)


def _named(found: re.Match[str], form: str, table: Table) -> str:
    day = int(found["d"])
    if not 1 <= day <= 31:
        return found.group()
    if word_before(found).lower() == "the":
        form = form.removeprefix("the ")
    said = form.format(day=ordinal(day, table), month=found["m"])
    written = found.groupdict().get("y")
    return f"{said}{found['comma']} {year(written, table)}" if written else said


def _time(found: re.Match[str], table: Table) -> str:
    hour, minute = int(found["h"]), int(found["m"] or 0)
    half = (found["half"] or "").upper()
    if hour > (12 if half else 24) or minute > 59:
        return found.group()
    times = table.times
    gender = "" if table.cldr == "ko" and hour > NOON else times.gender
    spoken_hour = cardinal(str(hour), table, gender)
    hours = times.hours.one if hour in (0, 1) else times.hours.many
    seconds = _seconds(found, table)
    if not minute:
        whole = "{hour}" if half else (seconds and times.exact) or times.whole
        said = whole.format(hour=spoken_hour, hours=hours)
    else:
        zero = f"{times.zero} " if times.zero and minute < 10 else ""
        said = times.full.format(
            hour=spoken_hour, hours=hours, minute=zero + cardinal(str(minute), table)
        )
    said += seconds
    return f"{said} {half} M" if half else said


def _seconds(found: re.Match[str], table: Table) -> str:
    """The seconds of a time, if there are any."""
    written, noun = found.groupdict().get("s") or "0", table.times.second
    if not (0 < int(written) <= 59 and noun.one):
        return ""
    number = str(int(written))
    words = [cardinal(number, table, noun.gender), noun.one if number == "1" else noun.many]
    return table.times.join_seconds + joined(words, table)
