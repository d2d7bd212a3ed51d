"""Every value is documented and known to its schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from chart_view import CHARTS, OPERATOR, PROFILES, values

OPEN = {"resources", "labels", "profiles", "images", "securityContext"}
"""Objects whose keys are described where they are used, or are not the chart's."""


@pytest.mark.parametrize("chart", [OPERATOR, PROFILES])
def test_every_value_has_a_comment(chart: str) -> None:
    """The comments are the source of the documentation."""
    lines = (CHARTS / chart / "values.yaml").read_text().splitlines()
    bare = []
    tree = yaml.compose("\n".join(lines))

    def walk(node: yaml.Node | None, path: str) -> None:
        assert isinstance(node, yaml.MappingNode)
        for key, value in node.value:
            if not lines[key.start_mark.line - 1].lstrip().startswith("#"):
                bare.append(f"{path}{key.value}")
            if isinstance(value, yaml.MappingNode) and value.value and key.value not in OPEN:
                walk(value, f"{path}{key.value}.")

    walk(tree, "")
    assert bare == []


@pytest.mark.parametrize("chart", [OPERATOR, PROFILES])
def test_schema_has_exactly_the_values(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    known: set[str] = set()
    given: set[str] = set()

    def of_schema(node: dict[str, Any], path: str) -> None:
        for name, part in node.get("properties", {}).items():
            known.add(f"{path}{name}")
            if name not in OPEN:
                of_schema(part, f"{path}{name}.")

    def of_values(node: dict[str, Any], path: str) -> None:
        for name, part in node.items():
            given.add(f"{path}{name}")
            if isinstance(part, dict) and part and name not in OPEN:
                of_values(part, f"{path}{name}.")

    of_schema(schema, "")
    of_values(values(chart), "")
    assert given == known - {"global"}
