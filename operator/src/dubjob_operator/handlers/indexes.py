"""What is there: the DubJobs as they come, and all that they depend on in kopf's indexes, which
are filled before any handler runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.stored import StoredDubJob
from dubjob_operator.planning.observation import Object

INDEXES = ("profile_index", "job_index", "pod_index")


@dataclass
class Indexed:
    """What the watches have brought, as the reconciler reads it."""

    dubjobs: dict[Key, StoredDubJob] = field(default_factory=dict)
    """No index of kopf's: it holds every object that it has listed until it has indexed the
    last. No DubJob depends on another, so each is kept as it comes."""
    indexes: dict[str, Any] = field(default_factory=dict)
    """kopf's."""

    def learn(self, kwargs: dict[str, Any]) -> None:
        """Keep the indexes that kopf hands to every handler."""
        if not self.indexes:
            self.indexes = {name: kwargs[name] for name in INDEXES}

    def keep(self, key: Key, dubjob: StoredDubJob) -> None:
        """Remember a DubJob."""
        self.dubjobs[key] = dubjob

    def forget(self, key: Key, uid: str) -> None:
        """Forget a DubJob that is gone, unless another has taken its name already."""
        if key in self.dubjobs and self.dubjobs[key].uid == uid:
            del self.dubjobs[key]

    def dubjob(self, key: Key) -> StoredDubJob | None:
        """The DubJob of that key."""
        return self.dubjobs.get(key)

    def profile(self, name: str) -> Object | None:
        """The DubProfile of that name."""
        return next(iter(self._all("profile_index", name)), None)

    def jobs(self, key: Key) -> Iterable[Object]:
        """Jobs that carry the DubJob's label."""
        return self._all("job_index", _label(key))

    def pods(self, key: Key) -> Iterable[Object]:
        """Pods that carry the DubJob's label."""
        return self._all("pod_index", _label(key))

    def every_dubjob(self) -> list[Key]:
        """The keys of all DubJobs."""
        return list(self.dubjobs)

    def unfinished(self) -> list[Key]:
        """The keys of the DubJobs that are not at rest."""
        return [key for key, dubjob in self.dubjobs.items() if not dubjob.at_rest]

    def states(self) -> list[tuple[str, str]]:
        """State and reason of every DubJob."""
        # Read in another thread, that of the metrics.
        return [(dubjob.state, dubjob.reason) for dubjob in list(self.dubjobs.values())]

    def dubjob_versions(self) -> dict[str, str]:
        """resourceVersion of every DubJob, by UID."""
        return {dubjob.uid: dubjob.version for dubjob in self.dubjobs.values()}

    def job_versions(self) -> dict[str, str]:
        """resourceVersion of every Job, by UID."""
        return self._versions("job_index")

    def pod_versions(self) -> dict[str, str]:
        """resourceVersion of every pod, by UID."""
        return self._versions("pod_index")

    def labelled(self, body: kopf.Body) -> list[Key]:
        """The DubJobs whose label a Job or pod carries: one, but for shortened names."""
        wanted = owner_label(body)
        if wanted in self.dubjobs:
            return [wanted]
        return [key for key in self.dubjobs if _label(key) == wanted]

    def _versions(self, index: str) -> dict[str, str]:
        return {
            item["metadata"]["uid"]: item["metadata"]["resourceVersion"]
            for key in self.indexes.get(index, {})
            for item in self._all(index, key)
        }

    def _all(self, index: str, key: object) -> list[Any]:
        return list(self.indexes.get(index, {}).get(key, ()))


def owner_label(body: kopf.Body) -> Key:
    """Namespace and DubJob label of a Job or pod."""
    metadata = body["metadata"]
    return metadata["namespace"], str(metadata.get("labels", {}).get(names.DUBJOB_LABEL, ""))


def _label(key: Key) -> Key:
    return key[0], names.label_value(key[1])


def _slim(body: kopf.Body, **spec: Any) -> dict[str, Any]:
    """The object without what nobody reads; `spec` in the place of its own. Most of a Job
    and of its pod is the pod's specification, and there may be ten thousand of both."""
    raw = dict(body)
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    return {**raw, "metadata": metadata} | ({"spec": spec} if spec else {})


def register(registry: kopf.OperatorRegistry) -> None:
    """Have kopf index DubProfiles, Jobs and pods."""

    @kopf.index(
        names.GROUP, names.VERSION, names.DUBPROFILES, id="profile_index", registry=registry
    )
    async def profile_index(body: kopf.Body, **_: Any) -> object:
        return {body["metadata"]["name"]: _slim(body)}

    @kopf.index("batch", "v1", "jobs", id="job_index", registry=registry)
    async def job_index(body: kopf.Body, **_: Any) -> object:
        return {owner_label(body): _slim(body, suspend=body["spec"].get("suspend", False))}

    @kopf.index("", "v1", "pods", id="pod_index", registry=registry)
    async def pod_index(body: kopf.Body, **_: Any) -> object:
        spec = body["spec"]
        containers = [
            {"name": each["name"], "resources": each.get("resources", {})}
            for each in spec["containers"]
        ]
        slim = _slim(body, nodeName=spec.get("nodeName", ""), containers=containers)
        return {owner_label(body): slim}
