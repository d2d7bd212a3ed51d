"""Jobs and Pods, as the API server gives them, into frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator import names
from dubstage.contract import StageResult

Object = Mapping[str, Any]


@dataclass(frozen=True)
class ObservedPod:
    """One pod of a stage's Job."""

    name: str
    uid: str
    created: str
    phase: str
    terminating: bool = False
    disrupted: bool = False
    """Preempted, evicted or drained."""
    unschedulable: str = ""
    """The scheduler's message, where it found no node."""
    without_sandbox: bool = False
    """It is on a node, and lacks its volumes or its network."""
    waiting_reason: str = ""
    waiting_message: str = ""
    started: str | None = None
    """When the stage's container started."""
    finished: str | None = None
    exit_code: int | None = None
    terminated_reason: str = ""
    """Kubernetes' own word, for example ``OOMKilled``."""
    result: StageResult | None = None
    memory_limit: str = ""
    node: str = ""

    @property
    def is_live(self) -> bool:
        """True while the pod may still write."""
        return self.phase not in ("Succeeded", "Failed")

    @property
    def is_running(self) -> bool:
        """True from the container's start, which the phase follows a moment later."""
        return self.phase == "Running" or (self.phase == "Pending" and self.started is not None)


@dataclass(frozen=True)
class ObservedJob:
    """One Job of ours, with its pods, the latest last."""

    name: str
    uid: str
    stage: str
    pipeline_hash: str
    created: str = ""
    started: str = ""
    """When the Job controller first saw to it, or anew after it was held back."""
    timeout: float | None = None
    """Seconds that one pod may run."""
    suspended: bool = False
    """A queueing scheduler holds it back."""
    refused: str | None = None
    """Why its pods cannot be created, in the API server's words; None where that was not
    asked for yet."""
    failed_pods: int = 0
    """Failures that count against the backoff limit."""
    complete: bool = False
    failed_reason: str = ""
    """Reason of the condition Failed; empty while there is none."""
    failed_message: str = ""
    terminating: bool = False
    pods: tuple[ObservedPod, ...] = ()

    @property
    def is_active(self) -> bool:
        """True while the Job may still start pods."""
        return not (self.complete or self.failed_reason or self.terminating)

    @property
    def succeeded(self) -> ObservedPod | None:
        """The pod that ended well."""
        return next((pod for pod in self.pods if pod.phase == "Succeeded"), None)


@dataclass(frozen=True)
class Observed:
    """Everything of one DubJob that the cluster holds."""

    jobs: tuple[ObservedJob, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    """All of them: also those whose Job is gone."""

    def job(self, name: str) -> ObservedJob | None:
        """The Job of that name, where it is there and not on its way out."""
        return next((job for job in self.jobs if job.name == name and not job.terminating), None)


def observe(
    jobs: Iterable[Object],
    pods: Iterable[Object],
    owner_uid: str,
    refusals: Mapping[str, str] | None = None,
) -> Observed:
    """The DubJob's Jobs (`owner_uid` is its UID) and all pods that carry its name.
    `refusals`: by Job, why its pods cannot be created."""
    seen: dict[str, list[ObservedPod]] = {}
    everything = []
    for pod in pods:
        value = _pod(pod)
        everything.append(value)
        seen.setdefault(controller_uid(pod), []).append(value)
    found = []
    for job in jobs:
        if controller_uid(job) == owner_uid:
            own = sorted(seen.get(job["metadata"]["uid"], []), key=lambda pod: pod.created)
            refused = (refusals or {}).get(job["metadata"]["name"])
            found.append(_job(job, tuple(own), refused))
    found.sort(key=lambda job: job.name)
    return Observed(tuple(found), tuple(everything))


def controller_uid(item: Object) -> str:
    """UID of the object's controller, empty where it has none."""
    for reference in item["metadata"].get("ownerReferences", []):
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def _job(job: Object, pods: tuple[ObservedPod, ...], refused: str | None) -> ObservedJob:
    metadata = job["metadata"]
    annotations = metadata.get("annotations") or {}
    timeout = annotations.get(names.TIMEOUT_ANNOTATION)
    conditions = {
        entry["type"]: entry
        for entry in job.get("status", {}).get("conditions", [])
        if entry.get("status") == "True"
    }
    failed = conditions.get("Failed") or conditions.get("FailureTarget") or {}
    return ObservedJob(
        name=metadata["name"],
        uid=metadata["uid"],
        stage=metadata.get("labels", {}).get(names.STAGE_LABEL, ""),
        pipeline_hash=annotations.get(names.PIPELINE_HASH_ANNOTATION, ""),
        created=metadata.get("creationTimestamp", ""),
        timeout=float(timeout) if timeout else None,
        started=job.get("status", {}).get("startTime", ""),
        # The condition outlasts the field until the Job controller has seen to it.
        suspended=job.get("spec", {}).get("suspend") is True or "Suspended" in conditions,
        refused=refused,
        failed_pods=job.get("status", {}).get("failed", 0),
        complete="Complete" in conditions or "SuccessCriteriaMet" in conditions,
        failed_reason=failed.get("reason", "Failed") if failed else "",
        failed_message=failed.get("message", ""),
        terminating=bool(metadata.get("deletionTimestamp")),
        pods=pods,
    )


def _pod(pod: Object) -> ObservedPod:
    metadata, status = pod["metadata"], pod.get("status", {})
    conditions = {entry["type"]: entry for entry in status.get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    container: Object = next(
        (
            entry
            for entry in status.get("containerStatuses", [])
            if entry["name"] == names.STAGE_CONTAINER
        ),
        {},
    )
    state = container.get("state", {})
    ended = state.get("terminated", {})
    waiting = state.get("waiting", {})
    refused = scheduled.get("status") == "False"
    return ObservedPod(
        name=metadata["name"],
        uid=metadata["uid"],
        created=metadata.get("creationTimestamp", ""),
        phase=status.get("phase", "Pending"),
        terminating=bool(metadata.get("deletionTimestamp")),
        disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
        unschedulable=scheduled.get("message", "") if refused else "",
        without_sandbox=conditions.get("PodReadyToStartContainers", {}).get("status") == "False",
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        started=state.get("running", {}).get("startedAt") or ended.get("startedAt"),
        finished=ended.get("finishedAt"),
        exit_code=ended.get("exitCode"),
        terminated_reason=ended.get("reason", ""),
        result=StageResult.from_termination_message(ended.get("message")),
        memory_limit=_memory_limit(pod),
        node=pod.get("spec", {}).get("nodeName", ""),
    )


def _memory_limit(pod: Object) -> str:
    for container in pod.get("spec", {}).get("containers", []):
        if container["name"] == names.STAGE_CONTAINER:
            return str(container.get("resources", {}).get("limits", {}).get("memory", ""))
    return ""
