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
ADDRESS = re.compile(r"(?<=://)[^\s\"'<>]+")
"""An address without its scheme, and what follows it up to a space or a quote: other addresses, as
well. Each character is in one match, so that the time grows only linearly with the text."""
AFTER_HOST = re.compile(r"[/?#]|$")
HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::\d{0,5})?")
"""A host and its port. An authority that ends otherwise is the beginning of a user and a password
that holds ``/``, ``?`` or ``#``."""
PARAMETER = re.compile(
    r"(?<=[?&])([\w.-]*(?:token|signature|sig|secret|password|credential|policy|key|key-pair-id)=)"
    r"[^\s&#\"'<>)]+",
    re.IGNORECASE,
)
"""The parameters of an address that is signed: a hub redirects a download to such an address."""
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
    text = ADDRESS.sub(_without_users, text)
    text = PARAMETER.sub(lambda match: f"{match[1]}{MASK}", text)
    return TOKENS.sub(MASK, text)


def _without_users(match: re.Match[str]) -> str:
    """The addresses of a match without their users, for example of a proxy.

    A password may hold any character except spaces and quotes: if a host and a port do not end the
    authority, the user extends to the last ``@``. A password that begins with digits and ``/`` is
    not masked, because they are a valid port.
    """
    text, parts, start = match[0], [], 0
    while start >= 0:
        after = AFTER_HOST.search(text, start)
        end = after.start() if after else len(text)
        at = text.rfind("@", start, end)
        is_whole = HOST.fullmatch(text, max(start, at + 1), end) is not None
        if not is_whole:
            at = text.rfind("@", start)
        if at >= 0:
            parts.append(MASK)
            start = at
        scheme = text.find("://", max(start, end - 1)) if is_whole else -1
        following = scheme + 3 if scheme >= 0 else len(text)
        parts.append(text[start:following])
        start = following if scheme >= 0 else -1
    return "".join(parts)
