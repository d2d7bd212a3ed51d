"""Which stage gets another node, because that of the previous stages is gone."""

from __future__ import annotations

from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.stage_entry import fresh
from dubjob_operator.planning.times import seconds_since

NODE_SECONDS = 300.0
"""A node that restarts is back within this time. It is then given up: an autoscaler removes nodes
between two stages."""


def without_lost_node(
    dubjob: DubJob, entries: list[StageStatus], observed: Observed, now: datetime
) -> list[StageStatus]:
    """The entries after the scheduler has found for :data:`NODE_SECONDS` that the node of the
    previous stages cannot run the current one: a new run, on any node."""
    entry = next((each for each in entries if each.state is not StageState.SUCCEEDED), None)
    if entry is None or entry.reason != reasons.NO_MATCHING_NODE:
        return entries
    job = observed.job(job_name(dubjob, entry))
    if job is None or not job.node or not job.pods:
        return entries
    # The stage may have waited for admission before it had a pod.
    if seconds_since(job.pods[-1].created, now) < NODE_SECONDS:
        return entries
    return [
        fresh(each, now) if each is entry else each.model_copy(update={"node_name": None})
        for each in entries
    ]
