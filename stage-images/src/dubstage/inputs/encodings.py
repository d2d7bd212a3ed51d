"""The text in a file whose encoding nobody names.

UTF-8 and UTF-16 are recognized by their bytes. What is neither is in the code page that Windows
has for the file's language. Guessing one from letter frequencies fails for texts as short as
subtitles.
"""

from __future__ import annotations

import codecs

from dubstage.text.languages import primary
from dubstage.text.unicode import plain

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; that of UTF-32 starts with that of UTF-16."""
MIN_ZERO_SHARE = 0.2
"""A text in UTF-16 without a mark has that many zero bytes on one side; no other text has any."""
WESTERN = ("cp1252", "latin-1")
CODE_PAGES = {
    code_page: languages.split()
    for code_page, languages in {
        "cp1250": "bs cs hr hu pl ro sk sl sq",
        "cp1251": "be bg kk ky mk mn ru sr tg tt uk",
        "cp1253": "el",
        "cp1254": "az tr",
        "cp1255": "he yi",
        "cp1256": "ar fa ps ug ur",
        "cp1257": "et lt lv",
        "cp1258": "vi",
        "cp874": "th",
        "cp932": "ja",
        "cp949": "ko",
        "gb18030": "zh",
    }.items()
}


class UnknownEncoding(Exception):
    """The file is not a text."""


def decode(data: bytes, language: str | None) -> str:
    """The text of a file, in composed letters and with line feeds. `language`: BCP 47, if it is
    known. Raises :class:`UnknownEncoding` for a file that is not a text."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], (encoding,))
    if b"\0" in data:
        return _decoded(data, (_wide(data),))
    return _decoded(data, ("utf-8", *_code_pages(language)))


def _wide(data: bytes) -> str:
    """UTF-16 by the side on which a Latin text, or its digits and line feeds, have zeros."""
    half = max(len(data) // 2, 1)
    big, little = data[::2].count(0) / half, data[1::2].count(0) / half
    if max(big, little) < MIN_ZERO_SHARE:
        raise UnknownEncoding(f"byte {data.index(0)} is not text")
    return "utf-16-be" if big > little else "utf-16-le"


def _code_pages(language: str | None) -> tuple[str, ...]:
    tag = primary(language) if language else ""
    if language and tag == "zh" and {"hant", "tw", "hk"} & set(language.lower().split("-")):
        return ("big5hkscs", "gb18030", *WESTERN)
    own = [code_page for code_page, languages in CODE_PAGES.items() if tag in languages]
    return (*own, *WESTERN)


def _decoded(data: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            return plain(data.decode(encoding))
        except UnicodeDecodeError as error:
            reason = f"byte {error.start} is not {encoding.upper()}"
    raise UnknownEncoding(reason)
