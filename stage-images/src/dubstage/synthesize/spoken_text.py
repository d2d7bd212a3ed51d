"""Text as CosyVoice is to read it.

CosyVoice's own preparation spells numbers in English or Chinese whatever the language is,
and fetches its grammars from the network. So it is left off, and this takes its place.
"""

from __future__ import annotations

import re

from dubstage.languages import is_spaced, primary
from dubstage.pieces import pieces

CONTROL = re.compile(r"<\|[^|]*\|>|</?\w+>|[\[\]<>|]")
"""What the model takes for a command: ``<|endofprompt|>``, ``[laughter]``, ``<strong>``."""
BETWEEN_DIGITS = re.compile(r"(?<=\d)[:/–-](?=\d)")
"""Of times, dates and scores: 12:30, 3-1."""
NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")
THOUSANDS = re.compile(r"\d{1,3}(?:([.,\u00a0\u202f])\d{3})(?:\1\d{3})*")
DECIMAL = re.compile(r"(\d+)[.,](\d+)")
YEAR = re.compile(r"1[1-9]\d\d")
SPELLS_YEARS = frozenset({"de", "en"})
"""Languages that read 1984 in two halves."""
SPELLED = frozenset({"de", "en", "es", "fr", "it", "ja", "ko", "ru"})
"""Languages whose numbers are spelled here; the model reads Chinese digits itself."""
ENDS = ".!?…。！？"
LONGEST_SPACED, LONGEST_UNSPACED = 240, 60
"""Characters of one piece: about the 80 tokens at which CosyVoice splits by itself."""


def spoken_pieces(text: str, language: str) -> list[str]:
    """What is to be read, one piece after the other; empty where there is no word."""
    plain = BETWEEN_DIGITS.sub(" ", CONTROL.sub(" ", text))
    plain = " ".join(NUMBER.sub(lambda match: _spelled(match.group(), language), plain).split())
    spaced = is_spaced(language)
    found = pieces(plain, LONGEST_SPACED if spaced else LONGEST_UNSPACED)
    words = [piece for piece in found if any(letter.isalnum() for letter in piece)]
    stop = "." if spaced else "。"
    return [piece if piece[-1] in ENDS else f"{piece}{stop}" for piece in words]


def _spelled(number: str, language: str) -> str:
    """The number in words; as it is where its form or the language is not known."""
    from num2words import num2words

    tag = primary(language)
    if tag not in SPELLED:
        return number
    if THOUSANDS.fullmatch(number):
        return str(num2words(int(re.sub(r"\D", "", number)), lang=tag))
    if number.isdecimal():
        kind = "year" if tag in SPELLS_YEARS and YEAR.fullmatch(number) else "cardinal"
        return str(num2words(int(number), lang=tag, to=kind))
    decimal = DECIMAL.fullmatch(number)
    if decimal:
        return str(num2words(f"{decimal.group(1)}.{decimal.group(2)}", lang=tag))
    return " ".join(num2words(int(part), lang=tag) for part in re.findall(r"\d+", number))
