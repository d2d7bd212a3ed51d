"""Jobs and pods of the API server as frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dubjob_operator import names
from dubjob_operator.planning.observed_pod import Object, ObservedPod, observed_pod

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
class ObservedJob:
    """One Job of the operator, with its pods, the latest last."""

    name: str
    uid: str
    stage: str
    pipeline_hash: str
    source_language: str | None = None
    """The language by which ingest selects an audio track, empty if none was given; None for other
    stages, and for a Job that an older version has created."""
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
        """The pod whose stage succeeded."""
        return next((pod for pod in self.pods if pod.has_succeeded), None)

    @property
    def failures(self) -> list[ObservedPod]:
        """The pods that failed, without those that the cluster ended."""
        return [
            pod
            for pod in self.pods
            if pod.phase == "Failed" and not (pod.disrupted or pod.has_succeeded)
        ]


@dataclass(frozen=True)
class Observed:
    """All Jobs and pods of one DubJob."""

    jobs: tuple[ObservedJob, ...] = ()
    pods: tuple[ObservedPod, ...] = ()
    """All of them, including those whose Job is gone."""

    def job(self, name: str) -> ObservedJob | None:
        """The Job with that name, unless it is being deleted and has not finished: how it
        finished counts all the same."""
        named = [job for job in self.jobs if job.name == name]
        named.sort(key=lambda job: job.terminating)
        found = next(iter(named), None)
        has_outcome = found and (found.complete or found.failed_reason)
        return found if found and (has_outcome or not found.terminating) else None


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
        value = observed_pod(pod)
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
        source_language=annotations.get(names.SOURCE_LANGUAGE_ANNOTATION),
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
