"""Why a stage cannot start until somebody acts."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import StageState, StageStatus

STAGE_FAULTS = frozenset(
    {
        reasons.PROFILE_NOT_FOUND,
        reasons.PROFILE_FORBIDDEN,
        reasons.PROFILE_INVALID,
        reasons.PRIORITY_FORBIDDEN,
        reasons.OLD_POD,
    }
)
"""Why no Job can be made until somebody acts."""


JOB_FAULTS = frozenset({reasons.NO_POD, reasons.POD_REFUSED})
"""Why a Job has no pod; waiting for quota or admission is none."""


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
"""Why a pod's container cannot start until somebody acts: mostly the kubelet's words."""


def is_fault(entry: StageStatus) -> bool:
    """True where the stage cannot start until somebody acts, or nobody starts it."""
    if entry.state is StageState.PENDING:
        return entry.reason in STAGE_FAULTS
    if entry.state is StageState.PULLING:
        return entry.reason in POD_FAULTS
    return entry.state is StageState.QUEUED and entry.reason in JOB_FAULTS
