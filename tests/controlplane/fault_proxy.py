"""Between the operator and the API server: counts what is written, and makes trouble."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from local_cluster.api_server import Access
from local_cluster.place import free_port

GONE = {
    "type": "ERROR",
    "object": {"kind": "Status", "apiVersion": "v1", "code": 410, "reason": "Expired",
               "message": "too old resource version"},
}  # fmt: skip
REFUSALS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}


Right = tuple[str, str, str]
"""API group, resource and verb, as in a rule of RBAC."""


@dataclass
class FaultProxy:
    """An HTTP server of its own thread. Set the fields at any time."""

    kubeconfig: Path
    """Where the real API server is, and the operator's token."""
    error_share: float = 0.0
    """Share of the requests, except watches, that are answered with 409, 429 or 500."""
    delay: float = 0.0
    """Seconds by which every event of a watch comes late."""
    duplicate: bool = False
    """Every event of a watch comes twice."""
    swallow: str = ""
    """A resource of which no event comes any more, though the watch stays open."""
    refuse: str = ""
    """A resource that is answered with 500."""
    lose: str = ""
    """A resource of which the next object is written, though the answer is 500."""
    refuse_next: str = ""
    """``METHOD resource`` of which the next request is answered with 409, without an effect."""
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    """By ``METHOD resource``: what to do when the next such request has come, before it takes
    effect."""
    refused: int = 0
    """Number of requests that were refused so."""
    used: set[Right] = field(default_factory=set)
    """Every right that a request needed, unless it was refused."""
    writes: Counter[str] = field(default_factory=Counter)
    """Successful writes by ``METHOD resource``."""
    seed: int = 1

    def __post_init__(self) -> None:
        access = Access.of(self.kubeconfig)
        self._server, self._tls = access.server, access.tls()
        self._tls.check_hostname = False
        self._port = free_port()
        self._random = random.Random(self.seed)
        self._watches: set[asyncio.Task[Any]] = set()
        self._gone: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        config = json.loads(self.kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self._port}"}
        self.own_kubeconfig = self.kubeconfig.with_name(f"proxy-{self._port}.kubeconfig")
        self.own_kubeconfig.write_text(json.dumps(config))

    def cut_watches(self, *, gone: bool = False) -> None:
        """End every open watch; with `gone` the next one gets the response that its resource
        version is too old."""

        def cut() -> None:
            if gone:
                self._gone = {"dubjobs", "jobs", "pods", "dubprofiles", "clusterdubprofiles"}
            for task in self._watches:
                task.cancel()

        self._loop.call_soon_threadsafe(cut)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        # A connection that was being made is closed only by what comes after.
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        async with aiohttp.ClientSession(connector=connector) as self._session:
            application = web.Application(client_max_size=1 << 26)
            application.router.add_route("*", "/{path:.*}", self._handle)
            runner = web.AppRunner(application, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        resource = _resource(request.path)
        if request.query.get("watch"):
            return await self._watch(request, resource)
        if call := self.before.pop(f"{request.method} {resource}", None):
            call()
        if self.refuse and self.refuse == resource:
            return _refusal(500)
        if self.refuse_next == f"{request.method} {resource}":
            self.refuse_next, self.refused = "", self.refused + 1
            return _refusal(409)
        if self.error_share and self._random.random() < self.error_share:
            return _refusal(self._random.choice(list(REFUSALS)))
        headers = {
            key: value
            for key, value in request.headers.items()
            if key in ("Authorization", "Content-Type", "Accept")
        }
        async with self._session.request(
            request.method,
            f"{self._server}{request.path_qs}",
            data=await request.read() or None,
            headers=headers,
        ) as answer:
            if answer.status != 403 and resource:
                self.used.add(_right(request))
            if request.method != "GET" and answer.status < 300:
                self.writes[f"{request.method} {resource}"] += 1
                if request.method in ("POST", "PUT") and resource == self.lose:
                    self.lose = ""
                    return _refusal(500)
            return web.Response(
                body=await answer.read(), status=answer.status, content_type="application/json"
            )

    async def _watch(self, request: web.Request, resource: str) -> web.StreamResponse:
        if resource in self._gone:
            self._gone.discard(resource)
            return web.Response(body=json.dumps(GONE).encode() + b"\n")
        async with self._session.get(
            f"{self._server}{request.path_qs}",
            headers={"Authorization": request.headers["Authorization"]},
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=1 << 22,
        ) as answer:
            if answer.status != 200:
                return web.Response(body=await answer.read(), status=answer.status)
            self.used.add(_right(request))
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            task = asyncio.ensure_future(self._stream(answer, response, resource))
            self._watches.add(task)
            try:
                await task
            except (asyncio.CancelledError, aiohttp.ClientError, ConnectionError):
                pass
            finally:
                self._watches.discard(task)
            return response

    async def _stream(
        self, answer: aiohttp.ClientResponse, response: web.StreamResponse, resource: str
    ) -> None:
        async for line in answer.content:
            if self.swallow == resource:
                continue
            if self.delay:
                await asyncio.sleep(self.delay)
            await response.write(line)
            if self.duplicate:
                await response.write(line)


def _refusal(code: int) -> web.Response:
    body = {"kind": "Status", "code": code, "reason": REFUSALS[code], "message": "fault"}
    return web.json_response(body, status=code)


def _right(request: web.Request) -> Right:
    """The right that the API server asks for before it does what is requested."""
    parts = request.path.strip("/").split("/")
    group = parts[1] if parts[0] == "apis" else ""
    rest = parts[3 if parts[0] == "apis" else 2 :]
    if rest[0] == "namespaces":
        rest = rest[2:]
    one = len(rest) > 1
    verb = {
        "GET": "get" if one else "watch" if request.query.get("watch") else "list",
        "POST": "create",
        "PUT": "update",
        "PATCH": "patch",
        "DELETE": "delete" if one else "deletecollection",
    }[request.method]
    return group, "/".join([rest[0], *rest[2:]]), verb


def _resource(path: str) -> str:
    """``jobs`` of ``/apis/batch/v1/namespaces/dubbing/jobs/one``; ``dubjobs/status``."""
    parts = path.strip("/").split("/")
    parts = parts[3 if parts[0] == "apis" else 2 :]
    if parts[:1] == ["namespaces"]:
        parts = parts[2:]
    return "/".join([parts[0], *parts[2:]]) if parts else ""
