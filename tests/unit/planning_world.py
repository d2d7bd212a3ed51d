"""A cluster in memory that does what the plan says, one DubJob in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import DubJobStatus
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
    """A cluster that does what the plan says, one DubJob in it."""

    def __init__(self, labels: dict[str, str] | None = None, **spec: Any) -> None:
        self.now = NOW
        self.spec = spec
        self.dubjob = dubjob(labels=labels, **spec)
        self.profile: DubProfile | ProfileProblem | None = profile()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: list[dict[str, Any]] = []
        self.refusals: dict[str, PodRefusal] = {}
        self.admissions: dict[str, Admission] = {}
        self.created: list[str] = []
        self.events: list[str] = []

    def complete(self) -> None:
        """The Job controller comes a little later than the pod's own success."""
        for pod in self.pods:
            job = self.jobs.get(pod["metadata"]["job"])
            if job and pod["status"]["phase"] == "Succeeded":
                job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}

    def observed(self) -> Observed:
        return observe(self.jobs.values(), self.pods, UID, self.refusals, self.admissions)

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
        for job in done.delete:
            del self.jobs[job.name]
            self.pods = [pod for pod in self.pods if pod["metadata"]["job"] != job.name]
        after = status(self.dubjob, states, observed, self.now)
        self.complete()
        if done.create:
            name = done.create["metadata"]["name"]
            self.created.append(done.create["metadata"]["labels"][names.STAGE_LABEL])
            self.jobs[name] = {**done.create, "status": {}}
            self.jobs[name]["metadata"] |= {
                "uid": f"uid-{name}", "creationTimestamp": timestamp(self.now),
            }  # fmt: skip
        self.events += [
            f"{event.reason} {event.message}"
            for event in transitions(self.dubjob.metadata, self.dubjob.status, after)
        ]
        self.dubjob = self.dubjob.model_copy(update={"status": after})
        return after

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
        node = result.pop("node", "")
        text = StageResult(stage=Stage(stage), reason="Succeeded", **result)
        self.pod("Succeeded", 0, node=node, message=text.to_termination_message())

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
