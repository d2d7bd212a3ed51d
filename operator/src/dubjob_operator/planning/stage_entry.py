"""How the recorded entry of one stage changes."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.run_time import settled
from dubjob_operator.planning.start_faults import is_fault
from dubjob_operator.planning.times import seconds_since, timestamp
from dubstage.contract import Stage


def first(stage: Stage, input_hash: str | None, now: datetime, run: int = 1) -> StageStatus:
    """The entry of a stage of which no run is recorded."""
    return StageStatus(
        name=str(stage), state=StageState.PENDING, input_hash=input_hash, run=run,
        since=timestamp(now),
    )  # fmt: skip


def moved_to(
    entry: StageStatus,
    state: StageState,
    now: datetime,
    reason: str | None = None,
    message: str | None = None,
) -> StageStatus:
    """The entry in `state`. `since` changes with the state, and when waiting becomes a fault or
    the other way round."""
    moved = entry.model_copy(update={"state": state, "reason": reason, "message": message or None})
    if entry.since and entry.state is state and is_fault(entry) == is_fault(moved):
        return moved
    return _with_wait(entry, moved, now).model_copy(update={"since": timestamp(now)})


def _with_wait(entry: StageStatus, moved: StageStatus, now: datetime) -> StageStatus:
    """`moved` with the wait for capacity that ends."""
    if entry.state is not StageState.QUEUED or is_fault(entry):
        return moved
    waited = (entry.queued_seconds or 0) + round(seconds_since(entry.since, now))
    return moved.model_copy(update={"queued_seconds": waited or None})


def ended(entry: StageStatus, now: datetime, finished: str | None = None) -> StageStatus:
    """The entry with a completion time, `finished` or now, and without `since`."""
    if entry.completion_time:
        return entry
    return entry.model_copy(update={"completion_time": finished or timestamp(now), "since": None})


def fresh(entry: StageStatus, now: datetime, **flags: bool | None) -> StageStatus:
    """The entry of the next run of the stage, with the seconds for which earlier runs with the
    same input ran. `flags`: new values for ``forced``, ``imports``, ``reviewed`` and ``shortens``;
    the others are kept."""
    kept = {
        "forced": entry.forced,
        "imports": entry.imports,
        "reviewed": entry.reviewed,
        "shortens": entry.shortens,
        "active_seconds": settled(entry, now).active_seconds,
    }
    started = StageStatus(
        name=entry.name,
        state=StageState.PENDING,
        input_hash=entry.input_hash,
        run=entry.run + 1,
        since=timestamp(now),
    )
    return started.model_copy(update=kept | flags)


def continued(entry: StageStatus, now: datetime) -> StageStatus:
    """The entry of the next run of a stage that no user has restarted: its wait for capacity and
    its failures continue to count."""
    waited = moved_to(entry, StageState.PENDING, now).queued_seconds
    return fresh(entry, now).model_copy(
        update={
            "queued_seconds": waited,
            "failures": entry.failures,
            "disruptions": entry.disruptions,
        }
    )
