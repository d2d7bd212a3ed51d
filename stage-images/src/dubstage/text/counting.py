"""Numbers in sentences for people."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`count` with its noun: ``1 segment``, ``2 segments``. `noun`: singular, with a
    plural in ``s``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
