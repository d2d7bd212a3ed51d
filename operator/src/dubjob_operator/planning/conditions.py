"""The conditions of a DubJob. The message of Finished explains everything; the messages of
the others are short, and true whatever happens next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import Condition, DubJob, StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.start_faults import is_fault
from dubjob_operator.planning.times import timestamp

MESSAGE_LENGTH = 2000
OURS = frozenset(
    {
        names.COMPLETE,
        names.FAILED,
        names.FINISHED,
        names.SUSPENDED,
        names.RECONCILING,
        names.STALLED,
    }
)


@dataclass(frozen=True)
class _Truth:
    """A condition without its times."""

    type: str
    holds: bool
    reason: str
    message: str


def conditions(dubjob: DubJob, entry: StageStatus | None, now: datetime) -> list[Condition]:
    """All conditions. `entry`: the current stage, None when all have succeeded."""
    found = [_condition(dubjob, truth, now) for truth in _truths(dubjob, entry)]
    others = [each for each in dubjob.status.conditions if each.type not in OURS]
    return [*found, *others]


def _truths(dubjob: DubJob, entry: StageStatus | None) -> list[_Truth]:
    complete = entry is None
    failed = entry is not None and entry.state is StageState.FAILED
    finished = complete or failed
    suspended = bool(dubjob.spec.suspend) and not finished
    reason, message = explanation(entry)
    short = headline(entry)
    idle = messages.HAS_FINISHED if finished else messages.IS_NOT_SUSPENDED
    truths = [
        _Truth(names.COMPLETE, complete, reason, short if complete else messages.INCOMPLETE),
        _Truth(
            names.FAILED,
            failed,
            reason if failed else reasons.NOT_FAILED,
            short if failed else messages.NOT_FAILED,
        ),
        _Truth(names.FINISHED, finished, reason, message),
        _Truth(
            names.SUSPENDED,
            suspended,
            reasons.SUSPENDED if suspended else reasons.NOT_SUSPENDED,
            messages.IS_SUSPENDED if suspended else idle,
        ),
    ]
    # kstatus takes these two for false where they are absent.
    if not (finished or suspended):
        truths.append(_Truth(names.RECONCILING, True, reason, short))
    if failed:
        truths.append(_Truth(names.STALLED, True, reason, short))
    elif entry is not None and is_fault(entry) and not suspended:
        cause = entry.reason or reason
        waits = messages.awaits_cause(entry.name, cause)
        truths.append(_Truth(names.STALLED, False, cause, waits))
    return truths


def _condition(dubjob: DubJob, truth: _Truth, now: datetime) -> Condition:
    value = "True" if truth.holds else "False"
    before = dubjob.status.condition(truth.type)
    since = before.last_transition_time if before and before.status == value else timestamp(now)
    return Condition(
        type=truth.type,
        status=value,
        reason=_word(truth.reason),
        message=truth.message[:MESSAGE_LENGTH],
        last_transition_time=since,
        observed_generation=dubjob.metadata.generation,
    )


def _word(reason: str) -> str:
    """`reason` as the API server accepts it: an engine's own may have any characters."""
    return re.sub(r"^[^A-Za-z]+|[^A-Za-z0-9_]", "", reason) or reasons.STAGE_FAILED


def headline(entry: StageStatus | None) -> str:
    """What the current stage does, without the details."""
    if entry is None:
        return messages.COMPLETED
    if entry.reason == reasons.SPEC_INVALID:
        return messages.SPEC_INVALID
    if is_fault(entry):
        return messages.cannot_start(entry.name)
    return messages.in_state(entry.name, entry.state)


def explanation(entry: StageStatus | None) -> tuple[str, str]:
    """The reason and the message of Finished."""
    if entry is None:
        return reasons.COMPLETED, messages.COMPLETED
    if entry.state is StageState.FAILED:
        return entry.reason or reasons.STAGE_FAILED, entry.message or headline(entry)
    if entry.state is StageState.PENDING and entry.reason:
        return entry.reason, entry.message or headline(entry)
    return str(entry.state), messages.in_state(entry.name, entry.state, entry.message)
