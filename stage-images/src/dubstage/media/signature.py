"""What a file is that is no video and no audio, by its first bytes.

A player or ffmpeg says of such a file only that it is damaged or cut off, because its name ends as
that of a video.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

EXAMINED_BYTES = 1 << 14
SIGNATURES = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    (b"{\\rtf", "a text document (RTF)"),
)
"""How files begin that hold neither video nor audio."""
TEXTUAL_MEDIA = (b"YUV4MPEG2 ",)
"""How video files begin that may look like a text: Y4M with a frame of one gray."""
MARKUP = re.compile(r"\s*(?:<\?xml|<!doctype html|<html|<head|<!--)", re.IGNORECASE)
PLAYLIST = re.compile(r"\s*(?:#EXTM3U|\[playlist\]|ffconcat)", re.IGNORECASE)
LFS = "version https://git-lfs.github.com/spec/"
TEXT_CODES = (("utf-16", codecs.BOM_UTF16_LE), ("utf-16", codecs.BOM_UTF16_BE), ("utf-8-sig", b""))
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
"""Characters that no text has."""


def first_bytes(path: Path) -> bytes:
    """The bytes that are examined. Raises OSError for a file that cannot be read."""
    with path.open("rb") as file:
        return file.read(EXAMINED_BYTES)


def not_media(content: bytes) -> str | None:
    """What a file with these first bytes is, for example ``a PDF document``, if it certainly holds
    neither video nor audio; else None."""
    for start, what in SIGNATURES:
        if content.startswith(start):
            return what
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "a WebP picture"
    text = _text(content)
    if text is None or content.startswith(TEXTUAL_MEDIA):
        return None
    if text.startswith(LFS):
        return "a Git LFS pointer"
    if MARKUP.match(text):
        return "a web page or an XML document"
    return "a playlist" if PLAYLIST.match(text) else "a text file"


def _text(content: bytes) -> str | None:
    """The text that `content` is the beginning of; None if it is none."""
    for code, mark in TEXT_CODES:
        if content and content.startswith(mark):
            try:
                text = codecs.getincrementaldecoder(code)().decode(content)
            except UnicodeDecodeError:
                continue
            if text.strip() and not CONTROLS.search(text):
                return text
    return None
