"""Glossary marks in a form that neural models copy: a made-up name.

The subwords of a model have no brackets such as ``⟦⟧``: it would lose the mark, and often the
words next to it. A name with a number in it is copied.
"""

from __future__ import annotations

import re

from dubstage.translate.glossary import MARKS

NAME = "XQ"
NAMES = re.compile(rf"(?<!\w){NAME}\s?(\d+)(?!\w)", re.IGNORECASE)


def with_names(text: str) -> str:
    """`text` with a name for each mark."""
    return MARKS.sub(lambda match: f"{NAME}{match[1]}", text)


def with_marks(translation: str, text: str) -> str:
    """`translation` of `text`, with the marks of `text` for their names."""
    known = set(MARKS.findall(text))
    return NAMES.sub(lambda match: f"⟦{match[1]}⟧" if match[1] in known else match[0], translation)
