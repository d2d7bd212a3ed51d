"""Answers that arrive word by word, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dubstage.engines.retries import Refused

DATA, DONE = "data:", "[DONE]"


@dataclass(frozen=True)
class Reply:
    """The model's answer."""

    text: str
    is_cut: bool = False
    """Whether it ended at the maximum length."""


async def read(lines: AsyncIterator[str], patience: float, most_bytes: int) -> Reply:
    """The whole answer. `patience`: seconds until the next words at most.

    Raises :class:`Refused` for an answer that breaks off, that is an error, or that has more than
    `most_bytes`, and TimeoutError.
    """
    parts: list[str] = []
    size, finish = 0, None
    deadline = time.monotonic() + patience
    while True:
        try:
            line = await asyncio.wait_for(anext(lines), deadline - time.monotonic())
        except StopAsyncIteration:
            break
        if not line.startswith(DATA):
            continue  # A comment keeps the connection open, and says nothing of the model.
        deadline = time.monotonic() + patience
        data = line.removeprefix(DATA).strip()
        if data == DONE:
            finish = finish or "stop"
            break
        text, ended = _event(data)
        finish = ended or finish
        parts.append(text)
        size += len(data)
        if size > most_bytes:
            raise Refused(f"an answer of more than {most_bytes} bytes")
    if finish is None:
        raise Refused("an answer that breaks off")
    return Reply("".join(parts), is_cut=finish == "length")


def words_of(content: object) -> str:
    """The text of a message: some servers divide it into parts. Empty for anything else, such as
    a call of a tool."""
    if isinstance(content, list):
        return "".join(words_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _event(data: str) -> tuple[str, str | None]:
    """The words of one event, and the reason why the answer ends there."""
    try:
        event = json.loads(data)
        if event.get("error"):
            raise Refused(f"an error within the answer: {str(event['error'])[:200]}")
        if not event["choices"]:  # the count of tokens comes alone
            return "", None
        choice = event["choices"][0]
        delta = choice.get("delta") or {}
        return words_of(delta.get("content")), choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused("an event that is no part of a chat completion") from error
