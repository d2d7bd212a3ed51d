"""A pod of the API server as a frozen value. What counts is the container of the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator import names
from dubstage.contract import StageResult

Object = Mapping[str, Any]
END_PHASES = ("Succeeded", "Failed")
NEVER = ("1970-01-01T00:00:00", "0001-01-01T00:00:00")
"""How container runtimes write a time that never was."""


@dataclass(frozen=True)
class ObservedPod:
    """One pod of a stage's Job."""

    name: str
    created: str
    phase: str
    deletion: str = ""
    """When its grace period ends, empty if it is not being deleted."""
    disrupted: bool = False
    """Whether it was preempted, evicted or drained."""
    reason: str = ""
    """Why the kubelet ended or rejected the pod as a whole, for example ``Evicted``."""
    message: str = ""
    unschedulable: str = ""
    """The message of the scheduler if it finds no node, else empty."""
    without_scheduler: bool = False
    """Whether no scheduler has reported anything about it, and no kubelet either."""
    without_sandbox: bool = False
    """Whether it is on a node, but its volumes or its network are not ready."""
    waiting_reason: str = ""
    waiting_message: str = ""
    started: str | None = None
    """When the container of the stage started."""
    finished: str | None = None
    exit_code: int | None = None
    folders_error: str = ""
    """Why the folders of the job cannot be created."""
    terminated_reason: str = ""
    """The reason that Kubernetes gives, for example ``OOMKilled``."""
    terminated_message: str = ""
    """What the container runtime reported, empty if the stage left a result."""
    result: StageResult | None = None
    others_running: tuple[str, ...] = ()
    """Names of the other containers that run, for example an injected proxy."""
    memory_limit: str = ""
    node: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the stage may still write. Other containers of the pod do not matter."""
        return not self.has_ended and self.exit_code is None

    @property
    def has_ended(self) -> bool:
        """Whether all containers of the pod have ended."""
        return self.phase in END_PHASES

    @property
    def has_succeeded(self) -> bool:
        """Whether the stage has succeeded, even if another container of the pod has failed or
        still runs."""
        done = self.exit_code == 0 and (self.result is not None or self.phase != "Failed")
        return self.phase == "Succeeded" or done

    @property
    def is_running(self) -> bool:
        """Whether the container runs. The phase of the pod follows a moment later."""
        return self.phase == "Running" or (self.phase == "Pending" and self.started is not None)


def has_ended(pod: Object) -> bool:
    """Whether all containers of the pod have ended."""
    return pod.get("status", {}).get("phase") in END_PHASES


def observed_pod(pod: Object) -> ObservedPod:
    """The pod of the API server as a frozen value."""
    metadata, status = pod["metadata"], pod.get("status", {})
    conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    folders = _state(status, "initContainerStatuses", names.FOLDERS_CONTAINER)
    has_failed = bool(folders.get("terminated", {}).get("exitCode"))
    if has_failed or "waiting" in folders:
        # The stage waits for this container, and it says why.
        state = folders
    else:
        state = _state(status, "containerStatuses", names.STAGE_CONTAINER)
    ended = state.get("terminated", {})
    waiting = state.get("waiting", {})
    unschedulable = scheduled.get("status") == "False"
    created = metadata.get("creationTimestamp", "")
    started = state.get("running", {}).get("startedAt") or ended.get("startedAt")
    result = StageResult.from_termination_message(ended.get("message"))
    return ObservedPod(
        name=metadata["name"],
        created=created,
        phase=status.get("phase", "Pending"),
        deletion=metadata.get("deletionTimestamp") or "",
        disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        unschedulable=scheduled.get("message", "") if unschedulable else "",
        without_scheduler=not (
            conditions or status.get("containerStatuses") or pod.get("spec", {}).get("nodeName")
        ),
        without_sandbox=conditions.get("PodReadyToStartContainers", {}).get("status") == "False",
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        started=_start_time(started, created),
        finished=ended.get("finishedAt"),
        exit_code=ended.get("exitCode"),
        folders_error=ended.get("message", "") if has_failed else "",
        terminated_reason=ended.get("reason", ""),
        terminated_message="" if result else ended.get("message", ""),
        result=result,
        others_running=_others_running(status),
        memory_limit=_memory_limit(pod),
        node=pod.get("spec", {}).get("nodeName", ""),
    )


def _start_time(started: str | None, created: str) -> str | None:
    """When the container started. A runtime that could not start it gives the year 1970. The clock
    of a node may be slow, but no container starts before its pod is created."""
    if not started or started.startswith(NEVER):
        return None
    return max(started, created)


def _state(status: Object, kind: str, name: str) -> Object:
    """The state of the container `name`; empty if it has none yet."""
    for entry in status.get(kind, ()):
        if entry["name"] == name:
            state: Object = entry.get("state", {})
            return state
    return {}


def _others_running(status: Object) -> tuple[str, ...]:
    return tuple(
        entry["name"]
        for entry in status.get("containerStatuses", ())
        if entry["name"] != names.STAGE_CONTAINER and "running" in entry.get("state", {})
    )


def _memory_limit(pod: Object) -> str:
    for container in pod.get("spec", {}).get("containers", []):
        if container["name"] == names.STAGE_CONTAINER:
            return str(container.get("resources", {}).get("limits", {}).get("memory", ""))
    return ""
