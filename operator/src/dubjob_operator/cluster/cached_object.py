"""Objects in the cache: JSON text, and the few fields that are read often.

As nested dictionaries, an object takes about ten times the memory of its text. There may be ten
thousand DubJobs, each with six Jobs and their pods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from dubjob_operator.planning.idle import is_idle, state_and_reason


@dataclass(frozen=True, slots=True)
class CachedObject:
    """One object, without its managedFields."""

    uid: str
    version: str
    """Its resourceVersion."""
    text: bytes
    """JSON."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> CachedObject:
        """The cached form of an object from a watch event."""
        return cls(raw["metadata"]["uid"], raw["metadata"]["resourceVersion"], _text(raw))

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it was cached."""
        return cast("dict[str, Any]", json.loads(self.text))

    def is_like(self, other: CachedObject) -> bool:
        """Whether they differ in nothing but the resourceVersion."""
        return self._unversioned() == other._unversioned()

    def _unversioned(self) -> bytes:
        return self.text.replace(f'"resourceVersion":"{self.version}"'.encode(), b"", 1)


@dataclass(frozen=True, slots=True)
class CachedDubJob(CachedObject):
    """One DubJob."""

    request: int
    """Hash of the generation and the annotations. If it changes, a Job may be needed."""
    state: str
    reason: str
    idle: bool
    """Whether it has finished and nothing is requested."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> CachedDubJob:
        """The cached form of an object from a watch event."""
        metadata = raw["metadata"]
        annotations = frozenset(metadata.get("annotations", {}).items())
        state, reason = state_and_reason(raw)
        return cls(
            uid=metadata["uid"],
            version=metadata["resourceVersion"],
            text=_text(raw),
            request=hash((metadata.get("generation"), annotations)),
            state=state,
            reason=reason,
            idle=is_idle(raw),
        )


@dataclass(frozen=True, slots=True)
class CachedProfile(CachedObject):
    """One DubProfile or ClusterDubProfile."""

    generation: int

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> CachedProfile:
        """The cached form of an object from a watch event."""
        metadata = raw["metadata"]
        return cls(
            uid=metadata["uid"],
            version=metadata["resourceVersion"],
            text=_text(raw),
            generation=metadata.get("generation", 1),
        )


def slim(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Job or a pod that :mod:`dubjob_operator.planning` reads, about a tenth.
    Slimming an object again does not change it."""
    metadata, spec, status = raw["metadata"], raw.get("spec", {}), raw.get("status", {})
    match raw.get("kind"):
        case "Job":
            spec = {"suspend": spec.get("suspend", False), **_only(spec, "managedBy")}
            status = _only(status, "conditions", "failed", "startTime")
        case "Pod":
            spec = {
                "nodeName": spec.get("nodeName", ""),
                "containers": [_only(each, "name", "resources") for each in spec["containers"]],
            }
            # The glossary in the annotations can take 200 KB.
            metadata = {**metadata, "annotations": {}}
            conditions = status.get("conditions", ())
            status = {
                "phase": status.get("phase", "Pending"),
                **_only(status, "reason", "message"),
                "conditions": [_only(each, "type", "status", "message") for each in conditions],
                **{
                    kind: [_only(each, "name", "state") for each in status.get(kind, ())]
                    for kind in ("initContainerStatuses", "containerStatuses")
                },
            }
    metadata = _only(
        metadata, "name", "namespace", "uid", "resourceVersion", "creationTimestamp",
        "deletionTimestamp", "labels", "annotations", "ownerReferences",
    )  # fmt: skip
    return {**raw, "metadata": metadata, "spec": spec, "status": status}


def _only(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


def _text(raw: Mapping[str, Any]) -> bytes:
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    return json.dumps({**raw, "metadata": metadata}, separators=(",", ":")).encode()
