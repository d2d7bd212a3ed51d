"""What it means that the API server refuses a stage's Job."""

from __future__ import annotations

from dubjob_operator import reasons
from dubjob_operator.planning.profile_use import ProfileProblem


def job_refused(profile: str, words: str) -> ProfileProblem:
    """Why the API server refused a stage's Job, in its own `words`."""
    if "exceeded quota" in words:
        return ProfileProblem(reasons.QUOTA_EXCEEDED, f"The stage's Job has to wait: {words}")
    return ProfileProblem(
        reasons.PROFILE_INVALID,
        f"The API server refused the stage's Job: {words}. Correct DubProfile {profile}, or what "
        "the namespace allows.",
    )
