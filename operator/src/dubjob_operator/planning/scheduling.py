"""The parts of a Job for schedulers: queue, labels and affinity.

When the Job is created is decided in :mod:`dubjob_operator.planning.plan`.
"""

from __future__ import annotations

from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfileSpec
from dubjob_operator.api.stage_profile import NetworkAccess, StageProfile
from dubstage.contract import Stage


def queue_labels(dubjob: DubJob, profile: DubProfileSpec) -> dict[str, str]:
    """The queue of the Job, for Kueue. Every stage has it, because Kueue may be configured to
    suspend Jobs without a queue."""
    queue = dubjob.queue_name or profile.queue_name
    return {names.QUEUE_LABEL: queue} if queue else {}


def pod_labels(dubjob: DubJob, profile: DubProfileSpec, chosen: StageProfile) -> dict[str, str]:
    """Labels of the Job and the pods of a stage: those of the profile, those that it propagates
    from the DubJob, and those for network policies and against injection. A mesh prefers its label
    to its annotation, so the label is omitted where the profile sets the annotation."""
    own = dubjob.metadata.labels
    propagated = {key: own[key] for key in profile.propagated_labels or () if key in own}
    allowed = chosen.network_access is NetworkAccess.EGRESS
    network = {names.NETWORK_LABEL: "allowed" if allowed else "denied"}
    chosen_annotations = chosen.annotations or {}
    no_injection = {
        key: value
        for key, value in names.NO_INJECTION_LABELS.items()
        if key not in chosen_annotations
    }
    return {**no_injection, **propagated, **(chosen.labels or {}), **network}


def pod_annotations(
    dubjob: DubJob, profile: DubProfileSpec, chosen: StageProfile
) -> dict[str, str]:
    """Annotations of the pods of a stage: against injection, those of the profile, and the queue,
    which Volcano reads here, not from the Job."""
    queue = dubjob.queue_name or profile.queue_name
    volcano = {names.VOLCANO_QUEUE_ANNOTATION: queue} if queue else {}
    return {**names.NO_INJECTION_ANNOTATIONS, **volcano, **(chosen.annotations or {})}


def node_affinity(chosen: StageProfile, node: str | None) -> dict[str, Any] | None:
    """The affinity of the stage; if `node` is given, only to that node."""
    affinity = dict(chosen.affinity or {})
    if node is None:
        return affinity or None
    here = {"key": "metadata.name", "operator": "In", "values": [node]}
    by_node = dict(affinity.get("nodeAffinity") or {})
    required = dict(by_node.get("requiredDuringSchedulingIgnoredDuringExecution") or {})
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [
        {**term, "matchFields": [*term.get("matchFields", []), here]} for term in terms
    ]
    by_node["requiredDuringSchedulingIgnoredDuringExecution"] = required
    return {**affinity, "nodeAffinity": by_node}


def light(profile: DubProfileSpec) -> StageProfile:
    """The settings of a stage that only imports a correction: those of ingest, whose image is small
    and needs no GPU."""
    return profile.stage(Stage.INGEST)
