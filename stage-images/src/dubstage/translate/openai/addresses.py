"""Addresses in an answer: whether the text says them, written or in words. Pure functions.

Speech recognition often writes ``info at acme dot com``, and models translate it as
``info@acme.com``.
"""

from __future__ import annotations

import re
import unicodedata

WRITTEN = re.compile(r"https?:|\bwww\.|\w@\w+\.\w", re.IGNORECASE)
"""What makes a text one with an address."""
ADDRESS = re.compile(
    r"(?P<mail>[\w.+-]+@\w[\w.-]*\w)|https?:/*(?P<page>\S*)|\bwww\.(?P<site>\S*)", re.IGNORECASE
)
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
"""How German addresses spell them."""
SPOKEN_MARKS = re.compile(
    r"точка|собака|крапка|равлик|тачка|маймунско|τελεία|παπάκι|ドット|アット|닷|점|골뱅이"
    r"|[点點](?:com|net|org|cn|tw|hk)|艾特|نقطة|دوت|نقطه|דוט|נקודה|שטרודל|डॉट|ดอท|จุด"
)
"""Words for the dot and the at sign of an address, in languages whose letters no address has."""


def has_address(text: str) -> bool:
    """Whether `text` has an address of a page or of mail."""
    return WRITTEN.search(text) is not None


def says_addresses(text: str, answer: str) -> bool:
    """Whether `text` says every address of `answer`, which are written or spelled: each part of
    them is in it, in Latin letters, or `text` has words for their marks in another script."""
    if has_address(text) or SPOKEN_MARKS.search(text):
        return True
    letters = [_letters(text), _letters(text.casefold().translate(UMLAUTS))]
    return all(
        any(part in each for each in letters)
        for address in ADDRESS.finditer(answer)
        for part in _parts(address)
    )


def _parts(address: re.Match[str]) -> list[str]:
    """The words of an address. ``www`` is often left out, and digits are said in words."""
    whole = unicodedata.normalize("NFKC", "".join(filter(None, address.groups()))).casefold()
    return [_letters(part) for part in re.findall(r"[^\W\d_]+", whole) if part != "www"]


def _letters(text: str) -> str:
    """The letters of `text` without accents: words may be spelled, as ``A C M E``."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if each.isalpha())
