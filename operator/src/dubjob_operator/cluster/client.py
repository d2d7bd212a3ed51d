"""A small client for the API server: JSON objects over aiohttp, the HTTP library of kopf."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import kopf

from dubjob_operator.cluster.errors import (
    ApiError,
    Conflict,
    NotFound,
    NotLeading,
    Refused,
    Unavailable,
)
from dubjob_operator.cluster.metrics import API_REQUESTS

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CONCURRENT_REQUESTS = 20
"""Limit of concurrent requests: ten thousand DubJobs must not become ten thousand requests."""
ATTEMPTS = 4
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
TIMEOUT_SECONDS = 30.0

logger = logging.getLogger(__name__)


def credentials() -> kopf.ConnectionInfo:
    """The address of the API server and the credentials: the service account of the pod, or else
    the kubeconfig that ``KUBECONFIG`` names.

    Raises :class:`kopf.LoginError` if there is neither.
    """
    if SERVICE_ACCOUNT.joinpath("token").exists():
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        return kopf.ConnectionInfo(
            # By address, because the DNS of the cluster may be unavailable.
            server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
            ca_path=str(SERVICE_ACCOUNT / "ca.crt"),
            token=SERVICE_ACCOUNT.joinpath("token").read_text().strip(),
            default_namespace=SERVICE_ACCOUNT.joinpath("namespace").read_text().strip(),
        )
    found = kopf.login_with_kubeconfig(settings=kopf.OperatorSettings())
    if found is None:
        raise kopf.LoginError("neither a service account nor a kubeconfig was found")
    return found


class Client:
    """Client of the API server. Close it after use."""

    def __init__(
        self,
        login: Callable[[], kopf.ConnectionInfo] = credentials,
        *,
        attempts: int = ATTEMPTS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """`attempts`: how often a request is sent at most; `timeout_seconds`: the limit of each."""
        self._login = login
        self._attempts = attempts
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._server = ""
        self._bound = asyncio.Semaphore(CONCURRENT_REQUESTS)
        self.may_write: Callable[[], bool] = lambda: True
        """Whether this replica may write; if not, every write raises :class:`NotLeading`."""

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        accept: str = "application/json",
    ) -> dict[str, Any]:
        """Send a request and return the JSON object of the response.

        Raises :class:`ApiError`. Overload and server errors are retried, after the time that
        ``Retry-After`` gives.
        """
        headers = {"Content-Type": "application/json", "Accept": accept}
        text = await self.text(method, path, body, headers=headers, query=query)
        return cast("dict[str, Any]", json.loads(text))

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Write an object. The API server returns only its metadata, which costs both sides a
        fraction. Raises :class:`ApiError`."""
        return await self.request(method, path, body, accept=METADATA_ONLY)

    async def text(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        attempts: int | None = None,
    ) -> str:
        """Send a request like :meth:`request` and return the text of the response."""
        data = None if body is None else json.dumps(body)
        options: dict[str, Any] = {"data": data, "params": query, "headers": headers or {}}
        failure: ApiError = Unavailable(0, "NoAnswer", path)
        retry_after = 0.0
        for attempt in range(attempts or self._attempts):
            if attempt:
                backoff = random.uniform(0.5, 1.0) * 2 ** (attempt - 1)  # noqa: S311
                await asyncio.sleep(retry_after + backoff)
                retry_after = 0.0
            async with self._bound:
                if method != "GET" and not self.may_write():
                    raise NotLeading(0, "NotLeading", "another replica is the leader")
                session = self._open()
                try:
                    async with session.request(method, f"{self._server}{path}", **options) as got:
                        text: str = await got.text()
                except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
                    API_REQUESTS.labels(method, "none").inc()
                    failure = Unavailable(0, type(error).__name__, f"{method} {path}: {error}")
                    if isinstance(error, aiohttp.ClientSSLError):
                        await self._forget(session)
                    continue
                API_REQUESTS.labels(method, str(got.status)).inc()
                if got.status < 300:
                    return text
                failure = _error(got.status, text)
                if got.status == 401:
                    await self._forget(session)
                elif not isinstance(failure, Unavailable):
                    raise failure
                retry_after = _retry_after(got)
        raise failure

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            info = self._login()
            self._server = info.server.rstrip("/")
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=info.as_ssl_context()),
                headers=info.as_http_headers(),
                proxy=info.proxy_url,
                trust_env=info.trust_env,
                timeout=self._timeout,
            )
        return self._session

    async def _forget(self, session: aiohttp.ClientSession) -> None:
        """Log in again for the next request, because the token of a service account changes hourly
        and the authority from time to time. This ends all requests in flight, so nothing else may
        cause it: a log that cannot be read must not disturb writes."""
        if self._session is session:
            self._session = None
            await session.close()


def _error(status: int, text: str) -> ApiError:
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    kinds: dict[int, type[ApiError]] = {
        **{400: Refused, 403: Refused, 422: Refused},
        **{404: NotFound, 409: Conflict, 410: NotFound},
    }
    kind = kinds.get(status, Unavailable)
    return kind(status, str(body.get("reason", "")), str(body.get("message", text))[:1000])


def _retry_after(answer: aiohttp.ClientResponse) -> float:
    value = answer.headers.get("Retry-After", "")
    return min(float(value), 10.0) if value.isdigit() else 0.0
