"""Fields that were renamed: an object with an old name is refused, never misread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

REFUSES_ALWAYS = "false"
"""The rule of a renamed field. The API server evaluates it only where the field is set."""


@dataclass(frozen=True)
class Renamed:
    """A field that was renamed."""

    type: Literal["string", "integer", "boolean", "array"]
    """JSON type of the old field: the API server evaluates only rules of typed fields."""
    use: str
    """Path of the field that replaces it, for example ``spec.reviewAfter``."""

    def message(self, name: str) -> str:
        """Return the message that refuses the old field `name`."""
        return f"{name} was renamed: use {self.use}"


def refused_properties(fields: Mapping[str, Renamed]) -> dict[str, Any]:
    """Return schema properties with the old names, each with a rule that refuses it."""
    return {
        name: {
            "type": field.type,
            "description": f"No longer accepted. Use {field.use}.",
            # A rule also needs the type of the items; the old lists contained strings.
            **({"items": {"type": "string"}} if field.type == "array" else {}),
            "x-kubernetes-validations": [
                {"rule": REFUSES_ALWAYS, "message": field.message(name)},
            ],
        }
        for name, field in fields.items()
    }
