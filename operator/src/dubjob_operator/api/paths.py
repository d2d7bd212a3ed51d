"""Paths that users give, relative to a folder of the data volume."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

FORBIDDEN = r"\x00-\x1f\x7f\x{80}-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}"
"""Control characters, and marks that reorder or break a line: a terminal would show another path.
In the syntax of RE2."""
HIDDEN = re.compile(
    "[" + re.sub(r"\\x\{(\w+)\}", lambda code: rf"\u{code[1]:0>4}", FORBIDDEN) + "]"
)
"""One of these characters."""


class Rule(NamedTuple):
    """What a path must be, for the API server and for the operator."""

    cel: str
    message: str
    is_broken: Callable[[str], bool]


RULES = (
    Rule(
        "!self.startsWith('/')",
        "path must not begin with '/': give it relative to the inputs folder",
        lambda path: path.startswith("/"),
    ),
    Rule(
        f"!self.matches(r'[{FORBIDDEN}]')",
        "path must not contain control characters or marks of text direction: rename the file",
        lambda path: bool(HIDDEN.search(path)),
    ),
    Rule(
        "!self.split('/').exists(part, part == '..')",
        "path must not contain '..': give it relative to the inputs folder",
        lambda path: ".." in path.split("/"),
    ),
)


def _follows_the_rules(path: str) -> str:
    for rule in RULES:
        if rule.is_broken(path):
            raise PydanticCustomError("path", "{text}", {"text": rule.message})
    return path


RelativePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        json_schema_extra={
            # Rules instead of a pattern, because the API server reports a pattern as it is.
            "x-kubernetes-validations": [
                {"rule": rule.cel, "message": rule.message} for rule in RULES
            ],
        },
    ),
    AfterValidator(_follows_the_rules),
]
