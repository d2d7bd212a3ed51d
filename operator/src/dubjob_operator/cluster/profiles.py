"""The profiles: which one a DubJob uses, and whether DubJobs can use each of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import DubJob, Key
from dubjob_operator.api.profile import DubProfile, DubProfileStatus
from dubjob_operator.api.profile_reference import ProfileKind, UsedProfile, candidates
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedObject
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotFound, NotLeading
from dubjob_operator.planning.profile_check import ProfileDefect, profile_defect, profile_status
from dubjob_operator.planning.profile_use import ProfileProblem

RETRY_SECONDS = 5.0
"""A status that could not be written is written again after this time."""

logger = logging.getLogger(__name__)


class Profiles:
    """Parses each version of a profile once, and writes the condition Accepted."""

    def __init__(self, client: Client, cache: Cache, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._parsed: dict[Key, tuple[str, DubProfile | ProfileProblem]] = {}
        """By key: resourceVersion and the profile of that version."""
        self._unchecked: asyncio.Queue[Key] = asyncio.Queue()

    def of(self, dubjob: DubJob) -> tuple[UsedProfile | None, DubProfile | ProfileProblem | None]:
        """The profile that the DubJob uses, after the reference to it; None if there is none."""
        for reference in candidates(dubjob.spec.profile_ref):
            key = reference.key(dubjob.metadata.namespace)
            stored = self._cache.profile(key)
            if stored is not None:
                return reference, self._parse(key, stored)
        return None, None

    def to_check(self, key: Key) -> None:
        """Check the profile of that key soon."""
        self._unchecked.put_nowait(key)

    async def run(self) -> None:
        """Check profiles until canceled. Only the leader writes, and it checks all profiles when it
        takes over."""
        while True:
            key = await self._unchecked.get()
            try:
                await self.check(key)
            except (NotLeading, NotFound):
                continue
            except ApiError as error:
                logger.warning("status of profile %s: %s", "/".join(key), error)
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self.to_check, key)

    async def check(self, key: Key) -> None:
        """Write the condition Accepted of the profile if it differs.

        Raises :class:`ApiError`.
        """
        stored = self._cache.profile(key)
        if stored is None:
            self._parsed.pop(key, None)
            return
        body = stored.raw
        profile = self._parse(key, stored)
        defect = (
            ProfileDefect(profile.reason, profile.message)
            if isinstance(profile, ProfileProblem)
            else profile_defect(profile)
        )
        before = _recorded(body)
        generation = body["metadata"].get("generation", 1)
        after = profile_status(before, generation, defect, self._clock())
        if after == before:
            return
        body["status"] = after.model_dump(mode="json", by_alias=True, exclude_none=True)
        await self._client.send("PUT", f"{_path(key)}/status", body)

    def _parse(self, key: Key, stored: CachedObject) -> DubProfile | ProfileProblem:
        known = self._parsed.get(key)
        if known is None or known[0] != stored.version:
            known = self._parsed[key] = (stored.version, _parsed(key, stored))
        return known[1]


def _parsed(key: Key, stored: CachedObject) -> DubProfile | ProfileProblem:
    try:
        profile = DubProfile.model_validate_json(stored.text)
    except ValidationError as error:
        kind = ProfileKind.DUB_PROFILE if key[0] else ProfileKind.CLUSTER_DUB_PROFILE
        message = f"{kind} {key[1]}, {first_problem(error)}."
        return ProfileProblem(reasons.PROFILE_INVALID, message)
    # Once for each version, not at every reconcile of every DubJob.
    return profile.model_copy(update={"spec": profile.spec.with_defaults_merged()})


def first_problem(error: ValidationError) -> str:
    """The field and the message of the first error."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _recorded(body: dict[str, Any]) -> DubProfileStatus:
    """The recorded status, empty if another version wrote it and it cannot be read."""
    try:
        return DubProfileStatus.model_validate(body.get("status") or {})
    except ValidationError:
        return DubProfileStatus()


def _path(key: Key) -> str:
    namespace, name = key
    if not namespace:
        return f"/apis/{names.API_VERSION}/{names.CLUSTERDUBPROFILES}/{name}"
    return f"/apis/{names.API_VERSION}/namespaces/{namespace}/{names.DUBPROFILES}/{name}"
