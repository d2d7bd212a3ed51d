"""Access tokens in text, which is masked before it is logged or shown.

An error of a library may quote the header or the address of a request, and with it a token.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

MASK = "…"
TOKENS = re.compile(r"\bhf_[A-Za-z0-9]{20,}|(?<![\w-])sk-[A-Za-z0-9_-]{20,}")
"""Access tokens of Hugging Face, and keys of OpenAI and others."""
IN_ADDRESS = re.compile(
    r"(?<=://)[^\s/@?#\"'<>]+(?=@)"
    r"|(?<=[?&])([\w.-]*(?:token|signature|sig|secret|password|credential|policy|key|key-pair-id)=)"
    r"[^\s&#\"'<>)]+",
    re.IGNORECASE,
)
"""The user of an address, for example of a proxy, and the parameters of an address that is signed:
a hub redirects a download to such an address."""
SECRET_NAME = re.compile(r"(TOKEN|KEY|SECRET|PASSWORD)$", re.IGNORECASE)
"""The ends of the names of variables whose values are secrets."""
SHORTEST = 8
"""Characters: a shorter value is likely to be a word."""


def masked(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """`text` without access tokens, without what gives access in an address, and without the values
    of variables that hold secrets."""
    secrets = {
        value.strip() for name, value in environment.items() if SECRET_NAME.search(name)
    }  # fmt: skip
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    text = IN_ADDRESS.sub(lambda found: f"{found[1] or ''}{MASK}", text)
    return TOKENS.sub(MASK, text)
