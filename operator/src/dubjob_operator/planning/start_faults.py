"""The reasons why a stage cannot start until a user acts."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.api.status import StageState, StageStatus

STAGE_FAULTS = frozenset(
    {
        reasons.PROFILE_NOT_FOUND,
        reasons.PROFILE_FORBIDDEN,
        reasons.PROFILE_INVALID,
        reasons.PRIORITY_FORBIDDEN,
        reasons.OLD_POD,
    }
)
"""Why no Job can be created."""


JOB_FAULTS = frozenset({reasons.NO_POD, reasons.POD_REFUSED})
"""Why a Job has no pod. To wait for quota or admission is not a fault."""


POD_FAULTS = frozenset(
    {
        reasons.CLAIM_MISSING,
        reasons.NO_SANDBOX,
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Why the container of a pod cannot start: mostly reasons of the kubelet."""


def is_fault(entry: StageStatus) -> bool:
    """Whether the stage cannot start until a user acts."""
    if entry.state is StageState.PENDING:
        return entry.reason in STAGE_FAULTS
    if entry.state is StageState.PULLING:
        return entry.reason in POD_FAULTS
    return entry.state is StageState.QUEUED and entry.reason in JOB_FAULTS
