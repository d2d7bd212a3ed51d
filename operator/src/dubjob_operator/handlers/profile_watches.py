"""The handlers of the watches of profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import kopf

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import Cache, ObjectCache, profile_key
from dubjob_operator.cluster.cached_object import CachedProfile


class Wake(Protocol):
    """Enqueues DubJobs."""

    def __call__(self, keys: list[Key], *, urgent: bool) -> None: ...


def register(
    registry: kopf.OperatorRegistry,
    cache: Cache,
    note: Callable[[str], None],
    wake: Wake,
    check_profile: Callable[[Key], None],
) -> None:
    """Register the handlers for DubProfiles and ClusterDubProfiles. `note` records that the
    watch of a resource is alive."""

    def changed(
        body: kopf.Body, event: kopf.RawEvent, profiles: ObjectCache[CachedProfile]
    ) -> None:
        key, profile = profile_key(body), CachedProfile.of(dict(body))
        before = profiles.update(event, key, profile)
        check_profile(key)
        # If only the status has changed, the operator itself wrote it.
        if before is None or before.generation != profile.generation:
            wake(users(cache, key), urgent=True)

    @kopf.on.event(names.GROUP, names.VERSION, names.DUBPROFILES, registry=registry)
    async def profile_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.DUBPROFILES)
        changed(body, event, cache.profiles)

    @kopf.on.event(names.GROUP, names.VERSION, names.CLUSTERDUBPROFILES, registry=registry)
    async def cluster_profile_seen(body: kopf.Body, event: kopf.RawEvent, **_: Any) -> None:
        note(names.CLUSTERDUBPROFILES)
        changed(body, event, cache.cluster_profiles)


def users(cache: Cache, profile: Key) -> list[Key]:
    """Keys of the unfinished DubJobs that may use the profile of that key."""
    return [each for each in cache.unfinished() if profile[0] in ("", each[0])]
