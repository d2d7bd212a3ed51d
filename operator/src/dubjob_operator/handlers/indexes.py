"""What is there: kept as the watches bring it, each object on its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.stored import Stored, StoredDubJob
from dubjob_operator.planning.observation import Object

AnyStored = TypeVar("AnyStored", bound=Stored)


class Kept(Generic[AnyStored]):
    """Objects of one kind by key. Not an index of kopf's: that holds every object that was
    listed, with all of kopf's bookkeeping, until it has the last one."""

    def __init__(self) -> None:
        self._by_key: dict[Key, dict[str, AnyStored]] = {}
        """By UID: of an object that was deleted and created anew the old one may be heard of
        last."""
        self._keys: dict[str, Key] = {}

    def keep(self, key: Key, stored: AnyStored) -> AnyStored | None:
        """Remember an object; what was known of it before."""
        before = self._by_key.get(self._keys.get(stored.uid, key), {}).get(stored.uid)
        if self._keys.get(stored.uid, key) != key:
            self.forget(stored.uid)
        self._keys[stored.uid] = key
        self._by_key.setdefault(key, {})[stored.uid] = stored
        return before

    def forget(self, uid: str) -> None:
        """Forget an object that is gone."""
        key = self._keys.pop(uid, None)
        if key is None:
            return
        del self._by_key[key][uid]
        if not self._by_key[key]:
            del self._by_key[key]

    def of(self, key: Key) -> list[AnyStored]:
        """The objects of that key, the one that was heard of first comes first."""
        return list(self._by_key.get(key, {}).values())

    def every_key(self) -> list[Key]:
        """All keys."""
        return list(self._by_key)

    def every(self) -> list[AnyStored]:
        """All objects. A copy: metrics are read in a thread of their own."""
        return [stored for known in list(self._by_key.values()) for stored in list(known.values())]

    def versions(self) -> dict[str, str]:
        """resourceVersion of every object, by UID."""
        return {stored.uid: stored.version for stored in self.every()}


@dataclass
class Indexed:
    """What the watches have brought, as the reconciler reads it."""

    dubjobs: Kept[StoredDubJob] = field(default_factory=Kept)
    own_jobs: Kept[Stored] = field(default_factory=Kept)
    """By the DubJob's label, like the pods."""
    own_pods: Kept[Stored] = field(default_factory=Kept)
    profiles: Kept[Stored] = field(default_factory=Kept)

    def dubjob(self, key: Key) -> StoredDubJob | None:
        """The DubJob of that key."""
        return next(reversed(self.dubjobs.of(key)), None)

    def profile(self, name: str) -> Stored | None:
        """The DubProfile of that name."""
        return next(reversed(self.profiles.of(profile_key(name))), None)

    def jobs(self, key: Key) -> Iterable[Object]:
        """Jobs that carry the DubJob's label."""
        return [stored.raw for stored in self.own_jobs.of(_label(key))]

    def pods(self, key: Key) -> Iterable[Object]:
        """Pods that carry the DubJob's label."""
        return [stored.raw for stored in self.own_pods.of(_label(key))]

    def unfinished(self) -> list[Key]:
        """The keys of the DubJobs that are not at rest."""
        found = ((key, self.dubjob(key)) for key in self.dubjobs.every_key())
        return [key for key, dubjob in found if dubjob and not dubjob.idle]

    def states(self) -> list[tuple[str, str]]:
        """State and reason of every DubJob."""
        return [(dubjob.state, dubjob.reason) for dubjob in self.dubjobs.every()]

    def labelled(self, wanted: Key) -> list[Key]:
        """The DubJobs whose label a Job or pod carries: one, but for shortened names."""
        if self.dubjobs.of(wanted):
            return [wanted]
        if not names.is_shortened(wanted[1]):
            return []
        return [key for key in self.dubjobs.every_key() if _label(key) == wanted]


def owner_label(body: kopf.Body) -> Key:
    """Namespace and DubJob label of a Job or pod."""
    metadata = body["metadata"]
    return metadata["namespace"], str(metadata.get("labels", {}).get(names.DUBJOB_LABEL, ""))


def profile_key(name: str) -> Key:
    """The key of a DubProfile, which belongs to no namespace."""
    return "", name


def _label(key: Key) -> Key:
    return key[0], names.label_value(key[1])
