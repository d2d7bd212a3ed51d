"""Is every watch alive? What the API server lists and what the watches have brought
must agree; what differs for long is a dead watch in a living process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator import names
from dubjob_operator.cluster.cache import Cache, ObjectCache
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError
from dubjob_operator.cluster.read_interval import read_interval

AUDIT_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
"""A watch that lags behind for longer than this is dead."""
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
    """Of its path: ``/apis/<group>/<version>``."""
    selector: str
    cached: ObjectCache[Any]
    of_cluster: bool = False
    """The objects belong to no namespace."""


@dataclass(frozen=True)
class _Difference:
    listed: str | None
    seen: str | None
    since: float


class WatchAudit:
    """Compares lists with watches."""

    def __init__(
        self,
        client: Client,
        watches: tuple[Watch, ...],
        namespaces: tuple[str, ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._watches = watches
        self._namespaces = namespaces
        self._clock = clock
        self._differences: dict[str, dict[str, _Difference]] = {}
        self._compared: dict[str, float] = {}
        self.has_all_seen = False
        """Whether :meth:`all_seen` has returned."""

    async def all_seen(self) -> None:
        """Return once the watches have brought what was there when this was called: before, a
        Job that was not heard of yet would be taken for one that is missing."""
        for watch in self._watches:
            missing = (await self._list_at_last(watch)).keys() - watch.cached.versions().keys()
            while missing:
                await asyncio.sleep(SOON_SECONDS)
                missing -= watch.cached.versions().keys()
                if missing:
                    missing &= (await self._list_at_last(watch)).keys()
        self.has_all_seen = True

    async def _list_at_last(self, watch: Watch) -> Versions:
        """Versions of what the API server has, as soon as it answers."""
        while True:
            begun = self._clock()
            try:
                return await self._list(watch)
            except ApiError as error:
                logger.warning("list of %s: %s", watch.resource, error)
            await asyncio.sleep(max(self._clock() - begun, SOON_SECONDS))

    async def run(self) -> None:
        """Audit for ever."""
        took = 0.0
        while True:
            await asyncio.sleep(read_interval(took, AUDIT_SECONDS))
            begun = self._clock()
            for watch in self._watches:
                try:
                    listed = await self._list(watch)
                except ApiError as error:
                    # The API server is away: no word about the watch.
                    logger.debug("audit of %s: %s", watch.resource, error)
                    continue
                self.compare(watch, listed)
            took = self._clock() - begun

    def compare(self, watch: Watch, listed: Versions) -> None:
        """Note what differs, and forget what the watch has caught up with, and what is gone
        by two lists: what was deleted while no watch was open is told of by none."""
        seen, now = watch.cached.versions(), self._clock()
        self._compared[watch.resource] = now
        before = self._differences.get(watch.resource, {})
        found = {}
        for uid in listed.keys() | seen.keys():
            if listed.get(uid) == seen.get(uid):
                continue
            known = before.get(uid)
            if known is None or known.seen != seen.get(uid):
                known = _Difference(listed.get(uid), seen.get(uid), now)
            elif uid not in listed and known.listed is None:
                watch.cached.remove(uid)
                continue
            found[uid] = known
        self._differences[watch.resource] = found

    def dead(self) -> list[str]:
        """The resources whose watch is dead, as of their last audit: while the API server is
        away, or slow to list, nothing is known."""
        return [
            resource
            for resource, differences in self._differences.items()
            if any(
                self._compared[resource] - each.since > PATIENCE_SECONDS
                for each in differences.values()
            )
        ]

    async def _list(self, watch: Watch) -> dict[str, str]:
        """Versions of what the API server has."""
        places = [f"/namespaces/{name}" for name in self._namespaces]
        if watch.of_cluster or not places:
            places = [""]
        found = {}
        for place in places:
            query = {"limit": PAGE, "labelSelector": watch.selector}
            while True:
                path = f"{watch.prefix}{place}/{watch.resource}"
                page = await self._client.request("GET", path, query=query, accept=METADATA_LIST)
                # An empty list of metadata comes as null.
                for item in page["items"] or ():
                    found[item["metadata"]["uid"]] = item["metadata"]["resourceVersion"]
                following = page["metadata"].get("continue")
                if not following:
                    break
                query = {**query, "continue": following}
        return found


def watches(cache: Cache) -> tuple[Watch, ...]:
    """The watches that the operator stands on."""
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
