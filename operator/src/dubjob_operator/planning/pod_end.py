"""How pods end without the stage's own exit: evicted, rejected, lost, or held by a sidecar.

What a failure means for the stage is decided in :mod:`dubjob_operator.planning.failure_policy`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.times import parse

SIDECAR_SECONDS = 30.0
"""A pod whose stage has ended longer ago is held by another container. The kubelet reports the
phase of a pod a moment after the container."""
LOST_SECONDS = 60.0
"""A pod that still exists then, after its grace period, is on a node that does not respond."""
EVICTED = "Evicted"
SCRATCH_LIMIT = re.compile(r'emptydir volume "scratch" exceeds', re.IGNORECASE)
STORAGE_LIMIT = re.compile(r"ephemeral[- ](local )?storage .*\blimit\b", re.IGNORECASE)
START_ERRORS = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of a container that the runtime could not start."""


def is_over_scratch_limit(pod: ObservedPod) -> bool:
    """Whether the kubelet evicted the pod because its scratch volume exceeded its limit."""
    return pod.reason == EVICTED and bool(SCRATCH_LIMIT.search(pod.message))


def is_over_storage_limit(pod: ObservedPod) -> bool:
    """Whether the kubelet evicted the pod because it exceeded a limit of its own for local
    storage. A node that is short of storage is another case: a retry can find another node."""
    over_limit = pod.reason == EVICTED and STORAGE_LIMIT.search(pod.message)
    return bool(over_limit) or is_over_scratch_limit(pod)


def is_rejected(pod: ObservedPod) -> bool:
    """Whether the pod failed before its container started, for example because the kubelet did
    not admit it. The stage did not fail then."""
    never_ran = pod.exit_code is None and pod.started is None
    return pod.phase == "Failed" and never_ran and not is_over_storage_limit(pod)


def has_sidecar_left(pod: ObservedPod, now: datetime) -> bool:
    """Whether the stage has ended, and another container has kept the pod alive for
    :data:`SIDECAR_SECONDS`. The clock of a node that is ahead does not delay it."""
    if pod.has_ended or pod.exit_code is None:
        return False
    elapsed = (now - parse(pod.finished)).total_seconds() if pod.finished else SIDECAR_SECONDS
    return not 0.0 <= elapsed < SIDECAR_SECONDS


def lost_at(pod: ObservedPod) -> datetime | None:
    """When the node of a pod that is being deleted counts as lost, None if the stage cannot
    write anymore or the pod is not being deleted."""
    if not pod.deletion or not pod.is_live:
        return None
    return parse(pod.deletion) + timedelta(seconds=LOST_SECONDS)


def is_lost(pod: ObservedPod, now: datetime) -> bool:
    """Whether the node of the pod does not respond, so that the pod cannot be deleted."""
    at = lost_at(pod)
    return at is not None and now >= at
