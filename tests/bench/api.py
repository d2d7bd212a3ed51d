"""A small client for the benchmark: no retries, many requests at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from local_cluster.api_server import Access

Object = dict[str, Any]


class Api:
    """The API server behind a kubeconfig with a token."""

    def __init__(self, kubeconfig: Path) -> None:
        access = Access.of(kubeconfig)
        self._server = access.server
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=access.tls(), limit=100),
            headers={"Authorization": f"Bearer {access.token}"},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=1 << 22,
        )

    async def close(self) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """The answer; a 409 counts as one."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        async with self._session.request(
            method, f"{self._server}{path}", json=body, headers={"Content-Type": kind}
        ) as answer:
            found: Object = await answer.json()
            if answer.status >= 300 and answer.status != 409:
                raise RuntimeError(f"{method} {path}: {answer.status} {found.get('message')}")
            return found

    async def watch(self, path: str) -> AsyncIterator[Object]:
        """Every event from now on, the watch opened again when it ends."""
        version = (await self.call("GET", f"{path}?limit=1"))["metadata"]["resourceVersion"]
        while True:
            query = f"{path}?watch=1&resourceVersion={version}&allowWatchBookmarks=true"
            async with self._session.get(f"{self._server}{query}") as answer:
                async for line in answer.content:
                    event: Object = json.loads(line)
                    version = event["object"]["metadata"].get("resourceVersion", version)
                    if event["type"] != "BOOKMARK":
                        yield event
