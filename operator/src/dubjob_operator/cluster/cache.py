"""The operator's view of the cluster: the objects as the watches deliver them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cached_object import CachedDubJob, CachedObject, CachedProfile
from dubjob_operator.planning.idle import is_active
from dubjob_operator.planning.observation import controller_uid
from dubjob_operator.planning.observed_pod import Object, has_ended

DELETED = "DELETED"
"""Type of the watch event of a deleted object."""

AnyCached = TypeVar("AnyCached", bound=CachedObject)


class ObjectCache(Generic[AnyCached]):
    """Objects of one kind by key. kopf's own index is not used: until the first list is
    complete it holds every object in full, with kopf's bookkeeping."""

    def __init__(self) -> None:
        self._by_key: dict[Key, dict[str, AnyCached]] = {}
        """By UID: when an object is deleted and re-created, the deletion may arrive last."""
        self._keys: dict[str, Key] = {}

    def put(self, key: Key, stored: AnyCached) -> AnyCached | None:
        """Store an object and return the version that it replaces, if any."""
        before = self._by_key.get(self._keys.get(stored.uid, key), {}).get(stored.uid)
        if self._keys.get(stored.uid, key) != key:
            self.remove(stored.uid)
        self._keys[stored.uid] = key
        self._by_key.setdefault(key, {})[stored.uid] = stored
        return before

    def update(self, event: kopf.RawEvent, key: Key, stored: AnyCached) -> AnyCached | None:
        """Store the object of a watch event, or remove it if it was deleted. Return the version
        that it replaces, if any."""
        if event["type"] == DELETED:
            self.remove(stored.uid)
            return None
        return self.put(key, stored)

    def remove(self, uid: str) -> Key | None:
        """Remove a deleted object and return its key, None if it was not in the cache."""
        key = self._keys.pop(uid, None)
        if key is None:
            return None
        del self._by_key[key][uid]
        if not self._by_key[key]:
            del self._by_key[key]
        return key

    def of(self, key: Key) -> list[AnyCached]:
        """The objects of that key, in the order in which they arrived."""
        return list(self._by_key.get(key, {}).values())

    def every_key(self) -> list[Key]:
        """All keys."""
        return list(self._by_key)

    def every(self) -> list[AnyCached]:
        """All objects. A copy, because another thread reads them for the metrics."""
        return [stored for known in list(self._by_key.values()) for stored in list(known.values())]

    def versions(self) -> dict[str, str]:
        """resourceVersion of every object, by UID."""
        return {stored.uid: stored.version for stored in self.every()}


@dataclass
class Cache:
    """All objects that the operator watches."""

    dubjobs: ObjectCache[CachedDubJob] = field(default_factory=ObjectCache)
    own_jobs: ObjectCache[CachedObject] = field(default_factory=ObjectCache)
    """By the DubJob's label, like the pods."""
    own_pods: ObjectCache[CachedObject] = field(default_factory=ObjectCache)
    ended_jobs: ObjectCache[CachedObject] = field(default_factory=ObjectCache)
    """Jobs that were deleted after they had finished, until a reconcile has read their outcome."""
    ended_pods: ObjectCache[CachedObject] = field(default_factory=ObjectCache)
    """Pods that were deleted after they had ended, or whose Job had. They may be deleted before
    their Job."""
    interrupted_jobs: ObjectCache[CachedObject] = field(default_factory=ObjectCache)
    """Jobs that were deleted before they had finished, and of which there may be a pod that the
    watch has not delivered, until a reconcile knows it."""
    profiles: ObjectCache[CachedProfile] = field(default_factory=ObjectCache)
    cluster_profiles: ObjectCache[CachedProfile] = field(default_factory=ObjectCache)
    """By key, like the DubProfiles; the namespace is empty."""

    def dubjob(self, key: Key) -> CachedDubJob | None:
        """The DubJob of that key."""
        return _latest(self.dubjobs.of(key))

    def profile(self, key: Key) -> CachedProfile | None:
        """The profile of that key: a ClusterDubProfile if the namespace is empty."""
        return _latest((self.profiles if key[0] else self.cluster_profiles).of(key))

    def profile_keys(self) -> list[Key]:
        """Keys of all profiles."""
        return [*self.profiles.every_key(), *self.cluster_profiles.every_key()]

    def jobs(self, key: Key) -> Iterable[Object]:
        """Jobs that carry the DubJob's label, with those whose outcome was not read."""
        label = _label(key)
        return [stored.raw for stored in [*self.own_jobs.of(label), *self.ended_jobs.of(label)]]

    def pods(self, key: Key) -> Iterable[Object]:
        """Pods that carry the DubJob's label, with those whose outcome was not read."""
        label = _label(key)
        return [stored.raw for stored in [*self.own_pods.of(label), *self.ended_pods.of(label)]]

    def update_job(self, event: kopf.RawEvent, label: Key, stored: CachedObject) -> bool:
        """Store the Job of a watch event. If it was deleted after it had finished, for example
        because its TTL has expired, its outcome is kept. Return whether more than its
        resourceVersion has changed."""
        before = self.own_jobs.update(event, label, stored)
        if event["type"] == DELETED and self.labeled(label):
            job = stored.raw
            if not is_active(job):
                self.ended_jobs.put(label, stored)
            elif self._may_have_another_pod(label, job):
                self.interrupted_jobs.put(label, stored)
        return before is None or not before.is_like(stored)

    def _may_have_another_pod(self, label: Key, job: Object) -> bool:
        """Whether the Job controller may have created a pod of the Job that is not in the cache: it
        creates the next one when the last has ended."""
        uid, suspended = job["metadata"]["uid"], job["spec"]["suspend"]
        pods = [stored.raw for stored in self.own_pods.of(label)]
        return not suspended and all(has_ended(pod) for pod in pods if controller_uid(pod) == uid)

    def has_interrupted(self, key: Key) -> bool:
        """Whether there are Jobs in :attr:`interrupted_jobs`."""
        return bool(self.interrupted_jobs.of(_label(key)))

    def update_pod(self, event: kopf.RawEvent, label: Key, stored: CachedObject) -> bool:
        """Store the pod of a watch event. If it was deleted after it had ended, or with its
        finished Job, its outcome is kept: the watch may be ahead of that of the Jobs. Return
        whether more than its resourceVersion has changed."""
        before = self.own_pods.update(event, label, stored)
        if event["type"] != DELETED:
            return before is None or not before.is_like(stored)
        pod = stored.raw
        owner = controller_uid(pod)
        jobs = [*self.own_jobs.of(label), *self.ended_jobs.of(label)]
        if any(job.uid == owner and (has_ended(pod) or not is_active(job.raw)) for job in jobs):
            self.ended_pods.put(label, stored)
        return True

    def ended(self, key: Key) -> list[str]:
        """UIDs of the deleted Jobs and pods that no reconcile has read."""
        label = _label(key)
        kinds = (self.ended_jobs, self.ended_pods, self.interrupted_jobs)
        return [each.uid for kind in kinds for each in kind.of(label)]

    def forget_ended(self, uids: Iterable[str]) -> None:
        """Forget deleted Jobs and pods: their outcome is recorded."""
        for uid in uids:
            self.ended_jobs.remove(uid)
            self.ended_pods.remove(uid)
            self.interrupted_jobs.remove(uid)

    def unfinished(self) -> list[Key]:
        """Keys of the DubJobs that are not idle."""
        dubjobs = {key: self.dubjob(key) for key in self.dubjobs.every_key()}
        return [key for key, dubjob in dubjobs.items() if dubjob and not dubjob.idle]

    def states(self) -> list[tuple[str, str]]:
        """State and reason of every DubJob."""
        return [(dubjob.state, dubjob.reason) for dubjob in self.dubjobs.every()]

    def labeled(self, label: Key) -> list[Key]:
        """Keys of the DubJobs whose label a Job or pod has. There may be several only if the
        label is a shortened name."""
        if self.dubjobs.of(label):
            return [label]
        if not names.is_shortened(label[1]):
            return []
        return [key for key in self.dubjobs.every_key() if _label(key) == label]


def _latest(objects: list[AnyCached]) -> AnyCached | None:
    return objects[-1] if objects else None


def owner_label(body: kopf.Body) -> Key:
    """Namespace and DubJob label of a Job or pod."""
    metadata = body["metadata"]
    return metadata["namespace"], str(metadata.get("labels", {}).get(names.DUBJOB_LABEL, ""))


def profile_key(body: kopf.Body) -> Key:
    """The key of a profile; the namespace of a ClusterDubProfile is empty."""
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


def _label(key: Key) -> Key:
    return key[0], names.label_value(key[1])
