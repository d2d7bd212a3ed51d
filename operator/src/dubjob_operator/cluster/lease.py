"""Leader election by a Lease, as in the controllers of Kubernetes.

Another leader counts as gone if its Lease has not changed for the length of the Lease, by the
monotonic clock of this process. The wall clocks of the replicas may differ.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from dubjob_operator import names
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, NotFound

LEASE_SECONDS = 10
RETRY_SECONDS = 2.0
API = "/apis/coordination.k8s.io/v1/namespaces"

logger = logging.getLogger(__name__)


class Leadership:
    """Hold the Lease, or wait for it."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        identity: str,
        on_start: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_start`: called when this replica begins to lead, with whether another one may have
        led since it did."""
        self._client = client
        self._path = f"{API}/{namespace}/leases"
        self._needed = bool(namespace)
        self._identity = identity
        self._on_start = on_start
        self._clock = clock
        self._renewed: float | None = None
        self._others_led = False
        """Whether another replica may have led since this one did."""
        self._last_holder: tuple[str, str] = ("", "")
        self._changed_at = clock()

    @property
    def is_leader(self) -> bool:
        """Whether this replica holds the Lease, by its own clock. A process that was stopped for
        longer than the Lease lasts no longer holds it."""
        if not self._needed:
            return True
        return self._renewed is not None and self._clock() - self._renewed < LEASE_SECONDS

    async def run(self) -> None:
        """Acquire and renew the Lease until canceled."""
        while self._needed:
            before = self._renewed
            try:
                await asyncio.wait_for(self.attempt(), LEASE_SECONDS)
            except (ApiError, asyncio.TimeoutError) as error:
                logger.warning("lease: %s", error or "no response")
            lapsed = before is None or self._clock() - before >= LEASE_SECONDS
            # Also after a lapse during the attempt itself, when there was no leader.
            if self.is_leader and lapsed:
                logger.info("%s is the leader", self._identity)
                self._on_start(self._others_led)
                self._others_led = False
            await asyncio.sleep(RETRY_SECONDS)

    async def release(self) -> None:
        """Release the Lease, so that another replica can take over immediately."""
        if not self._needed or not self.is_leader:
            return
        self._renewed = None
        try:
            lease = await self._client.request("GET", f"{self._path}/{names.OPERATOR_NAME}")
            if lease["spec"].get("holderIdentity") == self._identity:
                lease["spec"]["holderIdentity"] = ""
                await self._client.request("PUT", f"{self._path}/{names.OPERATOR_NAME}", lease)
        except ApiError as error:
            logger.warning("lease: %s", error)

    async def attempt(self) -> None:
        """Acquire the Lease, renew it, or find that another replica holds it.

        Raises :class:`ApiError` if the API server does not say.
        """
        requested = self._clock()
        try:
            lease = await self._client.request("GET", f"{self._path}/{names.OPERATOR_NAME}")
        except NotFound:
            self._others_led = True
            await self._client.request("POST", self._path, self._lease({}))
            self._renewed = requested
            return
        spec = lease["spec"]
        holder, renewed = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
        if (holder, renewed) != self._last_holder:
            # From now, not from the request: the holder may have renewed it since then.
            self._last_holder, self._changed_at = (holder, renewed), self._clock()
        self._others_led = self._others_led or holder != self._identity
        is_free = not holder or self._clock() - self._changed_at > LEASE_SECONDS
        if holder != self._identity and not is_free:
            self._renewed = None
            return
        # Because of the resourceVersion, only one of several replicas succeeds.
        await self._client.request("PUT", f"{self._path}/{names.OPERATOR_NAME}", self._lease(lease))
        self._renewed = requested

    def _lease(self, before: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        old = before.get("spec", {})
        same = old.get("holderIdentity") == self._identity
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": before.get("metadata", {"name": names.OPERATOR_NAME}),
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": old.get("acquireTime") if same else now,
                "renewTime": now,
                "leaseTransitions": old.get("leaseTransitions", 0) + (not same),
            },
        }
