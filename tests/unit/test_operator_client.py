"""The client's calls, to a server of this test."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dubjob_operator.cluster import client as client_module
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import NotLeading, Unavailable


@dataclass
class ApiServer:
    """Its logs hang up, its Jobs take a while, and of two tokens only the later is good."""

    url: str = ""
    tokens: list[str] = field(default_factory=lambda: ["token-2", "token-1"])
    puts: list[str] = field(default_factory=list)
    write_came: asyncio.Event = field(default_factory=asyncio.Event)
    write_goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    refuse: str = ""
    limited: int = 0
    """Number of requests that were answered with 429."""

    def login(self) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(server=self.url, token=self.tokens.pop())

    async def job(self, request: web.Request) -> web.Response:
        token = request.headers["Authorization"]
        self.puts.append(token)
        self.write_came.set()
        await self.write_goes_on.wait()
        return web.json_response({}, status=401 if token == self.refuse else 200)

    async def limit(self, request: web.Request) -> web.Response:
        self.limited += 1
        return web.json_response({}, status=429, headers={"Retry-After": "10"})

    async def log(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    api = ApiServer()
    application = web.Application()
    application.router.add_put("/job", api.job)
    application.router.add_post("/limited", api.limit)
    application.router.add_get("/log", api.log)
    async with TestServer(application) as running:
        api.url = str(running.make_url(""))
        yield api


@pytest.fixture
async def client(server: ApiServer) -> AsyncIterator[Client]:
    client = Client(server.login)
    yield client
    await client.close()


async def test_slow_log_read_does_not_block_writes(server: ApiServer, client: Client) -> None:
    write = asyncio.create_task(client.request("PUT", "/job", {}))
    await server.write_came.wait()
    with pytest.raises(Unavailable, match="/log"):
        await client.text("GET", "/log", attempts=1)
    server.write_goes_on.set()
    assert await write == {}
    assert server.puts == ["Bearer token-1"], "the write was sent once"


async def test_expired_token_is_read_again_once(server: ApiServer, client: Client) -> None:
    """Two calls learn of it: the second must not throw the new login away."""
    server.refuse = "Bearer token-1"
    server.write_goes_on.set()
    both = await asyncio.gather(*(client.request("PUT", "/job", {}) for _ in range(2)))
    assert both == [{}, {}]
    assert server.tokens == []
    assert sorted(server.puts) == ["Bearer token-1"] * 2 + ["Bearer token-2"] * 2


async def test_former_leader_does_not_retry_writes(server: ApiServer, client: Client) -> None:
    server.refuse = "Bearer token-1"
    server.write_goes_on.set()
    client.may_write = lambda: not server.puts
    with pytest.raises(NotLeading):
        await client.request("PUT", "/job", {})
    assert len(server.puts) == 1


async def test_client_for_events_sends_once_and_does_not_wait(server: ApiServer) -> None:
    client = Client(server.login, attempts=1, timeout_seconds=0.2)
    with pytest.raises(Unavailable, match="429"):
        await asyncio.wait_for(client.request("POST", "/limited", {}), 2)
    assert server.limited == 1
    with pytest.raises(Unavailable, match="TimeoutError"):
        await asyncio.wait_for(client.request("PUT", "/job", {}), 2)
    assert len(server.puts) == 1
    await client.close()


async def test_request_is_retried_after_the_time_that_the_server_gives(
    server: ApiServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(Unavailable, match="429"):
        await client.request("POST", "/limited", {})
    assert server.limited == 4
    assert len(slept) == 3
    for seconds, backoff in zip(slept, (1, 2, 4), strict=True):
        assert 10 + backoff / 2 <= seconds <= 10 + backoff


async def test_request_that_waits_to_be_retried_delays_no_other(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CONCURRENT_REQUESTS", 1)
    client = Client(server.login)
    server.write_goes_on.set()
    limited = asyncio.create_task(client.request("POST", "/limited", {}))
    while not server.limited:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await asyncio.wait_for(client.request("PUT", "/job", {}), 5) == {}
    assert not limited.done()
    limited.cancel()
    await asyncio.gather(limited, return_exceptions=True)
    await client.close()


async def test_unreachable_server_is_named(client: Client, server: ApiServer) -> None:
    server.url = "http://127.0.0.1:1"
    with pytest.raises(Unavailable, match=r"PUT /job.*127\.0\.0\.1:1"):
        await client.text("PUT", "/job", {}, attempts=1)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that is self-signed; its key is in the same folder."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "ca.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path / "ca.pem"


@pytest.fixture
def inline(authority: Path) -> str:
    """The authority as a kubeconfig's ``certificate-authority-data``."""
    return base64.b64encode(authority.read_bytes()).decode()


async def test_kubeconfig_with_an_inline_ca_is_trusted(authority: Path, inline: str) -> None:
    """As kind, k3d, EKS and GKE write it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(authority, authority.with_name("key.pem"))

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"major": "1"})

    application = web.Application()
    application.router.add_get("/version", version)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=tls)
    client = Client(lambda: kopf.ConnectionInfo(server=str(server.make_url("")), ca_data=inline))
    try:
        assert await client.request("GET", "/version") == {"major": "1"}
    finally:
        await client.close()
        await server.close()
