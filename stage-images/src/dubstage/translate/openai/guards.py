"""Whether an answer can be the translation of a text. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from langcodes import Language

from dubstage.text.language_identity import common_others, probability
from dubstage.text.languages import primary, standard
from dubstage.timing.prediction import CHARACTERS_PER_SECOND, OTHER_CHARACTERS_PER_SECOND
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.openai.addresses import has_address, says_addresses
from dubstage.translate.openai.prompt import RULES
from dubstage.translate.unchanged import is_untranslated

SHORTEST, LONGEST = 0.4, 2.5
"""Length relative to the expected one."""
SHORT_TEXT = 20
"""Characters: the length of a shorter text says little."""
IMPROBABLE = 0.01
"""A lower probability of the target language means that the answer is in another one."""
SCRIPT_SHARE = 0.5
"""Share of the letters that are in the script of the target language, at least."""
ECHO_WORDS = 6
"""Words of the prompt in a row that no translation has."""
MARKUP = re.compile(r"</?[a-z][^<>]*>|\]\(|```", re.IGNORECASE)
SCRIPT_NAMES = {
    "Arab": ("ARABIC",), "Armn": ("ARMENIAN",), "Beng": ("BENGALI",), "Cyrl": ("CYRILLIC",),
    "Deva": ("DEVANAGARI",), "Ethi": ("ETHIOPIC",), "Geor": ("GEORGIAN",), "Grek": ("GREEK",),
    "Gujr": ("GUJARATI",), "Guru": ("GURMUKHI",), "Hans": ("CJK",), "Hant": ("CJK",),
    "Hang": ("HANGUL", "CJK"), "Kore": ("HANGUL", "CJK"), "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC"), "Khmr": ("KHMER",),
    "Knda": ("KANNADA",), "Laoo": ("LAO",), "Latn": ("LATIN",), "Mlym": ("MALAYALAM",),
    "Mymr": ("MYANMAR",), "Orya": ("ORIYA",), "Sinh": ("SINHALA",), "Taml": ("TAMIL",),
    "Telu": ("TELUGU",), "Thai": ("THAI",),
}  # fmt: skip
"""ISO 15924 to how the names of its letters in Unicode begin."""
REFUSALS = (
    "as an ai", "as a language model", "here is the translation", "here's the translation",
    "i'm sorry, but i can't", "i'm sorry, but i cannot", "i can't assist", "i cannot assist",
    "i can't help with", "i cannot translate", "i can't translate",
)  # fmt: skip
"""How models begin what is no translation, whatever the language."""
ENGLISH_REFUSALS = ("i'm sorry", "i am sorry", "i cannot", "i can't", "i'm unable", "sorry, ")
"""The same, in a dub that is not into English."""


def is_acceptable(segment: SourceSegment, answer: str, job: TranslationContext) -> bool:
    """Whether `answer` can be the translation of the segment, but for its glossary terms."""
    if is_untranslated(segment.text, answer, job.source, job.target):
        return False
    return (
        has_script(answer, job.target)
        and _has_language(segment.text, answer, job)
        and _has_length(segment.text, answer, job)
        and not _is_refusal(answer, job.target)
        and not _is_echo(segment.text, answer)
        and not _adds_code(segment.text, answer)
    )


def keeps_terms(segment: SourceSegment, answer: str, job: TranslationContext) -> bool:
    """Whether the answer has the terms of the glossary that are in the segment."""
    folded = answer.casefold()
    return all(entry.rendering.casefold() in folded for entry in job.terms.values_in(segment.text))


def has_script(text: str, language: str) -> bool:
    """Whether at least half of the letters of `text` are in the script of `language`."""
    script = Language.get(standard(language)).maximize().script
    names = SCRIPT_NAMES.get(script or "")
    letters = [unicodedata.name(x, "") for x in text if x.isalpha()]
    if names is None or not letters:
        return True
    return sum(name.startswith(names) for name in letters) >= SCRIPT_SHARE * len(letters)


def _has_language(text: str, answer: str, job: TranslationContext) -> bool:
    """Whether the answer can be in the target language. Names and terms say nothing, so words of
    the text and renderings of terms do not count."""
    for entry in job.terms.values_in(text):
        answer = answer.replace(entry.rendering, " ")
    known = set(text.casefold().split())
    own = " ".join(word for word in answer.split() if word.casefold() not in known)
    others = [job.source, *common_others(job.target)]
    found = probability(own, job.target, others)
    return found is None or found >= IMPROBABLE or sum(map(str.isalpha, own)) < SHORT_TEXT


def _has_length(text: str, answer: str, job: TranslationContext) -> bool:
    rates = [
        CHARACTERS_PER_SECOND.get(primary(tag), OTHER_CHARACTERS_PER_SECOND)
        for tag in (job.source, job.target)
    ]
    expected = len(text) * rates[1] / rates[0]
    if len(answer) > max(expected * LONGEST, expected + 2 * SHORT_TEXT):
        return False
    return len(text) < SHORT_TEXT or len(answer) >= expected * SHORTEST


def _is_refusal(answer: str, target: str) -> bool:
    plain = answer.casefold().replace("’", "'").lstrip("\"'“*# ")
    phrases = REFUSALS if primary(target) == "en" else REFUSALS + ENGLISH_REFUSALS
    return plain.startswith(phrases)


def _adds_code(text: str, answer: str) -> bool:
    """Whether the answer has an address or markup, and nobody says one."""
    if MARKUP.search(answer) and not MARKUP.search(text):
        return True
    return has_address(answer) and not says_addresses(text, answer)


def _is_echo(text: str, answer: str) -> bool:
    """Whether the answer holds words of the prompt, or one phrase again and again."""
    words = answer.casefold().split()
    runs = [" ".join(words[n : n + ECHO_WORDS]) for n in range(len(words) - ECHO_WORDS + 1)]
    prompt = " ".join(RULES).casefold()
    if any(run in prompt and run not in text.casefold() for run in runs):
        return True
    return bool(runs) and max(Counter(runs).values()) > 2
