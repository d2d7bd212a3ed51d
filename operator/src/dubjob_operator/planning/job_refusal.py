"""What it means if the API server does not create the Job of a stage."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.api.profile_reference import UsedProfile
from dubjob_operator.planning import messages
from dubjob_operator.planning.answers import (
    is_denial,
    is_namespace_terminating,
    is_outage,
    is_quota_exceeded,
)
from dubjob_operator.planning.profile_use import ProfileProblem


def job_refused(profile: UsedProfile, answer: str, *, final: bool = True) -> ProfileProblem:
    """Why the stage has no Job, from the `answer` to its creation. `final`: whether the status
    code says that a retry cannot succeed."""
    if is_quota_exceeded(answer):
        return ProfileProblem(reasons.QUOTA_EXCEEDED, messages.quota_exceeded(answer))
    if is_namespace_terminating(answer):
        return ProfileProblem(reasons.NAMESPACE_TERMINATING, messages.namespace_terminating(answer))
    if is_outage(answer) or not (final or is_denial(answer)):
        return ProfileProblem(reasons.JOB_NOT_CREATED, messages.job_not_created(answer))
    message = messages.job_refused(str(profile), answer)
    return ProfileProblem(reasons.PROFILE_INVALID, message)
