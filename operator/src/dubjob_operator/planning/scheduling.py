"""What queueing schedulers and Kubernetes' own one are told: queue, labels, node."""

from __future__ import annotations

from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfileSpec
from dubjob_operator.api.stage_profile import NetworkAccess, StageProfile
from dubstage.contract import Stage


def queue_labels(dubjob: DubJob, profile: DubProfileSpec) -> dict[str, str]:
    """The Job's queue, for Kueue. Every stage carries it, the light ones too: Kueue may
    hold back whatever has none."""
    queue = dubjob.queue_name or profile.queue_name
    return {names.QUEUE_LABEL: queue} if queue else {}


def pod_labels(dubjob: DubJob, profile: DubProfileSpec, chosen: StageProfile) -> dict[str, str]:
    """Labels of a stage's Job and pods: the profile's, those of the DubJob that the
    profile lets through, and what network policies select by."""
    own = dubjob.metadata.labels
    propagated = {key: own[key] for key in profile.propagated_labels or () if key in own}
    allowed = chosen.network_access is NetworkAccess.EGRESS
    network = {names.NETWORK_LABEL: "allowed" if allowed else "denied"}
    return {**propagated, **(chosen.labels or {}), **network}


def pod_annotations(
    dubjob: DubJob, profile: DubProfileSpec, chosen: StageProfile
) -> dict[str, str]:
    """Annotations of a stage's pods. Volcano reads its queue here, not from the Job."""
    queue = dubjob.queue_name or profile.queue_name
    volcano = {names.VOLCANO_QUEUE_ANNOTATION: queue} if queue else {}
    return {**volcano, **(chosen.annotations or {})}


def node_affinity(chosen: StageProfile, node: str | None) -> dict[str, Any] | None:
    """The stage's affinity, and where it is given, to that `node` and no other."""
    affinity = dict(chosen.affinity or {})
    if node is None:
        return affinity or None
    here = {"key": "metadata.name", "operator": "In", "values": [node]}
    wanted = dict(affinity.get("nodeAffinity") or {})
    required = dict(wanted.get("requiredDuringSchedulingIgnoredDuringExecution") or {})
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [
        {**term, "matchFields": [*term.get("matchFields", []), here]} for term in terms
    ]
    wanted["requiredDuringSchedulingIgnoredDuringExecution"] = required
    return {**affinity, "nodeAffinity": wanted}


def light(profile: DubProfileSpec) -> StageProfile:
    """How a stage runs that only imports a person's file: as ingest does, whose image
    is small and asks for no GPU."""
    return profile.stage(Stage.INGEST)
