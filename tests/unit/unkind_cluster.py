"""A cluster that the real reconciler reads and writes: watches lag, requests fail before or after
they take effect, pods take time to end, nodes are lost, and finished Jobs expire."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from planning_world import NOW, dubjob, profile

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject, CachedProfile, slim
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, Conflict, NotFound
from dubjob_operator.cluster.reconcile import Reconciler
from dubjob_operator.planning.observation import controller_uid
from dubjob_operator.planning.times import parse, timestamp
from dubstage.contract import Stage, StageResult

KEY = ("dubbing", "talk")
LOOP = asyncio.Runner()
GRACE_SECONDS = 30
Body = dict[str, Any]


class UnkindCluster:
    """One DubJob, its Jobs and pods, and the operator."""

    def __init__(self, limits: dict[str, Any] | None = None, **spec: Any) -> None:
        self.now = NOW
        self._versions = itertools.count(2)
        self.dubjob: Body = dubjob(**spec).model_dump(mode="json", by_alias=True, exclude_none=True)
        self.dubjob["metadata"]["resourceVersion"] = "1"
        self.jobs: dict[str, Body] = {}
        self.pods: dict[str, Body] = {}
        self.faults: dict[str, tuple[ApiError, bool]] = {}
        """By call, for example ``DELETE jobs``: the answer to the next one, and whether it takes
        effect all the same."""
        self.calls: list[str] = []
        self.created: list[str] = []
        self.languages: dict[str, str | None] = {}
        """Source language in the request of the last Job of each stage."""
        self.events: dict[str, str] = {}
        """Messages by reason."""
        self._emitted: set[str] = set()
        self._undelivered: dict[str, list[tuple[str, Body]]] = {"jobs": [], "pods": []}
        self._profile = profile(**(limits or {}))
        self._seen: dict[str, tuple[datetime, datetime | None]] = {}
        """Start and end of the pods whose start the status has recorded."""
        self.controllers_run = True
        self.is_busy = False
        """Whether other DubJobs wait for the operator."""
        self.newer_fields: Body = {}
        """Fields of the status that only a newer operator knows."""
        self.restarts = -1
        self.restart()

    # The operator.
    def restart(self) -> None:
        """The operator starts: it lists all objects, and has nothing else in memory."""
        self.restarts += 1
        self.cache = Cache()
        found = self._profile.model_dump(mode="json", by_alias=True, exclude_none=True)
        found["metadata"] |= {"resourceVersion": "1", "uid": "profile"}
        self.cache.profiles.put((KEY[0], "default"), CachedProfile.of(found))
        for kind, bodies in (("jobs", self.jobs), ("pods", self.pods)):
            self._undelivered[kind] = [
                ("ADDED", json.loads(json.dumps(each))) for each in bodies.values()
            ]
        self.deliver()
        self.reconciler, self.standby = self._replica(), self._replica()

    def _replica(self) -> Reconciler:
        return Reconciler(
            cast("Client", self),
            self.cache,
            lambda _: None,
            lambda: self.now,
            is_busy=lambda: self.is_busy,
            read_progress=False,
        )

    def change_leader(self) -> None:
        """The other replica takes over. Both see what the watches deliver, which have caught up
        until then."""
        self.deliver("jobs", "pods")
        self.restarts += 1
        self.reconciler, self.standby = self.standby, self.reconciler
        self.reconciler.take_over()

    @property
    def key(self) -> Key:
        metadata = self.dubjob["metadata"]
        return metadata["namespace"], metadata["name"]

    def replace_dubjob(self, name: str, *, leads: bool = True) -> None:
        """Somebody deletes the DubJob, its Jobs and pods go with it, and another one comes.
        `leads`: whether the replica is the leader meanwhile."""
        for uid in list(self.jobs):
            self.delete_job(uid)
        self.end_terminating()
        self.cache.dubjobs.remove(self.dubjob["metadata"]["uid"])
        self.deliver("jobs", "pods")
        self.faults.clear()
        if leads:
            self.reconcile()
        else:
            self.reconciler.stand_by(self.key)
        self._seen.clear()
        self.dubjob["metadata"] |= {"name": name, "uid": f"uid-of-{name}", "generation": 1}
        self.dubjob["status"] = {}
        self.touch()

    def reconcile(self) -> ApiError | None:
        """One reconcile; the error that it raised, if any."""

        async def once() -> None:
            await self.reconciler.reconcile(self.key)

        try:
            LOOP.run(once())
        except ApiError as error:
            return error
        return None

    def look(self, seconds: float = 0) -> DubJobStatus:
        """Time passes, the watches deliver, and the operator reconciles until it is content."""
        self.now += timedelta(seconds=seconds)
        for _ in range(4):
            self.deliver()
            self.reconcile()
        return self.status

    @property
    def status(self) -> DubJobStatus:
        return DubJobStatus.model_validate(self.dubjob.get("status") or {})

    def may_write(self) -> bool:
        return True

    # The API server.
    async def send(self, method: str, path: str, body: Body) -> Body:
        kind = "jobs" if "/jobs" in path else path.rpartition("/")[2]
        call = f"{method} {kind}"
        error, takes_effect = self.faults.pop(call, (None, True))
        if error and not takes_effect:
            raise error
        self.calls.append(call)
        answer = getattr(self, f"_{method.lower()}_{kind}")(path, body)
        if error:
            raise error
        return cast("Body", answer)

    async def request(self, method: str, path: str, **query: Any) -> Body:
        error, _ = self.faults.pop(f"{method} jobs", (None, True))
        if error:
            raise error
        name = path.rpartition("/")[2]
        found = next((job for job in self.jobs.values() if job["metadata"]["name"] == name), None)
        if found is None:
            raise NotFound(404, "NotFound", name)
        return found

    async def text(self, method: str, path: str, **_: Any) -> str:
        """No kubelet answers."""
        raise NotFound(404, "NotFound", path)

    def _post_jobs(self, path: str, body: Body) -> Body:
        name = body["metadata"]["name"]
        if any(job["metadata"]["name"] == name for job in self.jobs.values()):
            raise Conflict(409, "AlreadyExists", name)
        assert not any(map(self._may_write, self.jobs)), "two Jobs write to one folder"
        job: Body = json.loads(json.dumps(body))
        uid = f"job-{next(self._versions)}"
        job["metadata"] |= {"uid": uid, "creationTimestamp": timestamp(self.now)}
        job["status"] = {}
        self.jobs[uid] = job
        limit = (self.dubjob["spec"].get("deadlines") or {}).get("activeSeconds")
        ran = sum(((end or self.now) - start).total_seconds() for start, end in self._seen.values())
        assert limit is None or ran < limit + len(self._seen), "a Job after its deadline"
        self.created.append(job["metadata"]["labels"][names.STAGE_LABEL])
        variables = job["spec"]["template"]["spec"]["containers"][0]["env"]
        texts = [each.get("value") or "" for each in variables]
        request = next(json.loads(text) for text in texts if text.startswith("{"))
        self.languages[self.created[-1]] = request.get("source_language")
        self._changed("jobs", job)
        return job

    def _delete_jobs(self, path: str, body: Body) -> Body:
        name = path.rpartition("/")[2]
        for uid, job in self.jobs.items():
            if job["metadata"]["name"] == name:
                if uid != body["preconditions"]["uid"]:
                    raise Conflict(409, "Conflict", "the UID in the precondition differs")
                self.delete_job(uid)
                return {}
        raise NotFound(404, "NotFound", name)

    def _put_status(self, path: str, body: Body) -> Body:
        if body["metadata"]["resourceVersion"] != self.dubjob["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "the object has been modified")
        self.dubjob = json.loads(json.dumps(body))
        self.touch()
        for entry in self.dubjob["status"].get("stages", ()):
            start, pod = entry.get("startTime"), self.pods.get(entry.get("podName", ""))
            if pod and start and entry["podName"] not in self._seen:
                state = pod["status"]["containerStatuses"][0]["state"]
                end = state.get("terminated", {}).get("finishedAt")
                self._seen[entry["podName"]] = parse(start), parse(end) if end else None
        return self.dubjob

    def _post_events(self, path: str, body: Body) -> Body:
        if body["metadata"]["name"] in self._emitted:
            raise Conflict(409, "AlreadyExists", "")
        self._emitted.add(body["metadata"]["name"])
        self.events[body["reason"]] = body["message"]
        self._check_event(body)
        return {}

    def expire_events(self) -> None:
        """The API server keeps Events for an hour."""
        self.events.clear()
        self._emitted.clear()

    def _check_event(self, body: Body) -> None:
        """An Event reports what the status has recorded."""
        stage = body["message"].split(":")[0]
        entry = self.status.of(stage)
        if body["reason"] == "StageFailed":
            assert entry
            assert entry.state == "Failed", body

    def touch(self) -> None:
        """Somebody writes to the DubJob."""
        self.dubjob["metadata"]["resourceVersion"] = str(next(self._versions))

    def change(self, **spec: Any) -> None:
        """Another spec."""
        self.dubjob["spec"] |= spec
        self.dubjob["metadata"]["generation"] += 1
        self.touch()

    # The watches.
    def _changed(self, kind: str, body: Body, event: str = "MODIFIED") -> None:
        body["metadata"]["resourceVersion"] = str(next(self._versions))
        self._undelivered[kind].append((event, json.loads(json.dumps(body))))

    def deliver(self, *kinds: str) -> None:
        """The watches of those `kinds`, of all if omitted, catch up."""
        for kind in kinds or ("dubjobs", "jobs", "pods"):
            if kind == "dubjobs":
                self.cache.dubjobs.put(self.key, CachedDubJob.of(self.dubjob))
                continue
            update = self.cache.update_job if kind == "jobs" else self.cache.update_pod
            for event, body in self._undelivered[kind]:
                label = (KEY[0], body["metadata"]["labels"][names.DUBJOB_LABEL])
                kept = CachedObject.of(slim(body))
                update(cast("Any", {"type": event, "object": body}), label, kept)
            self._undelivered[kind].clear()

    # The Job controller and the kubelet.
    def delete_job(self, uid: str) -> None:
        """Delete a Job in the background: its pods get their grace period."""
        self._changed("jobs", self.jobs.pop(uid), "DELETED")
        for pod in self.pods_of(uid):
            if pod["status"]["phase"] in ("Succeeded", "Failed"):
                self._remove_pod(pod)
            else:
                end = timestamp(self.now + timedelta(seconds=GRACE_SECONDS))
                pod["metadata"]["deletionTimestamp"] = end
                self._note_end(pod)
                self._changed("pods", pod)

    def pods_of(self, uid: str) -> list[Body]:
        return [pod for pod in self.pods.values() if controller_uid(pod) == uid]

    def open_job(self) -> Body | None:
        """The newest Job that can still run pods."""
        for job in reversed(self.jobs.values()):
            if not job["status"].get("conditions"):
                return job
        return None

    def _may_write(self, uid: str) -> bool:
        """Whether the Job has not ended, and no pod of it has succeeded."""
        phases = [pod["status"]["phase"] for pod in self.pods_of(uid)]
        return not self.jobs[uid]["status"].get("conditions") and "Succeeded" not in phases

    def live(self) -> list[Body]:
        """The pods that may write."""
        return [
            pod
            for pod in self.pods.values()
            if "running" in pod["status"]["containerStatuses"][0]["state"]
        ]

    def start_pod(self, waiting: str = "", unschedulable: bool = False) -> None:
        """The Job controller creates the next pod, and it runs at once, unless its container is
        `waiting` for that reason, or the scheduler has no node for it."""
        job = self.open_job()
        if job is None or not self.controllers_run:
            return
        uid = job["metadata"]["uid"]
        pods = self.pods_of(uid)
        if any(pod["status"]["phase"] != "Failed" for pod in pods):
            return
        assert not self.live(), "two pods write to one folder"
        name = f"pod-{next(self._versions)}"
        state: Body = {"running": {"startedAt": timestamp(self.now)}}
        if waiting or unschedulable:
            state = {"waiting": {"reason": waiting}}
        self.pods[name] = {
            "kind": "Pod",
            "metadata": {
                "name": name, "namespace": KEY[0], "uid": name,
                "creationTimestamp": timestamp(self.now),
                "labels": job["metadata"]["labels"],
                "ownerReferences": [{"controller": True, "uid": uid}],
            },
            "spec": {"nodeName": "gpu-1", "containers": [{"name": "stage"}]},
            "status": {
                "phase": "Running" if "running" in state else "Pending",
                "containerStatuses": [{"name": "stage", "state": state}],
            },
        }  # fmt: skip
        if unschedulable:
            scheduled = {"type": "PodScheduled", "status": "False", "message": "Insufficient gpu"}
            self.pods[name]["status"]["conditions"] = [scheduled]
        self._changed("pods", self.pods[name])

    def end_pod(
        self,
        code: int,
        *,
        disrupted: bool = False,
        phase: str | None = None,
        told: Mapping[str, str] | None = None,
        **report: Any,
    ) -> None:
        """The container of the stage ends; the Job controller reacts. `told`: what the kubelet
        reports about the pod; `report`: what the stage reports."""
        for pod in self.live():
            status = pod["status"]
            state = status["containerStatuses"][0]["state"]
            stage = pod["metadata"]["labels"][names.STAGE_LABEL]
            found = StageResult(stage=Stage(stage), reason="Succeeded", **report)
            result = found.to_termination_message()
            state["terminated"] = {
                "exitCode": code, "reason": "Error" if code else "Completed",
                "startedAt": state.pop("running")["startedAt"], "finishedAt": timestamp(self.now),
                "message": "" if code else result,
            }  # fmt: skip
            status |= {"phase": phase or ("Failed" if code else "Succeeded"), **(told or {})}
            if disrupted:
                status["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
            self._changed("pods", pod)
            self._note_end(pod)
        self._control()
        self._finalize()

    def _note_end(self, pod: Body) -> None:
        name = pod["metadata"]["name"]
        if name in self._seen and self._seen[name][1] is None:
            self._seen[name] = self._seen[name][0], self.now

    def end_terminating(self) -> None:
        """The kubelet confirms the end of pods that are being deleted."""
        for pod in list(self.pods.values()):
            ended = "terminated" in pod["status"]["containerStatuses"][0]["state"]
            if pod["metadata"].get("deletionTimestamp") and not ended:
                pod["status"]["phase"] = "Failed"
                self._remove_pod(pod)
        self._finalize()

    def _finalize(self) -> None:
        """Deleted pods that have ended stay until the Job controller has counted them."""
        for pod in list(self.pods.values()):
            ended = "terminated" in pod["status"]["containerStatuses"][0]["state"]
            if pod["metadata"].get("deletionTimestamp") and ended:
                owner = controller_uid(pod)
                if self.controllers_run or owner not in self.jobs:
                    self._remove_pod(pod)

    def _remove_pod(self, pod: Body) -> None:
        self._changed("pods", self.pods.pop(pod["metadata"]["name"]), "DELETED")

    def stop_controllers(self) -> None:
        """The controller manager is away: Jobs get no pods, and no pod's end is seen."""
        self.controllers_run = False

    def start_controllers(self) -> None:
        """The controller manager is back."""
        self.controllers_run = True
        self._control()

    def roll_back(self) -> None:
        """A newer operator had the lead for a while, and this one takes over again."""
        self.newer_fields = {"shards": 2, "cost": {"gpuSeconds": 12}}
        status = self.dubjob.setdefault("status", {})
        status |= self.newer_fields
        for entry in status.get("stages", ()):
            entry["shard"] = 1
        self.touch()
        self.restart()

    def _control(self) -> None:
        if not self.controllers_run:
            return
        for uid, job in self.jobs.items():
            phases = [pod["status"]["phase"] for pod in self.pods_of(uid)]
            failed = [
                pod for pod in self.pods_of(uid)
                if pod["status"]["phase"] == "Failed" and not pod["status"].get("conditions")
            ]  # fmt: skip
            if job["status"].get("conditions"):
                continue
            condition: Body | None = None
            if "Succeeded" in phases:
                condition = {"type": "Complete", "status": "True"}
            elif len(failed) > job["spec"]["backoffLimit"]:
                reason = "BackoffLimitExceeded"
                condition = {"type": "Failed", "status": "True", "reason": reason}
            job["status"] = {"failed": len(failed)}
            if condition:
                job["status"]["conditions"] = [condition]
            self._changed("jobs", job)

    def expire_jobs(self) -> None:
        """The time to live of finished Jobs is over. Their pods are deleted first."""
        for uid, job in list(self.jobs.items()):
            if job["status"].get("conditions"):
                job["metadata"]["deletionTimestamp"] = timestamp(self.now)
                self._changed("jobs", job)
                for pod in self.pods_of(uid):
                    self._remove_pod(pod)
                self._changed("jobs", self.jobs.pop(uid), "DELETED")

    def lose_node(self) -> None:
        """The taint manager deletes the pods, and no kubelet confirms it."""
        for pod in self.live():
            end = timestamp(self.now + timedelta(seconds=GRACE_SECONDS))
            pod["metadata"]["deletionTimestamp"] = end
            pod["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
            self._changed("pods", pod)


def running_cluster(limits: dict[str, Any] | None = None, **spec: Any) -> UnkindCluster:
    """A cluster with a DubJob whose first stage runs."""
    cluster = UnkindCluster(limits, **spec)
    cluster.look()
    cluster.start_pod()
    cluster.look(1)
    return cluster
