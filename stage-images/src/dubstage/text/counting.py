"""Numbers in sentences for people."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, noun: str, plural: str = "") -> str:
    """`count` with its noun: ``1 segment``, ``2 segments``. `plural` defaults to the noun with
    an ``s``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def listed(what: str, identities: Sequence[str]) -> str:
    """``, 2 of them untranslated (segment_0003, …)``; empty for no segment."""
    if not identities:
        return ""
    shown = ", ".join(identities[:3]) + (", …" if len(identities) > 3 else "")
    return f", {len(identities)} of them {what} ({shown})"
