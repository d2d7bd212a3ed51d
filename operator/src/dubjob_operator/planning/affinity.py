"""The shape of an affinity, which the schema of the CRD does not check."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Requirement(_Part):
    key: str
    operator: str
    values: list[str] = []


class _LabelSelector(_Part):
    match_labels: dict[str, str] = {}
    match_expressions: list[_Requirement] = []


class _NodeSelectorTerm(_Part):
    match_expressions: list[_Requirement] = []
    match_fields: list[_Requirement] = []


class _NodeSelector(_Part):
    node_selector_terms: list[_NodeSelectorTerm] = Field(min_length=1)


class _PreferredNodes(_Part):
    weight: int = Field(ge=1, le=100)
    preference: _NodeSelectorTerm


class _NodeAffinity(_Part):
    required_during_scheduling_ignored_during_execution: _NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: list[_PreferredNodes] = []


class _PodTerm(_Part):
    topology_key: str = Field(min_length=1)
    label_selector: _LabelSelector | None = None
    namespaces: list[str] = []
    namespace_selector: _LabelSelector | None = None
    match_label_keys: list[str] = []
    mismatch_label_keys: list[str] = []


class _PreferredPods(_Part):
    weight: int = Field(ge=1, le=100)
    pod_affinity_term: _PodTerm


class _PodAffinity(_Part):
    required_during_scheduling_ignored_during_execution: list[_PodTerm] = []
    preferred_during_scheduling_ignored_during_execution: list[_PreferredPods] = []


class _Affinity(_Part):
    node_affinity: _NodeAffinity | None = None
    pod_affinity: _PodAffinity | None = None
    pod_anti_affinity: _PodAffinity | None = None


def affinity_defect(affinity: dict[str, Any]) -> str | None:
    """The first defect of the affinity, with the path of the field; None if it has none."""
    try:
        _Affinity.model_validate(affinity)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f".{part}" for part in first["loc"])
        return f"affinity{place}: {first['msg']}"
    return None
