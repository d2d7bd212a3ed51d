"""The reasons why a stage cannot start until a user acts."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.answers import is_pull_denial

STAGE_FAULTS = frozenset(
    {
        reasons.PROFILE_NOT_FOUND,
        reasons.PROFILE_FORBIDDEN,
        reasons.PROFILE_INVALID,
        reasons.PRIORITY_FORBIDDEN,
        reasons.QUEUE_FORBIDDEN,
        reasons.OLD_POD,
    }
)
"""Why no Job can be created."""


JOB_FAULTS = frozenset({reasons.POD_REFUSED, reasons.MANAGED_ELSEWHERE})
"""Why a Job has no pod. Neither waiting for quota or admission nor an outage of the control plane
is a fault."""


OUTAGES = frozenset({reasons.NO_POD, reasons.POD_NOT_CREATED, reasons.NO_SCHEDULER})
"""Why a pod does not exist or has no node although there may be capacity: a part of the control
plane is away."""


POD_FAULTS = frozenset(
    {
        reasons.CLAIM_MISSING,
        reasons.CLAIM_UNBOUND,
        reasons.RESOURCE_CLAIM_MISSING,
        reasons.NO_SANDBOX,
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Why the container of a pod cannot start: mostly reasons of the kubelet."""


PULL_PROBLEMS = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
"""Reasons of the kubelet why there is no image yet. Only the message says whether the registry has
refused it or does not respond; the latter is not a fault."""


def is_fault(entry: StageStatus) -> bool:
    """Whether the stage cannot start until a user acts."""
    if entry.state is StageState.PENDING:
        return entry.reason in STAGE_FAULTS
    if entry.state is StageState.PULLING:
        refused = entry.reason in PULL_PROBLEMS and is_pull_denial(entry.message or "")
        return refused or entry.reason in POD_FAULTS
    if entry.state is StageState.RETRYING:
        return entry.reason == reasons.NODE_LOST
    return entry.state is StageState.QUEUED and entry.reason in JOB_FAULTS
