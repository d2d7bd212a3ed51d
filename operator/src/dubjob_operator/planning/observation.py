"""Jobs and pods of the API server as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator import names
from dubstage.contract import StageResult

Object = Mapping[str, Any]
JOB_CONTROLLER = "kubernetes.io/job-controller"
"""The value of spec.managedBy that means the Job controller of the cluster, as no value does."""


@dataclass(frozen=True)
class Refusal:
    """The API server refuses the pods of a Job."""

    message: str
    """Its answer."""


@dataclass(frozen=True)
class NotRefused:
    """No Event says that the pods of the Job are refused."""


@dataclass(frozen=True)
class Unknown:
    """The Events have not been read yet."""


PodRefusal = Refusal | NotRefused | Unknown


@dataclass(frozen=True)
class Admission:
    """What the queue of a suspended Job reports."""

    reason: str = ""
    """Reason of the condition of its Workload, empty if there is none."""
    message: str = ""
    position: int | None = None
    """Position in the queue, from 1; None if it is not known."""


@dataclass(frozen=True)
class ObservedPod:
    """One pod of a stage's Job."""

    name: str
    created: str
    phase: str
    terminating: bool = False
    disrupted: bool = False
    """Whether it was preempted, evicted or drained."""
    unschedulable: str = ""
    """The message of the scheduler if it finds no node, else empty."""
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
    result: StageResult | None = None
    memory_limit: str = ""
    node: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the pod may still write."""
        return self.phase not in ("Succeeded", "Failed")

    @property
    def is_running(self) -> bool:
        """Whether the container runs. The phase of the pod follows a moment later."""
        return self.phase == "Running" or (self.phase == "Pending" and self.started is not None)


@dataclass(frozen=True)
class ObservedJob:
    """One Job of the operator, with its pods, the latest last."""

    name: str
    uid: str
    stage: str
    pipeline_hash: str
    created: str = ""
    started: str = ""
    """When the Job controller started it, or resumed it after it was suspended."""
    timeout: float | None = None
    """Limit for one pod, in seconds."""
    suspended: bool = False
    """Whether a queueing scheduler holds it."""
    managed_by: str = ""
    """The controller that runs the Job, empty for the Job controller of this cluster."""
    node: str = ""
    """The only node on which its pods may run, empty if there are others."""
    queue: str = ""
    """The queue of the Job, empty if it has none."""
    admission: Admission | None = None
    """What its queue reports, None if that has not been read."""
    refusal: PodRefusal = Unknown()
    """Whether its pods can be created, as far as the Events say."""
    failed_pods: int = 0
    """Failures that count toward the backoff limit."""
    complete: bool = False
    failed_reason: str = ""
    """Reason of the condition Failed, empty if there is none."""
    failed_message: str = ""
    terminating: bool = False
    pods: tuple[ObservedPod, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether the Job may still create pods."""
        return not (self.complete or self.failed_reason or self.terminating)

    @property
    def succeeded(self) -> ObservedPod | None:
        """The pod that succeeded."""
        return next((pod for pod in self.pods if pod.phase == "Succeeded"), None)


@dataclass(frozen=True)
class Observed:
    """All Jobs and pods of one DubJob."""

    jobs: tuple[ObservedJob, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    """All of them, including those whose Job is gone."""

    def job(self, name: str) -> ObservedJob | None:
        """The Job with that name, unless it is being deleted."""
        return next((job for job in self.jobs if job.name == name and not job.terminating), None)


def observe(
    jobs: Iterable[Object],
    pods: Iterable[Object],
    owner_uid: str,
    refusals: Mapping[str, PodRefusal] | None = None,
    admissions: Mapping[str, Admission] | None = None,
) -> Observed:
    """The Jobs of the DubJob with the UID `owner_uid`, and all pods that carry its label.
    `refusals` and `admissions`, by name of the Job: whether its pods are refused, and what its
    queue reports. Of a Job that is missing there, nothing is known."""
    by_owner: dict[str, list[ObservedPod]] = {}
    all_pods = []
    for pod in pods:
        value = _pod(pod)
        all_pods.append(value)
        by_owner.setdefault(controller_uid(pod), []).append(value)
    own_jobs = []
    for job in jobs:
        if controller_uid(job) == owner_uid:
            own_pods = by_owner.get(job["metadata"]["uid"], [])
            own_pods.sort(key=lambda pod: pod.created)
            name = job["metadata"]["name"]
            refusal = (refusals or {}).get(name, Unknown())
            admission = (admissions or {}).get(name)
            own_jobs.append(_job(job, tuple(own_pods), refusal, admission))
    own_jobs.sort(key=lambda job: job.name)
    return Observed(tuple(own_jobs), tuple(all_pods))


def controller_uid(item: Object) -> str:
    """UID of the controller of the object, empty if it has none."""
    for reference in item["metadata"].get("ownerReferences", []):
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


def _job(
    job: Object,
    pods: tuple[ObservedPod, ...],
    refusal: PodRefusal,
    admission: Admission | None,
) -> ObservedJob:
    metadata = job["metadata"]
    annotations = metadata.get("annotations") or {}
    timeout = annotations.get(names.TIMEOUT_ANNOTATION)
    conditions = {
        entry["type"]: entry
        for entry in job.get("status", {}).get("conditions", [])
        if entry.get("status") == "True"
    }
    manager = str(job.get("spec", {}).get("managedBy") or JOB_CONTROLLER)
    failed = conditions.get("Failed") or conditions.get("FailureTarget") or {}
    return ObservedJob(
        name=metadata["name"],
        uid=metadata["uid"],
        stage=metadata.get("labels", {}).get(names.STAGE_LABEL, ""),
        pipeline_hash=annotations.get(names.PIPELINE_HASH_ANNOTATION, ""),
        created=metadata.get("creationTimestamp", ""),
        timeout=float(timeout) if timeout else None,
        started=job.get("status", {}).get("startTime", ""),
        # The condition stays after the field is reset, until the Job controller reacts.
        suspended=job.get("spec", {}).get("suspend") is True or "Suspended" in conditions,
        managed_by="" if manager == JOB_CONTROLLER else manager,
        node=annotations.get(names.NODE_ANNOTATION, ""),
        queue=metadata.get("labels", {}).get(names.QUEUE_LABEL, ""),
        admission=admission,
        refusal=refusal,
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
    return ObservedPod(
        name=metadata["name"],
        created=metadata.get("creationTimestamp", ""),
        phase=status.get("phase", "Pending"),
        terminating=bool(metadata.get("deletionTimestamp")),
        disrupted=conditions.get("DisruptionTarget", {}).get("status") == "True",
        unschedulable=scheduled.get("message", "") if unschedulable else "",
        without_sandbox=conditions.get("PodReadyToStartContainers", {}).get("status") == "False",
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        started=state.get("running", {}).get("startedAt") or ended.get("startedAt"),
        finished=ended.get("finishedAt"),
        exit_code=ended.get("exitCode"),
        folders_error=ended.get("message", "") if has_failed else "",
        terminated_reason=ended.get("reason", ""),
        result=StageResult.from_termination_message(ended.get("message")),
        memory_limit=_memory_limit(pod),
        node=pod.get("spec", {}).get("nodeName", ""),
    )


def _state(status: Object, kind: str, name: str) -> Object:
    """The state of the container `name`; empty if it has none yet."""
    for entry in status.get(kind, ()):
        if entry["name"] == name:
            state: Object = entry.get("state", {})
            return state
    return {}


def _memory_limit(pod: Object) -> str:
    for container in pod.get("spec", {}).get("containers", []):
        if container["name"] == names.STAGE_CONTAINER:
            return str(container.get("resources", {}).get("limits", {}).get("memory", ""))
    return ""
