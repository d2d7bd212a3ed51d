"""The outcome of the whole dub: its summary and its files."""

from __future__ import annotations

from collections.abc import Sequence

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.observation import Observed
from dubstage.contract.summary import DubSummary, Output


def summary(entries: Sequence[StageStatus]) -> DubSummary | None:
    """The measures of all stages; if two stages have the same one, the later stage counts."""
    known = {
        name: value
        for entry in entries
        if entry.summary
        for name in DubSummary.model_fields
        if (value := getattr(entry.summary, name)) is not None
    }
    return DubSummary(**known) if known else None


def outputs(
    dubjob: DubJob, entries: Sequence[StageStatus], observed: Observed
) -> list[Output] | None:
    """The files of the dub once its last stage has succeeded, None before: the recorded ones, or
    those in the result of that stage (of ingest, if the last stage was reused)."""
    last = entries[-1]
    if last.state is not StageState.SUCCEEDED:
        return None
    recorded = dubjob.status.of(last.name)
    same = recorded and recorded.state is StageState.SUCCEEDED and recorded.run == last.run
    if same and dubjob.status.outputs:
        return dubjob.status.outputs
    job = observed.job(last.job_name or entries[0].job_name or "")
    pod = job.succeeded if job else None
    return pod.result.outputs or None if pod and pod.result else None
