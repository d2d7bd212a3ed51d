"""May this DubJob use that profile, and is it there at all?"""

from __future__ import annotations

from dataclasses import dataclass

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile


@dataclass(frozen=True)
class ProfileProblem:
    """Why no stage can start now. A quota is waited for; anything else is a fault, and
    has time until the start deadline."""

    reason: str
    message: str


def usable_profile(
    dubjob: DubJob, profile: DubProfile | ProfileProblem | None
) -> DubProfile | ProfileProblem:
    """The profile, or why it cannot be used. None: there is no such profile."""
    name = dubjob.profile_name
    if profile is None:
        return ProfileProblem(
            reasons.PROFILE_NOT_FOUND,
            f"There is no DubProfile {name}: create it, or name another in spec.profile.",
        )
    if isinstance(profile, ProfileProblem):
        return profile
    allowed = profile.spec.allowed_namespaces
    if allowed is not None and dubjob.metadata.namespace not in allowed:
        return ProfileProblem(
            reasons.PROFILE_FORBIDDEN,
            f"DubProfile {name} is not for namespace {dubjob.metadata.namespace}: its "
            "allowedNamespaces does not list it.",
        )
    chosen, classes = dubjob.spec.priority_class_name, profile.spec.allowed_priority_classes or []
    if chosen and chosen not in classes:
        return ProfileProblem(
            reasons.PRIORITY_FORBIDDEN,
            f"spec.priorityClassName is {chosen}, and DubProfile {name} allows "
            f"{', '.join(classes) or 'none'}: choose one of these, or leave it out.",
        )
    return profile
