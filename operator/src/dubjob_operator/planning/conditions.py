"""The conditions of a DubJob, which :mod:`dubjob_operator.cluster.apply` writes with the status.

The message of Finished explains everything. The messages of the others are short, and stay true
whatever happens next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator import names, reasons
from dubjob_operator.api.status import Condition, StageState, StageStatus
from dubjob_operator.planning import messages
from dubjob_operator.planning.start_faults import OUTAGES, is_fault
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
class State:
    """What the conditions report about a DubJob."""

    reason: str
    message: str
    """Explains everything, in the condition Finished."""
    headline: str
    """Says the same in short, in the other conditions."""
    complete: bool = False
    failed: bool = False
    suspended: bool = False
    cause: str | None = None
    """Reason why the current stage cannot start, None if it can."""
    stage: str = ""
    """The current stage."""

    @property
    def finished(self) -> bool:
        """Whether it is complete or failed."""
        return self.complete or self.failed


@dataclass(frozen=True)
class _Truth:
    """A condition without its times."""

    type: str
    holds: bool
    reason: str
    message: str


def conditions(
    state: State, generation: int, before: Sequence[Condition], now: datetime
) -> list[Condition]:
    """All conditions of a DubJob in `state`. `before`: the recorded ones; those of other writers
    are kept. `generation`: of the spec that `state` is about."""
    recorded = {each.type: each for each in before}
    written = [
        _condition(truth, generation, recorded.get(truth.type), now) for truth in _truths(state)
    ]
    return [*written, *(each for each in before if each.type not in OURS)]


def state_of(entry: StageStatus | None, suspend: bool) -> State:
    """The state of a DubJob whose current stage is `entry`, None if all stages have succeeded.
    `suspend`: whether its spec says so."""
    if entry is None:
        return State(reasons.COMPLETED, messages.COMPLETED, messages.COMPLETED, complete=True)
    failed = entry.state is StageState.FAILED
    cannot_start = is_fault(entry)
    headline = (
        messages.cannot_start(entry.name)
        if cannot_start
        else messages.in_state(entry.name, entry.state)
    )
    if failed:
        reason, message = entry.reason or reasons.STAGE_FAILED, entry.message or headline
    elif entry.reason and (
        entry.state is StageState.PENDING
        or (entry.state is StageState.RETRYING and cannot_start)
        or entry.reason in OUTAGES
    ):
        reason, message = entry.reason, entry.message or headline
    else:
        reason = str(entry.state)
        message = messages.in_state(entry.name, entry.state, entry.message)
    return State(
        reason,
        message,
        headline,
        failed=failed,
        suspended=suspend and not failed,
        cause=(entry.reason or reason) if cannot_start else None,
        stage=entry.name,
    )


def invalid_spec(message: str) -> State:
    """The state of a DubJob whose spec the operator cannot read."""
    return State(
        reasons.SPEC_INVALID, messages.sentence(message), messages.SPEC_INVALID, failed=True
    )


def unreadable_status(message: str) -> State:
    """The state of a DubJob whose status the operator cannot read."""
    return State(
        reasons.STATUS_UNREADABLE,
        messages.status_unreadable(message),
        messages.STATUS_UNREADABLE,
    )


def _truths(state: State) -> list[_Truth]:
    """Complete and Finished are always there. The others report a problem or a wait: they are
    absent while there is none, as those of a Job are, and kstatus reads them so."""
    truths = [
        _Truth(
            names.COMPLETE,
            state.complete,
            state.reason,
            state.headline if state.complete else messages.INCOMPLETE,
        ),
        _Truth(names.FINISHED, state.finished, state.reason, state.message),
    ]
    if state.failed:
        truths.append(_Truth(names.FAILED, True, state.reason, state.headline))
        truths.append(_Truth(names.STALLED, True, state.reason, state.headline))
    elif state.suspended:
        truths.append(_Truth(names.SUSPENDED, True, reasons.SUSPENDED, messages.IS_SUSPENDED))
    elif not state.complete:
        truths.append(_Truth(names.RECONCILING, True, state.reason, state.headline))
        if state.cause:
            waits = messages.awaits_cause(state.stage, state.cause)
            truths.append(_Truth(names.STALLED, False, state.cause, waits))
    return truths


def _condition(
    truth: _Truth, generation: int, before: Condition | None, now: datetime
) -> Condition:
    value = "True" if truth.holds else "False"
    since = before.last_transition_time if before and before.status == value else timestamp(now)
    return Condition(
        type=truth.type,
        status=value,
        reason=_word(truth.reason),
        message=truth.message[:MESSAGE_LENGTH],
        last_transition_time=since,
        observed_generation=generation,
    )


def _word(reason: str) -> str:
    """`reason` as the API server accepts it. That of an engine may have any characters."""
    return re.sub(r"^[^A-Za-z]+|[^A-Za-z0-9_]", "", reason) or reasons.STAGE_FAILED
