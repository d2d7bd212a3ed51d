"""Whether a DubJob can use its profile."""

from __future__ import annotations

from dataclasses import dataclass

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.profile_reference import candidates
from dubjob_operator.planning import messages
from dubjob_operator.planning.profile_check import profile_defect


@dataclass(frozen=True)
class ProfileProblem:
    """Why no stage can start now. Everything but a quota is a fault and counts toward the start
    deadline."""

    reason: str
    message: str


def usable_profile(
    dubjob: DubJob, profile: DubProfile | ProfileProblem | None
) -> DubProfile | ProfileProblem:
    """The profile, or why it cannot be used. `profile` is None if it does not exist."""
    if profile is None:
        return ProfileProblem(reasons.PROFILE_NOT_FOUND, _not_found(dubjob))
    if isinstance(profile, ProfileProblem):
        return profile
    allowed, namespace = profile.spec.allowed_namespaces, dubjob.metadata.namespace
    if allowed is not None and namespace not in allowed:
        return ProfileProblem(
            reasons.PROFILE_FORBIDDEN,
            messages.profile_forbidden(str(profile), namespace),
        )
    defect = profile_defect(profile)
    if defect is not None:
        return ProfileProblem(reasons.PROFILE_INVALID, f"{profile}: {defect.message}")
    return _forbidden_choice(dubjob, profile) or profile


def _not_found(dubjob: DubJob) -> str:
    namespace = dubjob.metadata.namespace
    places = [
        f"no {each} in namespace {namespace}" if each.kind == "DubProfile" else f"no {each}"
        for each in candidates(dubjob.spec.profile_ref)
    ]
    return messages.profile_not_found(places)


def _forbidden_choice(dubjob: DubJob, profile: DubProfile) -> ProfileProblem | None:
    """The value in the spec of the DubJob that the profile does not allow."""
    chosen, spec, name = dubjob.spec, profile.spec, str(profile)
    classes = spec.allowed_priority_class_names or []
    priority = chosen.priority_class_name
    if priority and priority not in classes:
        return ProfileProblem(
            reasons.PRIORITY_FORBIDDEN,
            messages.choice_forbidden("priorityClassName", priority, name, classes),
        )
    queue, queues = dubjob.queue_name, spec.allowed_queue_names
    allowed = [*(queues or ()), *([spec.queue_name] if spec.queue_name else ())]
    if queues is not None and queue and queue not in allowed:
        return ProfileProblem(
            reasons.QUEUE_FORBIDDEN,
            messages.choice_forbidden("queueName", queue, name, allowed),
        )
    return None
