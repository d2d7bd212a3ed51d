"""German dates and ordinals, which are numbers with a period: ``24.12.``, ``die 3. Auflage``."""

from __future__ import annotations

import re

from dubstage.text.punctuation import AFTER_ORDINAL, CLOSERS
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
STARTERS = frozenset(
    (
        "Da Dann Danach Dort Der Die Das Dem Den Des Er Es Sie Wir Ich Ihr Ihnen Ihm Mir Mich Dir "
        "Dich Uns Euch Man Jemand Niemand Alle Alles Viele Manche Einige Etwas Nichts Ein Eine "
        "Einen Einem Einer Kein Keine Dieser Diese Dieses Mein Meine Dein Deine Sein Seine Unser "
        "Unsere Und Aber Doch Denn Oder Sondern Also So Als Wenn Weil Dass Ob Falls Damit Nachdem "
        "Bevor Seit Seitdem Während Obwohl Sobald Solange Sonst Auch Nur Noch Nicht Vielleicht "
        "Leider Natürlich Hoffentlich Eigentlich Gerade Gestern Später Vorher Nachher Dabei Dafür "
        "Darum Deshalb Deswegen Trotzdem Außerdem Jedoch Hier Heute Jetzt Nun Bald In Im Am An Auf "
        "Aus Bei Beim Mit Nach Von Vom Zu Zum Zur Für Ohne Gegen Durch Um Vor Über Unter Bis Ab "
        "Was Wer Wie Wo Wann Warum Wieso Weshalb Wohin Woher Welcher Welche Welches Wem Wen Ja "
        "Nein Hallo Danke Bitte Okay Genau Klar Stimmt Richtig Guten Ist Sind War Waren Hat Hast "
        "Habt Hatte Wird Kann Kannst Muss Musst Will Willst Soll Darf Gibt Geht"
    ).split()
)
"""Words that begin a sentence, and are no nouns."""
SUBJECTS = frozenset("ich du er sie Sie es man wir ihr".split())
VERBS = frozenset(
    "ist sind war waren hat haben hatte hatten wird werden wurde wurden kommt kommen kam geht "
    "gehen ging macht machen kann können muss müssen will soll sagt gibt steht bleibt "
    "bekommt".split()
)
"""Frequent forms: where two of them surround a number, a sentence ends between them."""
VERB_END = re.compile(r"(?:[tne]|weiß|gib|hab|komm|darf|mag)$", re.I)
ARTICLES = (
    "der die das den dem des zum zur beim im am vom ein eine einem einen einer eines jeder jede "
    "jedes jeden jedem diese dieser dieses diesem diesen unser unsere seine seinem seinen seiner "
    "ihre ihrem ihren ihrer mein meine meinem meinen meiner"
)
ORDINAL = re.compile(
    rf"{START}(\d{{1,4}})\.(?=\s(?i:{NOUNS})\b)"
    rf"|(?:(?<=\s)|(?<=^))(?<![\d.]\s)(?P<article>(?i:{'|'.join(ARTICLES.split())}) )"
    rf"(?P<day>\d{{1,3}})\.(?=\s[^\W\d_]|[{re.escape(CLOSERS)}“]?(?:\s|$))"
)
DAYS = frozenset("der den dem am zum vom beim im".split())
"""Articles after which a number up to 31 that ends a sentence is a day."""
LAST_DAY = 31
DATIVES = re.compile(r"\b(?:in|mit|von|zu|aus|bei|nach|seit|an|auf|vor)\s$", re.I)
CLAUSE_MARK = re.compile(r"[.!?,;:]")
NEAR = 100
"""Characters before and after a number that are examined."""
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
    following = found.string[found.end() : found.end() + NEAR].split()[:2]
    noun = following[0].strip(".,;:!?") if following else ""
    if not found["day"]:
        form = ordinal_form(found, table)
        is_first = form == "er" and is_feminine(noun, table)
        return ordinal(int(found[1]), table, "m" if is_first else form)
    article, number = found["article"].strip().lower(), int(found["day"])
    if not _ends_sentence(found, following):
        form = _form(article, noun.lower() if noun[:1].isupper() else "", table)
        return found["article"] + ordinal(number, table, form)
    if article not in DAYS or number > LAST_DAY:
        return found.group()
    is_dative = article == "der" and DATIVES.search(_before(found)) is not None
    form = "en" if is_dative else _form(article, "", table)
    return f"{found['article']}{ordinal(number, table, form)}."


def _ends_sentence(found: re.Match[str], following: list[str]) -> bool:
    """Whether the period after an article and a number ends a sentence. No noun follows it: the
    next word is a verb before its subject, or both sides have a verb."""
    if not following or not found.string[found.end()].isspace():
        return True
    first, second = following[0].strip(CLOSERS + ".,;:!?"), following[-1].strip(".,;:!?")
    if first in STARTERS:
        return True
    if first[:1].islower() or len(following) == 1:
        return False
    if second in SUBJECTS:
        return VERB_END.search(first) is not None
    clause = CLAUSE_MARK.split(_before(found))[-1].split()
    return second in VERBS and not VERBS.isdisjoint(clause)


def _before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - NEAR) : found.start()]


def _form(article: str, noun: str, table: Table) -> str:
    if article in ("ein", "mein", "unser"):
        return "er"
    if article in ("jeder", "jede", "jedes", "diese", "dieser", "dieses"):
        return "m"
    if article.endswith(("m", "n", "zur", "es", "ner", "rer")):
        return "en"
    return "en" if article.endswith("er") and is_feminine(noun, table) else "m"
