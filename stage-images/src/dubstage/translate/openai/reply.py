"""The model's answer, and where it is in a response of the server. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dubstage import json_text
from dubstage.engines.retries import Refused

QUOTED = 200
"""Characters of the server's own message."""


@dataclass(frozen=True)
class Reply:
    """The model's answer."""

    text: str
    is_cut: bool = False
    """Whether it ended at the maximum length."""


def whole(content: bytes, kind: str) -> Reply:
    """The answer in a response that has it in one piece. `kind`: its content type.

    Raises :class:`Refused` for anything else.
    """
    try:
        response = json_text.parse(content)
        check_error(response)
        choice = response["choices"][0]
        text = words_of(choice["message"].get("content"))
        return Reply(text, is_cut=choice.get("finish_reason") == "length")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused(
            f"status 200 with something else than a chat completion ({kind or 'unknown type'})"
        ) from error


def check_error(response: Any) -> None:
    """Raise :class:`Refused` for an error that came with status 200."""
    if response.get("error"):
        raise Refused(f"an error within the answer: {str(response['error'])[:QUOTED]}")


def words_of(content: object) -> str:
    """The text of a message: some servers divide it into parts. Empty for anything else, such as
    a call of a tool."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""
