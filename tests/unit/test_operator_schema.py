"""The generated definitions follow the API conventions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dubjob_operator.api.crd import clusterdubprofile_crd, dubjob_crd, dubprofile_crd
from dubjob_operator.api.renamed import REFUSES_ALWAYS

Node = dict[str, Any]


def root(definition: Node | None = None) -> Node:
    (version,) = (definition or dubjob_crd())["spec"]["versions"]
    schema: Node = version["schema"]["openAPIV3Schema"]["properties"]
    return schema


def nodes(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every typed node below `node`, with its path."""
    yield path, node
    for name, part in node.get("properties", {}).items():
        yield from nodes(part, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


ALL = [pair for part in ("spec", "status") for pair in nodes(root()[part], part)]
STATUS = [(path, node) for path, node in ALL if path.startswith("status")]


def test_status_has_no_closed_sets() -> None:
    assert [path for path, node in STATUS if "enum" in node] == []


@pytest.mark.parametrize(("path", "node"), ALL, ids=[path for path, _ in ALL])
def test_types_of_fields(path: str, node: Node) -> None:
    match node.get("type"):
        case "integer":
            assert node["format"] in ("int32", "int64")
        case "array":
            assert node["x-kubernetes-list-type"] in ("atomic", "set", "map")
        case "number":
            raise AssertionError("no floats")
    name = path.rpartition(".")[2]
    if path.startswith("status") and (name.endswith("Time") or name == "since"):
        assert node["format"] == "date-time"


def test_conditions_are_bounded_as_in_metav1() -> None:
    conditions = root()["status"]["properties"]["conditions"]
    assert conditions["maxItems"] == 16
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    fields = conditions["items"]["properties"]
    assert set(conditions["items"]["required"]) == {
        "type", "status", "reason", "message", "lastTransitionTime",
    }  # fmt: skip
    bounds = {name: part.get("maxLength") for name, part in fields.items()}
    assert bounds["type"] == 316
    assert bounds["reason"] == 1024
    assert bounds["message"] == 32768
    assert all("pattern" in fields[name] for name in ("type", "status", "reason"))


@pytest.mark.parametrize("definition", [dubprofile_crd(), clusterdubprofile_crd()])
def test_outcome_of_a_job_can_be_read_before_it_expires(definition: Node) -> None:
    """Otherwise a failed stage looks as if somebody had deleted its Job, and runs again."""
    fields = root(definition)["spec"]["properties"]
    assert fields["ttlSecondsAfterFinished"]["minimum"] == 300


@pytest.mark.parametrize("definition", [dubjob_crd(), dubprofile_crd(), clusterdubprofile_crd()])
def test_queue_can_be_the_value_of_a_label(definition: Node) -> None:
    assert root(definition)["spec"]["properties"]["queueName"]["maxLength"] == 63


def test_fields_have_descriptions() -> None:
    assert [
        path for path, node in ALL
        if not path.endswith("]") and path not in ("spec", "status") and "description" not in node
    ] == []  # fmt: skip


def test_renamed_fields_name_the_field_to_use() -> None:
    refused = {
        path: rule["message"]
        for path, node in ALL
        for rule in node.get("x-kubernetes-validations", ())
        if rule["rule"] == REFUSES_ALWAYS
    }
    known = {path for path, _ in ALL}
    assert refused["spec.pauseAfter"] == "pauseAfter was renamed: use spec.reviewAfter"
    for message in refused.values():
        assert message.rpartition("use ")[2] in known
