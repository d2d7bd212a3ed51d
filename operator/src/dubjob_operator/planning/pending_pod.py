"""Why the container of a pod has not started, from what the scheduler and the kubelet report."""

from __future__ import annotations

import re
from datetime import datetime

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning import messages, start_faults
from dubjob_operator.planning.deadlines import patience_left
from dubjob_operator.planning.observation import ObservedJob
from dubjob_operator.planning.observed_pod import ObservedPod
from dubjob_operator.planning.scheduler_messages import scheduling_problem
from dubjob_operator.planning.stage_entry import moved_to

SCHEDULER_REASONS = frozenset(
    {
        reasons.UNSCHEDULABLE,
        reasons.NO_MATCHING_NODE,
        reasons.VOLUME_ELSEWHERE,
        reasons.NO_SCHEDULER,
    }
)
"""Reasons of a pod that waits for a node."""
BACK_OFF = "ImagePullBackOff"
BACK_OFF_CAUSE = re.compile('image "[^"]*": ')
"""Where the message of a back-off repeats why the image could not be pulled."""


def _unscheduled(entry: StageStatus, told: str, node: str, now: datetime) -> StageStatus:
    """The entry of a pod for which the scheduler has no node. `told`: its message; `node`: the only
    node that the pod may run on, empty if there are others."""
    problem = scheduling_problem(told)
    pinned = node and problem.reason == reasons.NO_MATCHING_NODE
    remedy = messages.node_gone(node) if pinned else problem.remedy
    message = f"{messages.sentence(told)} {remedy}".strip()
    state = StageState.PULLING if problem.lasts else StageState.QUEUED
    return moved_to(entry, state, now, problem.reason, message)


def not_started(
    dubjob: DubJob, entry: StageStatus, job: ObservedJob, pod: ObservedPod, now: datetime
) -> StageStatus:
    """The entry of a pending pod: it waits for capacity or its image, or cannot start."""
    if pod.unschedulable:
        return _unscheduled(entry, pod.unschedulable, job.node, now)
    if pod.waiting_reason in start_faults.POD_FAULTS | start_faults.PULL_PROBLEMS:
        message = messages.sentence(pod.waiting_message)
        if pod.waiting_reason == BACK_OFF and not BACK_OFF_CAUSE.search(message):
            # Some kubelets do not repeat the answer of the registry.
            known = entry.reason in start_faults.PULL_PROBLEMS
            message = (entry.message if known else None) or message
        return moved_to(entry, StageState.PULLING, now, pod.waiting_reason, message)
    lasts = entry.reason == reasons.STARTING and patience_left(entry, now) <= 0
    if pod.without_scheduler and (lasts or entry.reason == reasons.NO_SCHEDULER):
        message = messages.no_scheduler(entry.name)
        return moved_to(entry, StageState.QUEUED, now, reasons.NO_SCHEDULER, message)
    if pod.without_sandbox and (lasts or entry.reason == reasons.NO_SANDBOX):
        namespace = dubjob.metadata.namespace
        reference = dubjob.spec.glossary_ref
        config_map = reference.name if reference else None
        message = messages.pod_not_ready(namespace, pod.name, pod.node, config_map)
        return moved_to(entry, StageState.PULLING, now, reasons.NO_SANDBOX, message)
    return moved_to(entry, StageState.PULLING, now, reasons.STARTING, messages.STARTING)
