"""The glossary in a file: one entry a line, the term, its translation and, as JSON, what else is
set, separated by tabs.

Linux allows 128 KiB for one environment variable. A longer glossary is mounted as a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from dubstage.contract import GlossaryEntry, StageRequest, request_env

GLOSSARY_DIR = "/glossary"
"""Mount path of the file."""

GLOSSARY_FILE = "glossary.tsv"
"""Name of the file."""

SHARED_GLOSSARY_DIR = "/shared-glossary"
"""Mount path of the ConfigMap with the shared glossary."""

SHARED_GLOSSARY_KEY = "glossary.csv"
"""Key of that ConfigMap, and name of its file."""

MAX_ENVIRONMENT_BYTES = 64 * 1024
"""Maximum size of a request with its glossary. A longer one refers to a file."""


def glossary_text(entries: Iterable[GlossaryEntry]) -> str:
    """The content of the file."""
    return "".join("\t".join(_fields(entry)).rstrip("\t") + "\n" for entry in entries)


def read_glossary(text: str) -> list[GlossaryEntry]:
    """The entries in the content of a file."""
    # Terms can contain every line separator of Unicode but the line feed.
    lines = (line.split("\t") for line in text.split("\n") if line)
    return [
        GlossaryEntry(term=term, translation=translation or None, **json.loads(rest or "{}"))
        for term, translation, rest, *_ in ([*fields, "", ""] for fields in lines)
    ]


def with_short_environment(request: StageRequest) -> StageRequest:
    """The request as it is, or with a file instead of a glossary that is too long."""
    if len(request_env(request)["value"].encode()) <= MAX_ENVIRONMENT_BYTES:
        return request
    if not request.glossary:
        return request
    path = f"{GLOSSARY_DIR}/{GLOSSARY_FILE}"
    return request.model_copy(update={"glossary": [], "glossary_file": path})


def with_glossary(request: StageRequest) -> StageRequest:
    """The request with the entries of its glossary file, if it names one.

    Raises OSError if the file cannot be read, and ValueError if it is not UTF-8.
    """
    if request.glossary_file is None:
        return request
    entries = read_glossary(Path(request.glossary_file).read_bytes().decode())
    return request.model_copy(update={"glossary": entries, "glossary_file": None})


def _fields(entry: GlossaryEntry) -> tuple[str, str, str]:
    rest = entry.model_dump(include={"hear", "say"}, exclude_none=True)
    # JSON has other spellings of tabs and line feeds.
    return entry.term, entry.translation or "", json.dumps(rest) if rest else ""
