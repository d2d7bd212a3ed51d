"""The audit of the watches: the objects that the API server lists must be those in the cache.

A difference that lasts means that a watch is dead although the process is alive.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster.cache import Cache, ObjectCache
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.read_interval import read_interval

AUDIT_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
"""A watch is dead if a difference lasts longer than this."""
SOON_SECONDS = 0.5
PAGE = "500"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Versions = Mapping[str, str]
"""resourceVersion by UID."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watch:
    """One kind of object that is watched."""

    resource: str
    prefix: str
    """First part of its path: ``/apis/<group>/<version>``."""
    selector: str
    cached: ObjectCache[Any]
    of_cluster: bool = False
    """Whether the objects are cluster-scoped."""


@dataclass(frozen=True)
class _Difference:
    listed: str | None
    cached: str | None
    since: float


class WatchAudit:
    """Compares lists with the cache."""

    def __init__(
        self,
        client: Client,
        watches: tuple[Watch, ...],
        namespaces: tuple[str, ...],
        clock: Callable[[], float] = time.monotonic,
        removed: Callable[[str, Key], None] = lambda resource, key: None,
    ) -> None:
        """`removed`: is called with the resource and the key in the cache of each object whose
        deletion no watch has delivered."""
        self._removed = removed
        self._client = client
        self._watches = watches
        self._namespaces = namespaces
        self._clock = clock
        self._differences: dict[str, dict[str, _Difference]] = {}
        self._compared: dict[str, float] = {}
        self.is_synced = False
        """Whether :meth:`sync` has returned."""

    async def sync(self) -> None:
        """Return when all objects that existed at the call are in the cache. Before that, an
        existing Job would be taken for a missing one."""
        for watch in self._watches:
            missing = (await self._list_at_last(watch)).keys() - watch.cached.versions().keys()
            while missing:
                await asyncio.sleep(SOON_SECONDS)
                missing -= watch.cached.versions().keys()
                if missing:
                    missing &= (await self._list_at_last(watch)).keys()
        self.is_synced = True

    async def _list_at_last(self, watch: Watch) -> Versions:
        """Versions of the objects in the API server, as soon as it responds."""
        while True:
            begun = self._clock()
            try:
                return await self._list(watch)
            except ApiError as error:
                logger.warning("list of %s: %s", watch.resource, error)
            await asyncio.sleep(max(self._clock() - begun, SOON_SECONDS))

    async def run(self) -> None:
        """Audit until canceled."""
        took = 0.0
        while True:
            await asyncio.sleep(read_interval(took, AUDIT_SECONDS))
            begun = self._clock()
            for watch in self._watches:
                try:
                    listed = await self._list(watch)
                except ApiError as error:
                    # The API server is unavailable, which says nothing about the watch.
                    logger.debug("audit of %s: %s", watch.resource, error)
                    continue
                self.compare(watch, listed)
            took = self._clock() - begun

    def compare(self, watch: Watch, listed: Versions) -> None:
        """Record the differences, and remove the objects from the cache that two lists do not
        contain: if an object is deleted while no watch is open, no event says so."""
        cached, now = watch.cached.versions(), self._clock()
        self._compared[watch.resource] = now
        before = self._differences.get(watch.resource, {})
        found = {}
        for uid in listed.keys() | cached.keys():
            if listed.get(uid) == cached.get(uid):
                continue
            known = before.get(uid)
            if known is None or known.cached != cached.get(uid):
                known = _Difference(listed.get(uid), cached.get(uid), now)
            elif uid not in listed and known.listed is None:
                key = watch.cached.remove(uid)
                if key is not None:
                    self._removed(watch.resource, key)
                continue
            found[uid] = known
        self._differences[watch.resource] = found

    def dead(self) -> list[str]:
        """The resources whose watch is dead, by their last audit. While the API server is
        unavailable, nothing is known."""
        return [
            resource
            for resource, differences in self._differences.items()
            if any(
                self._compared[resource] - each.since > PATIENCE_SECONDS
                for each in differences.values()
            )
        ]

    async def _list(self, watch: Watch) -> dict[str, str]:
        """Versions of the objects in the API server."""
        places = [f"/namespaces/{name}" for name in self._namespaces]
        if watch.of_cluster or not places:
            places = [""]
        found = {}
        for place in places:
            query = {"limit": PAGE, "labelSelector": watch.selector}
            while True:
                path = f"{watch.prefix}{place}/{watch.resource}"
                page = await self._client.request("GET", path, query=query, accept=METADATA_LIST)
                # An empty list of metadata is null.
                for item in page["items"] or ():
                    found[item["metadata"]["uid"]] = item["metadata"]["resourceVersion"]
                following = page["metadata"].get("continue")
                if not following:
                    break
                query = {**query, "continue": following}
        return found


def watches(cache: Cache) -> tuple[Watch, ...]:
    """The watches of the operator."""
    return (
        Watch(names.DUBJOBS, f"/apis/{names.API_VERSION}", "", cache.dubjobs),
        Watch(names.DUBPROFILES, f"/apis/{names.API_VERSION}", "", cache.profiles),
        Watch(
            names.CLUSTERDUBPROFILES,
            f"/apis/{names.API_VERSION}",
            "",
            cache.cluster_profiles,
            of_cluster=True,
        ),
        Watch("jobs", "/apis/batch/v1", names.MANAGED_BY_SELECTOR, cache.own_jobs),
        Watch("pods", "/api/v1", names.MANAGED_BY_SELECTOR, cache.own_pods),
    )
