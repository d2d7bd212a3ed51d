"""What a server means by status 400, as far as it says so. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dubstage import json_text
from dubstage.translate.openai.reply import QUOTED
from dubstage.translate.openai.settings import Settings

ABOUT_FORMAT = ("response_format", "json_schema", "json_object", "guided", "grammar")
"""Words of a server that does not accept the form of the answer; there are other forms."""
ABOUT_LENGTH = re.compile(
    r"context[ _-]?(length|size|window)|maximum context|too (long|many tokens)", re.IGNORECASE
)
"""How servers say that a request does not fit into the context of the model."""


def message_of(content: bytes) -> str:
    """The message in an error response, in one line."""
    return " ".join(_error(content)[0].split())[:QUOTED]


def is_too_long(content: bytes) -> bool:
    """Whether the response says that the request is longer than the model's context."""
    return ABOUT_LENGTH.search(content[:2000].decode(errors="replace")) is not None


def remedy(content: bytes, settings: Settings) -> str | None:
    """What to change if the response names a setting that the server does not accept."""
    message, param = _error(content)
    if any(word in f"{param} {message}" for word in ABOUT_FORMAT):
        return None
    for name in settings.extra_body:
        if _names(name, message, param):
            return f"Change or remove {name} in the parameter extra_body"
    if _names("temperature", message, param):
        return (
            f"Set the parameter temperature to another value than {settings.temperature:g}; some "
            "models accept only 1"
        )
    return None


def _names(name: str, message: str, param: str) -> bool:
    if param:
        return re.match(rf"{re.escape(name)}(?![\w-])", param) is not None
    around = "['\"`]" if name != "temperature" else r"\b"
    return re.search(f"{around}{re.escape(name)}{around}", message) is not None


def _error(content: bytes) -> tuple[str, str]:
    """The message of an error response, and the parameter that it is about, if it says."""
    text = content.decode(errors="replace")
    try:
        found: Any = json_text.parse(text)
    except ValueError:
        return text, ""
    error = found.get("error", found) if isinstance(found, Mapping) else found
    if not isinstance(error, Mapping):
        return str(error), ""
    message = error.get("message") or error.get("detail") or text
    param = error.get("param")
    return str(message), param if isinstance(param, str) else ""
