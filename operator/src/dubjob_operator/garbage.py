"""How often Python looks for garbage."""

from __future__ import annotations

import gc

NEW_OBJECTS = 10_000
"""New objects after which the youngest are searched. By default 700, which a single list from the
API server exceeds many times over: that was a fifth of the CPU time."""


def collect_less() -> None:
    """Search the youngest objects less often, and those that exist now never: what was imported
    stays. Call it after the imports."""
    _, *others = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *others)
    gc.freeze()
