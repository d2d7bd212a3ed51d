"""What servers with OpenAI's API have in common: the key, and the meaning of a status."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from dubstage import json_text

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable with the key of the service."""
URL_PATTERN = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
"""A base URL without user, query and fragment."""
TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
"""Statuses below 500 of a request that may succeed later."""
UNKNOWN_MODEL = ("not found", "does not exist", "model_not_found", "invalid model")


def json_object(value: Any) -> Any:
    """The value of a parameter that is JSON, since parameters of a profile are not nested.

    Raises ValueError for what is no JSON, and for NaN and infinities, which cannot be sent.
    """
    return json_text.parse(value, _refused) if isinstance(value, str) else value


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} cannot be sent")


def reason(error: ValidationError) -> tuple[str, str]:
    """The name of the first invalid parameter, empty for several together, and what is wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    return str(first["loc"][0]) if first["loc"] else "", first["msg"].removeprefix("Value error, ")


def is_about_model(content: bytes, status: int) -> bool:
    """Whether a 400 says that the model is unknown, as some servers do."""
    text = content[:2000].decode(errors="replace").lower()
    return (
        status in (400, 422) and "model" in text and any(words in text for words in UNKNOWN_MODEL)
    )
