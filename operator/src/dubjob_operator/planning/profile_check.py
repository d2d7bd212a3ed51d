"""Whether DubJobs can use a profile: its condition Accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dubjob_operator import names, reasons
from dubjob_operator.api.profile import DubProfile, DubProfileStatus
from dubjob_operator.api.status import Condition
from dubjob_operator.planning import messages
from dubjob_operator.planning.affinity import affinity_defect
from dubjob_operator.planning.times import timestamp
from dubstage.contract import ENGINE_NAMES


@dataclass(frozen=True)
class ProfileDefect:
    """Why no DubJob can use a profile."""

    reason: str
    message: str


def profile_defect(profile: DubProfile) -> ProfileDefect | None:
    """The first defect of the profile after its defaults are merged, None if it can be used."""
    for stage, engines in ENGINE_NAMES.items():
        chosen, place = profile.spec.stage(stage), f"spec.stages.{stage}"
        if not chosen.image:
            return ProfileDefect(reasons.IMAGE_NOT_SET, messages.image_missing(place))
        if not chosen.engine:
            return ProfileDefect(reasons.ENGINE_NOT_SET, messages.engine_missing(place, engines))
        if chosen.engine not in engines:
            message = messages.engine_unknown(place, chosen.engine, engines)
            return ProfileDefect(reasons.ENGINE_UNKNOWN, message)
        wrong = affinity_defect(chosen.affinity) if chosen.affinity else None
        if wrong:
            return ProfileDefect(reasons.AFFINITY_INVALID, f"{place}.{wrong}.")
    return None


def profile_status(
    before: DubProfileStatus, generation: int, defect: ProfileDefect | None, now: datetime
) -> DubProfileStatus:
    """The status of a profile of that `generation`, after it was checked."""
    known = before.accepted
    accepted = "False" if defect else "True"
    unchanged = known is not None and known.status == accepted
    condition = Condition(
        type=names.ACCEPTED,
        status=accepted,
        reason=defect.reason if defect else reasons.ACCEPTED,
        message=defect.message if defect else messages.ACCEPTED,
        last_transition_time=(
            known.last_transition_time if known and unchanged else timestamp(now)
        ),
        observed_generation=generation,
    )
    others = [each for each in before.conditions if each.type != names.ACCEPTED]
    return DubProfileStatus(observed_generation=generation, conditions=[*others, condition])
