"""A cluster in memory that does what the plan says, one DubJob in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.cached_object import slim
from dubjob_operator.planning.observation import Admission, Observed, PodRefusal, observe
from dubjob_operator.planning.plan import plan
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.status import status
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.transitions import transitions
from dubstage.contract import ENGINE_NAMES, Stage, StageResult

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
UID = "11111111-2222-3333-4444-555555555555"


def dubjob(
    generation: int = 1,
    recorded: DubJobStatus | None = None,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> DubJob:
    return DubJob.model_validate(
        {
            "metadata": {
                "name": "talk", "namespace": "dubbing", "uid": UID, "generation": generation,
                "annotations": annotations or {}, "labels": labels or {},
            },
            "spec": {"targetLanguage": "es", "sourceLanguage": "en", **spec},
            "status": recorded.model_dump(by_alias=True) if recorded else {},
        }
    )  # fmt: skip


def profile(every_stage: dict[str, Any] | None = None, **spec: Any) -> DubProfile:
    """A profile; `every_stage` is part of each stage, the defaults are what `spec` says."""
    stages = {
        str(stage): {"image": "image:1", "engine": engines[0], **(every_stage or {})}
        for stage, engines in ENGINE_NAMES.items()
    }
    return DubProfile.model_validate(
        {
            "metadata": {"name": "default", "namespace": "dubbing"},
            "spec": {"stages": stages, **spec},
        }
    )


class World:
    """A cluster that does what the plan says, one DubJob in it. It is not kinder than Kubernetes:
    pods of a deleted Job are still there at the next reconcile, those of a lost node until it
    returns, and a status may not be written."""

    def __init__(self, labels: dict[str, str] | None = None, **spec: Any) -> None:
        self.now = NOW
        self.spec = spec
        self.dubjob = dubjob(labels=labels, **spec)
        self.profile: DubProfile | ProfileProblem | None = profile()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: list[dict[str, Any]] = []
        self.refusals: dict[str, PodRefusal] = {}
        self.admissions: dict[str, Admission] = {}
        self.refuses_status = False
        """Whether the API server refuses the next status."""
        self.names = 0
        """Number of names that tests have given to pods."""
        self.lost_nodes: set[str] = set()
        self.created: list[str] = []
        self.created_at: list[datetime] = []
        self.events: list[str] = []

    def complete(self) -> None:
        """The Job controller comes a little later than the pod's own success."""
        for pod in self.pods:
            job = self.jobs.get(pod["metadata"]["job"])
            if job and pod["status"]["phase"] == "Succeeded":
                job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}

    def observed(self) -> Observed:
        """What planning reads of the objects, which the operator keeps without the rest."""
        jobs = [slim(job) for job in self.jobs.values()]
        pods = [slim({**pod, "kind": "Pod"}) for pod in self.pods]
        return observe(jobs, pods, UID, self.refusals, self.admissions)

    def change(self, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """Another spec: those fields differ from what was applied first."""
        self.spec |= spec
        generation = self.dubjob.metadata.generation + bool(spec)
        self.dubjob = dubjob(generation, self.dubjob.status, annotations, **self.spec)

    def later(self, seconds: float) -> DubJobStatus:
        """Run one reconcile, that many seconds later."""
        self.now += timedelta(seconds=seconds)
        return self.step()

    def step(self) -> DubJobStatus:
        """One reconcile."""
        observed = self.observed()
        states = stage_states(self.dubjob, self.profile, observed, self.now)
        done = plan(self.dubjob, self.profile, observed, states, self.now)
        after = status(self.dubjob, states, observed, self.now)
        self.complete()
        self.end_pods()
        if done.create:
            name = done.create["metadata"]["name"]
            self.created_at.append(self.now)
            self.created.append(done.create["metadata"]["labels"][names.STAGE_LABEL])
            self.jobs[name] = {**done.create, "status": {}}
            self.jobs[name]["metadata"] |= {
                "uid": f"uid-{name}", "creationTimestamp": timestamp(self.now),
            }  # fmt: skip
        if self.refuses_status and after != self.dubjob.status:
            self.refuses_status = False
            return self.dubjob.status
        self.events += [
            f"{event.reason} {event.message}"
            for event in transitions(self.dubjob.metadata, self.dubjob.status, after)
        ]
        self.dubjob = self.dubjob.model_copy(update={"status": after})
        for job in done.delete:
            self.delete(job.name)
        return after

    def delete(self, name: str) -> None:
        """Delete a Job, and its pods in the background: those that run get a grace period."""
        del self.jobs[name]
        ended = ("Succeeded", "Failed")
        self.pods = [
            pod for pod in self.pods
            if pod["metadata"]["job"] != name or pod["status"]["phase"] not in ended
        ]  # fmt: skip
        for pod in self.pods:
            if pod["metadata"]["job"] == name:
                end = timestamp(self.now + timedelta(seconds=30))
                pod["metadata"].setdefault("deletionTimestamp", end)

    def end_pods(self) -> None:
        """The kubelets confirm the end of the pods that are being deleted."""
        self.pods = [
            pod for pod in self.pods
            if not pod["metadata"].get("deletionTimestamp")
            or pod["metadata"]["job"] in self.jobs
            or pod["spec"]["nodeName"] in self.lost_nodes
        ]  # fmt: skip

    def pod(self, phase: str, code: int | None = None, **more: Any) -> None:
        """The pod of the Job that was created last."""
        name = list(self.jobs)[-1]
        state: dict[str, Any] = {"waiting": {"reason": more.pop("waiting", "ContainerCreating")}}
        if phase == "Running":
            state = {"running": {"startedAt": timestamp(self.now)}}
        if code is not None:
            state = {"terminated": {"exitCode": code, "reason": more.pop("reason", "Error"),
                                    "message": more.pop("message", ""),
                                    "finishedAt": timestamp(self.now),
                                    **more.pop("terminated", {})}}  # fmt: skip
        conditions = more.pop("conditions", [])
        suffix, node = more.pop("suffix", "a"), more.pop("node", "")
        containers = [{"name": "stage", "state": state}]
        if more.pop("rejected", False):
            containers = []
        if "sidecar" in more:
            containers.append({"name": "istio-proxy", "state": more.pop("sidecar")})
        deletion = more.pop("deletion", None)
        self.pods = [p for p in self.pods if p["metadata"]["name"] != f"{name}-{suffix}"]
        self.pods.append(
            {
                "metadata": {
                    "name": f"{name}-{suffix}", "uid": "p", "job": name,
                    "creationTimestamp": timestamp(self.now),
                    "ownerReferences": [{"controller": True, "uid": f"uid-{name}"}],
                    **({"deletionTimestamp": deletion} if deletion else {}),
                },
                "spec": {"nodeName": node, "containers": [
                    {"name": "stage", "resources": {"limits": {"memory": "96Mi"}}}]},
                "status": {"phase": phase, "conditions": conditions,
                           "containerStatuses": containers, **more.pop("status", {})},
            }
        )  # fmt: skip

    def succeed(self, **result: Any) -> None:
        stage = self.created[-1]
        node, suffix = result.pop("node", ""), result.pop("suffix", "a")
        text = StageResult(stage=Stage(stage), reason="Succeeded", **result)
        message = text.to_termination_message()
        self.pod("Succeeded", 0, node=node, suffix=suffix, message=message)

    def fail(self, reason: str = "BackoffLimitExceeded") -> None:
        """The Job's condition, as the Job controller sets it."""
        job = self.jobs[list(self.jobs)[-1]]
        job["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": reason}]}

    def finish(self, **first: Any) -> DubJobStatus:
        """Let every stage succeed."""
        for number in range(20):
            after = self.step()
            if after.condition("Finished").status == "True":  # type: ignore[union-attr]
                return after
            if self.jobs:
                self.succeed(**(first if number == 0 else {}))
        raise AssertionError(after)
