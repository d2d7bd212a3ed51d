"""What servers with OpenAI's API have in common: the key, and the meaning of a status."""

from __future__ import annotations

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable with the key of the service."""
URL_PATTERN = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
"""A base URL without user, query and fragment."""
TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
"""Statuses below 500 of a request that may succeed later."""
UNKNOWN_MODEL = ("not found", "does not exist", "model_not_found", "invalid model")


def is_about_model(content: bytes, status: int) -> bool:
    """Whether a 400 says that the model is unknown, as some servers do."""
    text = content[:2000].decode(errors="replace").lower()
    return (
        status in (400, 422) and "model" in text and any(words in text for words in UNKNOWN_MODEL)
    )
