"""What it means if the API server refuses the Job of a stage."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.api.profile_reference import UsedProfile
from dubjob_operator.planning import messages
from dubjob_operator.planning.profile_use import ProfileProblem


def job_refused(profile: UsedProfile, answer: str) -> ProfileProblem:
    """Why the API server refused a stage's Job, in its `answer`."""
    if "exceeded quota" in answer:
        return ProfileProblem(reasons.QUOTA_EXCEEDED, messages.quota_exceeded(answer))
    message = messages.job_refused(str(profile), answer)
    return ProfileProblem(reasons.PROFILE_INVALID, message)
