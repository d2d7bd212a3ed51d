"""JSON that others wrote: a server, a user."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def parse(text: str | bytes, constant: Callable[[str], Any] | None = None) -> Any:
    """The value of `text`. `constant`: called for NaN and infinities; if omitted, they are numbers.

    Raises ValueError for malformed JSON, and for JSON that is nested too deep to be read.
    """
    try:
        return json.loads(text, parse_constant=constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
