"""Answers that arrive word by word, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from dubstage import json_text
from dubstage.engines.retries import Refused
from dubstage.translate.openai.reply import Reply, check_error, words_of

DATA, DONE = "data:", "[DONE]"


async def read(lines: AsyncIterator[str], patience: float) -> Reply:
    """The whole answer. `patience`: seconds until the next words at most.

    Raises :class:`Refused` for an answer that breaks off or that is an error, and
    TimeoutError.
    """
    parts: list[str] = []
    finish = None
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
    if finish is None:
        raise Refused("an answer that breaks off")
    return Reply("".join(parts), is_cut=finish == "length")


def _event(data: str) -> tuple[str, str | None]:
    """The words of one event, and the reason why the answer ends there."""
    try:
        event = json_text.parse(data)
        check_error(event)
        if not event["choices"]:  # the count of tokens comes alone
            return "", None
        choice = event["choices"][0]
        delta = choice.get("delta") or {}
        return words_of(delta.get("content")), choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused("an event that is no part of a chat completion") from error
