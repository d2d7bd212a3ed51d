"""Fields that were renamed: an object with an old name is refused, never misread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

REFUSES_ALWAYS = "false"
"""The rule of a renamed field. The API server evaluates it only where the field is set."""


@dataclass(frozen=True)
class Renamed:
    """What became of a field."""

    type: Literal["string", "integer", "boolean", "array"]
    """JSON type that the old field had: the API server evaluates rules of typed fields only."""
    use: str
    """Path of the field that takes its place, for example ``spec.reviewAfter``."""

    def message(self, name: str) -> str:
        """The refusal of the old field `name`."""
        return f"{name} was renamed: use {self.use}"


def refused_properties(fields: Mapping[str, Renamed]) -> dict[str, Any]:
    """Schema properties under the old names, each with a rule that refuses it."""
    return {
        name: {
            "type": field.type,
            "description": f"Not accepted any more. Use {field.use}.",
            # A rule needs the type of the items, too; the old lists held strings.
            **({"items": {"type": "string"}} if field.type == "array" else {}),
            "x-kubernetes-validations": [
                {"rule": REFUSES_ALWAYS, "message": field.message(name)},
            ],
        }
        for name, field in fields.items()
    }
