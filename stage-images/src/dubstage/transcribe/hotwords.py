"""Spellings of the glossary for Whisper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dubstage.contract import GlossaryEntry
from dubstage.text.counting import counted

MAX_BYTES = 600
"""Whisper takes about 220 tokens of at least three bytes in most languages, and cuts off the
rest."""


@dataclass(frozen=True)
class Hotwords:
    """The spellings as one text."""

    text: str | None
    """None if the glossary has none."""
    notes: tuple[str, ...]
    """A remark on spellings that did not fit."""


NO_HOTWORDS = Hotwords(None, ())


def hotwords(glossary: Iterable[GlossaryEntry]) -> Hotwords:
    """The spellings in ``hear``, each once, as many as fit; the first ones count."""
    spellings = dict.fromkeys(
        text for entry in glossary for each in entry.hear or () if (text := each.strip())
    )
    size, used = 0, list[str]()
    for text in spellings:
        size += len(text.encode()) + 2
        if size > MAX_BYTES:
            break
        used.append(text)
    left_out = len(spellings) - len(used)
    notes = list[str]()
    if left_out:
        notes.append(
            f"{counted(left_out, 'spelling')} of {len(spellings)} in hear left out, from "
            f"“{list(spellings)[len(used)]}” on: the recognizer takes about {MAX_BYTES} bytes"
        )
    return Hotwords(", ".join(used) or None, tuple(notes))
