"""Translations in what a model answered: by id, never by count or by text. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from dubstage.text.unicode import plain

THOUGHT = re.compile(
    r"<(?P<slash>/?)(?:think(?:ing)?|reasoning|thought)>|\[(?P<end>/?)THINK\]", re.IGNORECASE
)
"""The start or the end of reasoning."""
CHANNEL, MESSAGE = "<|channel|>", "<|message|>"
"""Tokens of models that reason in a channel of its own, before the one of the answer."""
SPECIAL = re.compile(r"<\|[a-z_]{1,30}\|>|</?s>")
"""Tokens that a server should have removed."""
FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|\Z)", re.DOTALL)
JSON_START = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"])")
"""How JSON with texts starts."""
LINE = re.compile(r"^[\s\-*#\[(\"]*(segment_\d+|\d+)[\])\"]*\s*(?:[\t|:.)=–-]|\t|\s)\s*(.+)$")


def without_thoughts(text: str) -> str:
    """`text` without the model's reasoning. The end of a thought that has no start ends one that
    started with the text."""
    if CHANNEL in text:
        channel, _, text = text.rpartition(CHANNEL)[2].partition(MESSAGE)
        text = text if channel.strip() == "final" else ""
    kept, place, is_open = list[str](), 0, False
    for tag in THOUGHT.finditer(text):
        if tag["slash"] or tag["end"]:
            kept = kept if is_open else []
        elif not is_open:
            kept.append(text[place : tag.start()])
        is_open, place = not (tag["slash"] or tag["end"]), tag.end()
    if not is_open:
        kept.append(text[place:])
    return SPECIAL.sub("", "".join(kept)).strip()


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


def alone(text: str, identity: str) -> str:
    """The translation of one segment out of the answer to a request for it alone; empty if there
    is none. Some models answer with JSON, and with another id."""
    found = from_lines(text, [identity]) or from_json(text, [identity])
    if found:
        return found[identity]
    plain_text = bare(text)
    if not JSON_START.match(plain_text):
        return plain_text
    texts = {row for _, row in _rows(plain_text) if not JSON_START.match(row)}
    return " ".join(plain(texts.pop()).split()) if len(texts) == 1 else ""


def bare(text: str) -> str:
    """A translation that is the whole answer, without fences and quotation marks around it."""
    text = without_thoughts(text)
    fenced = FENCE.fullmatch(text)
    text = (fenced.group(1) if fenced else text).strip()
    if len(text) > 1 and (text[0], text[-1]) in {('"', '"'), ("“", "”"), ("«", "»")}:
        text = text[1:-1].strip()
    return plain(text).strip()


def _known(rows: Iterable[tuple[str, str]], ids: Iterable[str]) -> dict[str, str]:
    wanted, found = set(ids), dict[str, set[str]]()
    for identity, text in rows:
        if identity in wanted and text.strip():
            found.setdefault(identity, set()).add(" ".join(plain(text).split()))
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
        except RecursionError:
            break
    return rows


def _next_object(text: str, start: int) -> int:
    found = [at for at in (text.find("{", start), text.find("[", start)) if at >= 0]
    return min(found, default=-1)


def _pairs(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(item)]
    if isinstance(value, str):
        # JSON in a text of JSON.
        return _rows(value) if JSON_START.match(value) else []
    if not isinstance(value, dict):
        return []
    if "id" in value and isinstance(value.get("text"), str):
        return [(str(value["id"]), value["text"])]
    pairs = []
    for key, item in value.items():
        inner = _pairs(item)
        # Some models answer {"segment_0001": "…"}, or {"segment_0001": {"text": "…"}}.
        texts = inner if isinstance(item, dict) and len(inner) == 1 else []
        own = [item] if isinstance(item, str) and not inner else [text for _, text in texts]
        pairs += inner + [(str(key), text) for text in own]
    return pairs
