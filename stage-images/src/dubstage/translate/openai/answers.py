"""Translations in what a model answered: by id, never by count or by text. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from dubstage.text.unicode import composed

THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
OPEN_THOUGHT = re.compile(r"<think(?:ing)?>.*", re.DOTALL | re.IGNORECASE)
CLOSED_THOUGHT = re.compile(r".*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|\Z)", re.DOTALL)
LINE = re.compile(r"^[\s\-*#\[(\"]*(segment_\d+|\d+)[\])\"]*\s*(?:[\t|:.)=–-]|\t|\s)\s*(.+)$")


def without_thoughts(text: str) -> str:
    """`text` without the model's reasoning."""
    for pattern in (THOUGHTS, CLOSED_THOUGHT, OPEN_THOUGHT):
        text = pattern.sub("", text)
    return text.strip()


def from_json(text: str, ids: Iterable[str]) -> dict[str, str]:
    """Translation by id out of JSON, also fenced, surrounded by talk, or cut. Foreign ids are
    left out, and so are ids that occur with different texts."""
    text = without_thoughts(text)
    fenced = FENCE.search(text)
    if fenced:
        text = fenced.group(1)
    return _known(_rows(text), ids)


def from_lines(text: str, ids: Iterable[str]) -> dict[str, str]:
    """Translation by id out of lines ``id<tab>text``."""
    matches = (LINE.match(line) for line in without_thoughts(text).splitlines())
    return _known([(found.group(1), found.group(2)) for found in matches if found], ids)


def bare(text: str) -> str:
    """A translation that is the whole answer, without fences and quotation marks around it."""
    text = without_thoughts(text)
    fenced = FENCE.fullmatch(text)
    text = (fenced.group(1) if fenced else text).strip()
    if len(text) > 1 and (text[0], text[-1]) in {('"', '"'), ("“", "”"), ("«", "»")}:
        text = text[1:-1].strip()
    return composed(text)


def _known(rows: Iterable[tuple[str, str]], ids: Iterable[str]) -> dict[str, str]:
    wanted, found = set(ids), dict[str, set[str]]()
    for identity, text in rows:
        if identity in wanted and text.strip():
            found.setdefault(identity, set()).add(composed(" ".join(text.split())))
    return {identity: texts.pop() for identity, texts in found.items() if len(texts) == 1}


def _rows(text: str) -> list[tuple[str, str]]:
    """All pairs of id and text in the objects of `text`, complete ones only."""
    decoder, rows, place = json.JSONDecoder(strict=False), list[tuple[str, str]](), 0
    while (place := _next_object(text, place)) >= 0:
        try:
            value, place = decoder.raw_decode(text, place)
            rows += _pairs(value)
        except ValueError:
            # A list that was cut: the objects in it may be complete.
            place += 1
    return rows


def _next_object(text: str, start: int) -> int:
    found = [at for at in (text.find("{", start), text.find("[", start)) if at >= 0]
    return min(found, default=-1)


def _pairs(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(item)]
    if not isinstance(value, dict):
        return []
    if "id" in value and isinstance(value.get("text"), str):
        return [(str(value["id"]), value["text"])]
    pairs = [pair for item in value.values() if isinstance(item, list | dict)
             for pair in _pairs(item)]  # fmt: skip
    # Some models answer {"segment_0001": "…"}.
    return pairs + [(str(key), item) for key, item in value.items() if isinstance(item, str)]
