"""Text prepared for CosyVoice: no control tokens, short chunks.

It replaces CosyVoice's own text front end, which spells numbers in English or Chinese for any
language, and downloads its grammars. Numbers are in words already (:mod:`dubstage.text.spoken`).
"""

from __future__ import annotations

import re

from dubstage.text.chunks import chunks
from dubstage.text.languages import is_spaced
from dubstage.text.punctuation import SENTENCE_MARKS

CONTROL = re.compile(r"<\|[^|]*\|>|</?\w+>|\[[^\[\]]*\]|[\[\]<>|]")
"""Control tokens of the model: ``<|endofprompt|>``, ``[laughter]``, ``<strong>``."""
LONGEST_SPACED, LONGEST_UNSPACED = 240, 60
"""Characters of one chunk: about 80 tokens, where CosyVoice itself splits."""


def spoken_chunks(text: str, language: str) -> list[str]:
    """The chunks of `text` to speak, in order; empty for a text without words."""
    plain = " ".join(CONTROL.sub(" ", text).split())
    spaced = is_spaced(language)
    parts = chunks(plain, LONGEST_SPACED if spaced else LONGEST_UNSPACED)
    spoken = [chunk for chunk in parts if any(letter.isalnum() for letter in chunk)]
    period = "." if spaced else "。"
    return [chunk if chunk[-1] in SENTENCE_MARKS else f"{chunk}{period}" for chunk in spoken]
