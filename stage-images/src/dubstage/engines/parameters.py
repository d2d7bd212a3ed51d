"""The parameters of a profile, which can hold anything, as numbers and as true or false."""

from __future__ import annotations

import math
from typing import TypeVar

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured

Default = TypeVar("Default", bool, None)


def number(choice: EngineChoice, name: str, default: float, low: float, high: float) -> float:
    """The parameter `name` of the engine. Defaults to `default`.

    Raises :class:`Misconfigured` for anything but a number from `low` to `high`.
    """
    value = choice.parameters.get(name, default)
    found = _number(value)
    if found is None or not low <= found <= high:
        raise _invalid(choice, name, f"a number from {low:g} to {high:g}")
    return found


def whole(choice: EngineChoice, name: str, default: int, low: int, high: int) -> int:
    """The same, for a whole number."""
    found = _number(choice.parameters.get(name, default))
    if found is None or not low <= found <= high or found != round(found):
        raise _invalid(choice, name, f"a whole number from {low} to {high}")
    return round(found)


def flag(choice: EngineChoice, name: str, default: Default) -> bool | Default:
    """Whether the parameter `name` of the engine is true. Defaults to `default`.

    Raises :class:`Misconfigured` for anything but true and false, also as text: Helm's
    ``--set-string`` and templates write text.
    """
    value = choice.parameters.get(name)
    if value is None:
        return default
    found = {"true": True, "false": False}.get(str(value).strip().lower())
    if found is None:
        raise _invalid(choice, name, "true or false")
    return found


def _number(value: object) -> float | None:
    """The finite number that is `value`, or that its text is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _invalid(choice: EngineChoice, name: str, expected: str) -> Misconfigured:
    return Misconfigured(
        f"Parameter {name} of the engine {choice.engine} is {choice.parameters.get(name)!r}: "
        f"expected {expected}. Correct or remove it in the profile."
    )
