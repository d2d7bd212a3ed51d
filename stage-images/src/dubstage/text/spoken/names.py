"""Abbreviations, Roman numerals, addresses, and words of letters and digits."""

from __future__ import annotations

import re

from dubstage.text.punctuation import CLOSERS
from dubstage.text.spoken.dates import ordinal_form
from dubstage.text.spoken.numerals import cardinal, digits, ordinal
from dubstage.text.spoken.patterns import one_of, word_after, word_before
from dubstage.text.spoken.table import Romans, Table

DOMAINS = (
    "com org net edu gov int io es de fr it pt br uk us ca jp kr cn tw cat eu info biz tv co app "
    "dev ai me ch at be nl mx ar"
)
ADDRESS = re.compile(
    r"(?<![\w@.])(?:https?://)?(?:[\w.+-]+@)?(?:[A-Za-z0-9-]+\.)+"
    rf"(?:{'|'.join(DOMAINS.split())})(?![\w-])(?:/[\w./~#?=&%-]*[\w/])?",
    re.I,
)
ROMAN = (
    r"(?<![\w.’'-])(?P<roman>(?=[IVXLCDM])"
    r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
)
INITIAL = 2
"""Length of an abbreviation of one letter, which may be the initial of a name."""
LAST = frozenset(
    (
        "etc.", "ecc.", "usw.", "a.m.", "p.m.", "a. m.", "p. m.", "a. C.", "d. C.", "a.C.", "d.C.",
        "EE. UU.", "EE.UU.", "av. J.-C.", "apr. J.-C.",
    )
)  # fmt: skip
"""Abbreviations that often end a sentence."""
AFTER_NAMES = frozenset(
    (
        "Ave.", "Blvd.", "Inc.", "Jr.", "Sr.", "Rd.", "Ltd.", "dept.", "v. Chr.", "n. Chr.", "Jh.",
        "Str.", "Mio.", "Mrd.", "Std.",
    )
)  # fmt: skip
"""Abbreviations after which a word with a capital may be a name as well as a new sentence."""
BEGINNING = re.compile(
    r"\s+[\"“‘'(¿¡]?(?:The|A|An|He|She|It|We|You|They|I|I['’]\w+|This|That|These|Those|There|Here"
    r"|His|Her"
    r"|Its|Our|Their|My|Your|In|On|At|By|For|From|With|And|But|So|Then|When|While|After|Before|If|As"
    r"|What|Who|Why|How|Where|Is|Was|Are|Did|Do|Der|Die|Das|Er|Sie|Es|Wir|Ich|Ein|Eine|Und|Aber|Dann"
    r"|Da|Danach|Im|Am|Auf|Aus|Bei|Mit|Nach|Hier|Heute)\b"
)
"""A word that begins a sentence."""
BEFORE_SAINTS = frozenset(
    "The In On At To From Of And With Mount Port Lake Fort Visit Near By Saint Via For".split()
)
SAINT = re.compile(r"(?P<before>(?<![\w’'-])[\w’'-]+ )?(?<![\w.])St\.(?!\w)")
VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
MIXED = re.compile(
    r"(?<![A-Za-z0-9.,])(?:[A-Z]+-\d{1,4}|[A-Za-z]+\d{1,4}|\d{1,4}[A-Za-z])[A-Za-z0-9]{0,6}(?![A-Za-z0-9]|\.\d)"
)
RUN = re.compile(r"\d+|[A-Za-z]+")
LONGEST_INITIALS = 3
"""Capitals that are said one by one, even if they could be read as a word."""


def say_addresses(text: str, table: Table) -> str:
    """`text` with the marks in its addresses in words."""
    words = {".": table.web.dot, "/": table.web.slash, "@": table.web.at, "-": table.web.dash}

    def say(found: re.Match[str]) -> str:
        address = re.sub(r"^https?://", "", found.group().rstrip("/"))
        address = re.sub(r"^www(?=\.)", "w w w", address)
        return re.sub(r"[./@-]", lambda mark: f" {words[mark.group()]} ", address)

    return ADDRESS.sub(say, text)


def say_abbreviations(text: str, table: Table) -> str:
    """`text` with its abbreviations in words. A period that also ends the sentence stays."""
    pattern = re.compile(rf"(?<![\w.])({one_of(table.abbreviations)})(?![\w])")

    def say(found: re.Match[str]) -> str:
        written, rest = found[1], found.string[found.end() :]
        if len(written) == INITIAL and not _is_title(found, rest):
            return found.group()
        ends = written.endswith(".") and _ends_sentence(written, rest)
        return table.abbreviations[written] + ("." if ends else "")

    text = pattern.sub(say, text)
    return _say_saints(text) if table.cldr == "en" else text


def _ends_sentence(written: str, rest: str) -> bool:
    """Whether the period of an abbreviation also ends the sentence."""
    if not rest.strip(CLOSERS + " "):
        return True
    if written in LAST:
        return re.match(r"\s+[A-ZÀ-Þ¿¡]", rest) is not None
    return written in AFTER_NAMES and BEGINNING.match(rest) is not None


def _say_saints(text: str) -> str:
    """English `text` with ``St.`` in words, where what surrounds it tells which word."""

    def say(found: re.Match[str]) -> str:
        rest, before = found.string[found.end() :], found["before"] or ""
        name = before.strip()
        precedes_name = re.match(r" [A-Z][a-z]", rest) and not BEGINNING.match(rest)
        is_ordinal = re.fullmatch(r"\d+(?:st|nd|rd|th)", name) and not precedes_name
        follows_name = is_ordinal or (name[:1].isupper() and name not in BEFORE_SAINTS)
        if precedes_name and not follows_name:
            return f"{before}Saint"
        if follows_name and not precedes_name:
            ends = not rest.strip(CLOSERS + " ") or BEGINNING.match(rest)
            return f"{before}Street" + ("." if ends else "")
        return found.group()

    return SAINT.sub(say, text)


def _is_title(found: re.Match[str], rest: str) -> bool:
    """Whether one letter with a period is a title: a name follows, and no initial precedes."""
    before = found.string[: found.start()]
    return bool(re.match(r"\s[^\W\d_a-z]", rest)) and not re.search(r"\b[^\W\d_]\.\s*$", before)


def say_romans(text: str, table: Table) -> str:
    """`text` with its Roman numerals in words, where they can be nothing else."""
    suffix = f"(?P<suffix>{table.romans.suffix})?" if table.romans.suffix else "(?P<suffix>(?!))?"
    pattern = re.compile(rf"{ROMAN}{suffix}(?!\w|[’'](?!s\b))")
    return pattern.sub(lambda found: _roman(found, table), text)


def _roman(found: re.Match[str], table: Table) -> str:
    written, romans = found["roman"], table.romans
    number, before = _value(written), word_before(found)
    after = word_after(found).lower()
    if found["suffix"] and found["suffix"] != "." and not set(written) <= set("IVX"):
        return found.group()  # French *Le* and *De*
    if event := _of_event(found, after, romans):
        return _event(found, number, event, table)
    if not written or (written == "I" and not _is_number_one(found, before, romans)):
        return found.group()
    if gender := romans.ordinals_before.get(before.lower()):
        if number > romans.ordinals_up_to:
            return cardinal(str(number), table)
        words = ordinal(number, table, gender)
        words = words[:1].upper() + words[1:] if romans.article else words
        ends = "." if found["suffix"] == "." and not found.string[found.end() :].strip() else ""
        return f"{romans.article} {words}".strip() + ends
    if found["suffix"] and found["suffix"] != ".":
        return ordinal(number, table, "f" if found["suffix"] in ("re", "ère") else "m")
    is_title = len(written) > 1 and set(written) <= set("IVX") and before[:1].isupper()
    is_title = is_title and not set(before) <= set(VALUES)
    if before.lower() in romans.before or is_title:
        return cardinal(str(number), table) + (found["suffix"] or "")
    return found.group()


def _of_event(found: re.Match[str], after: str, romans: Romans) -> str:
    """The gender of the noun after a numeral that is its ordinal; empty if there is none."""
    is_sure = found["roman"] != "I" or word_after(found)[:1].isupper()
    has_period = found["suffix"] == "." or romans.suffix != r"\."
    return romans.after.get(after, "") if found["roman"] and is_sure and has_period else ""


def _event(found: re.Match[str], number: int, gender: str, table: Table) -> str:
    """The ordinal before a noun: *Segunda* Guerra Mundial."""
    if "en" in table.numerals.ordinals:
        form = ordinal_form(found, table)
        return ordinal(number, table, "m" if form == "er" and gender == "f" else form)
    adjective = gender == "m" and "a" in table.numerals.ordinals
    words = ordinal(number, table, "a" if adjective else gender)
    return words[:1].upper() + words[1:] if word_after(found)[:1].isupper() else words


def _is_number_one(found: re.Match[str], before: str, romans: Romans) -> bool:
    """Whether an I is a numeral and no word: after a capital, and not before a small letter."""
    if before.lower() not in romans.before and before.lower() not in romans.ordinals_before:
        return bool(found["suffix"])
    goes_on = re.match(r"\s[a-z]", found.string[found.end() :])
    return before.lower() not in romans.before or before[:1].isupper() or not goes_on


def _value(written: str) -> int:
    values = [VALUES[letter] for letter in written]
    return sum(
        -value if value < max(values[number + 1 :], default=0) else value
        for number, value in enumerate(values)
    )


def say_mixed(text: str, table: Table) -> str:
    """`text` with spaces between letters and digits: MP3, B2B, COVID-19."""

    def say(found: re.Match[str]) -> str:
        runs = RUN.findall(found.group())
        return " ".join(_run(run, table) for run in runs)

    return MIXED.sub(say, text)


def _run(run: str, table: Table) -> str:
    if run.isdecimal():
        return digits(run, table) if run.startswith("0") else cardinal(run, table)
    is_word = len(run) > LONGEST_INITIALS and any(letter in "AEIOU" for letter in run)
    return " ".join(run) if run.isupper() and not is_word else run
