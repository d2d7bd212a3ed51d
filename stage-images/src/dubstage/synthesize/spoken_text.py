"""Text prepared for CosyVoice: numbers in words, no control tokens, short chunks.

It replaces CosyVoice's own text front end, which spells numbers in English or Chinese for any
language, and downloads its grammars.
"""

from __future__ import annotations

import re

from dubstage.text.chunks import chunks
from dubstage.text.languages import is_spaced, primary
from dubstage.text.punctuation import SENTENCE_MARKS

CONTROL = re.compile(r"<\|[^|]*\|>|</?\w+>|\[[^\[\]]*\]|[\[\]<>|]")
"""Control tokens of the model: ``<|endofprompt|>``, ``[laughter]``, ``<strong>``."""
BETWEEN_DIGITS = re.compile(r"(?<=\d)[:/–-](?=\d)")
"""Marks in times, dates and scores: 12:30, 3-1."""
LATIN = "A-Za-zÀ-ÖØ-öø-ÿ"
NUMBER = re.compile(rf"(?<![{LATIN}\d])\d+(?:[.,\u00a0\u202f]\d+)*(?![{LATIN}\dºª]|[.,]\d)")
"""A number that is no part of a word: MP3, B2B and 90km stay as they are. Letters of other scripts
may touch it, as in 3人."""
ORDINAL = {
    "en": re.compile(rf"(?<![{LATIN}\d.,])(\d{{1,4}})(?:st|nd|rd|th)\b"),
    "es": re.compile(rf"(?<![{LATIN}\d.,])(\d{{1,2}})\.?([ºª])"),
    "fr": re.compile(rf"(?<![{LATIN}\d.,])(\d{{1,4}})(?:ers?|res?|e|es|ème|èmes)\b"),
    "it": re.compile(rf"(?<![{LATIN}\d.,])(\d{{1,3}})([ºª])"),
}
"""Ordinals as each language writes them; the second group says that it is feminine."""
MINUS = {
    "de": "minus", "en": "minus", "es": "menos", "fr": "moins", "it": "meno",
}  # fmt: skip
NEGATIVE = re.compile(r"(?<![\w-])[-−](?=\d)")
"""The sign of a number, not a hyphen."""
GROUPS = r"[1-9]\d{0,2}(?P<mark>[.,\u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*"
THOUSANDS = re.compile(GROUPS)
"""1,234,567 with any mark; never after a leading 0."""
DECIMAL = re.compile(rf"(?P<whole>{GROUPS}|\d+)(?!(?P=mark))[.,](?P<decimals>\d+)")
"""1234.56 and 1,234.56: the mark before the decimals is not the one between thousands."""
POINT_DECIMALS = frozenset({"en", "ja", "ko", "yue", "zh"})
"""Languages with a decimal point: 3.142 is about pi. In the others it is three thousand."""
LONGEST_NUMBER = 18
"""Digits of the longest number that is spelled."""
YEAR = re.compile(r"1[1-9]\d\d")
SPELLS_YEARS = frozenset({"de", "en"})
"""Languages that read 1984 in two halves."""
SPELLED = frozenset({"de", "en", "es", "fr", "it", "ja", "ko", "ru"})
"""Languages whose numbers are spelled here; the model reads digits in Chinese itself."""
LONGEST_SPACED, LONGEST_UNSPACED = 240, 60
"""Characters of one chunk: about 80 tokens, where CosyVoice itself splits."""


def spoken_chunks(text: str, language: str) -> list[str]:
    """The chunks of `text` to speak, in order; empty for a text without words."""
    plain = BETWEEN_DIGITS.sub(" ", CONTROL.sub(" ", text))
    plain = _with_signs_and_ordinals(plain, primary(language))
    plain = " ".join(NUMBER.sub(lambda match: _spelled(match.group(), language), plain).split())
    spaced = is_spaced(language)
    parts = chunks(plain, LONGEST_SPACED if spaced else LONGEST_UNSPACED)
    spoken = [chunk for chunk in parts if any(letter.isalnum() for letter in chunk)]
    period = "." if spaced else "。"
    return [chunk if chunk[-1] in SENTENCE_MARKS else f"{chunk}{period}" for chunk in spoken]


def _with_signs_and_ordinals(text: str, tag: str) -> str:
    """The text with ordinals and minus signs in words, where the language has them here."""
    if tag in MINUS:
        text = NEGATIVE.sub(f"{MINUS[tag]} ", text)
    return ORDINAL[tag].sub(lambda match: _ordinal(match, tag), text) if tag in ORDINAL else text


def _ordinal(match: re.Match[str], tag: str) -> str:
    words = _in_words(match[1], tag, "ordinal")
    is_feminine = match.re.groups > 1 and match[2] == "ª"
    return f"{words[:-1]}a" if is_feminine and words.endswith("o") else words


def _spelled(number: str, language: str) -> str:
    """The number in words; unchanged if it is too long, or its form or the language is not
    known."""
    tag = primary(language)
    if tag not in SPELLED or sum(letter.isdecimal() for letter in number) > LONGEST_NUMBER:
        return number
    mark = "." if tag in POINT_DECIMALS else ","
    if THOUSANDS.fullmatch(number) and not re.fullmatch(rf"\d+{re.escape(mark)}\d+", number):
        return _in_words(_digits(number), tag)
    if decimal := DECIMAL.fullmatch(number):
        return _with_decimals(_digits(decimal["whole"]), decimal["decimals"], tag)
    if number.isdecimal() and tag in SPELLS_YEARS and YEAR.fullmatch(number):
        return _in_words(number, tag, "year")
    return " ".join(_in_words(part, tag) for part in re.findall(r"\d+", number))


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _in_words(digits: str, tag: str, kind: str = "cardinal") -> str:
    from num2words import num2words

    return str(num2words(int(digits), lang=tag, to=kind))


def _with_decimals(whole: str, decimals: str, tag: str) -> str:
    from num2words import num2words

    if tag == "it":  # num2words drops Italian decimals.
        return " ".join([_in_words(whole, tag), "virgola", *(_in_words(x, tag) for x in decimals)])
    return str(num2words(f"{whole}.{decimals}", lang=tag))
