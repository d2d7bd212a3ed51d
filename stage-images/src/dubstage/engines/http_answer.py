"""Answers of servers that are not trusted: bounded in time, in bytes, and in what they unpack to.

The timeouts of httpx restart with every byte, and its decoders unpack without a limit.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx

from dubstage.engines.retries import Refused

BLOCK_BYTES = 64 << 10
"""Bytes of one part of an answer, also of one that is compressed."""
COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class TooLarge(Refused):
    """An answer of more bytes than any answer has."""


def client(timeout: float, key: str | None) -> httpx.AsyncClient:
    """A client that sends `key`, follows no redirect, and accepts only what :func:`parts` can
    unpack. `timeout`: seconds."""
    headers = {"Accept-Encoding": "gzip"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return httpx.AsyncClient(timeout=timeout, headers=headers)


@contextmanager
def refusals(seconds: float) -> Iterator[None]:
    """Turn trouble with the connection into :class:`Refused`, and so the end of the `seconds` that
    an answer may take. A URL that cannot be opened raises what httpx raises."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise
    except (asyncio.TimeoutError, httpx.TimeoutException) as error:
        raise Refused(f"no answer in {seconds:g} s") from error
    except httpx.HTTPError as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


async def parts(response: httpx.Response, most_bytes: int) -> AsyncIterator[bytes]:
    """The content, unpacked, in small parts.

    Raises :class:`TooLarge` for more than `most_bytes`, and :class:`Refused` for content that
    cannot be unpacked.
    """
    size = 0
    async for part in _unpacked(response):
        size += len(part)
        if size > most_bytes:
            raise TooLarge(f"an answer of more than {most_bytes} bytes")
        yield part


async def content(response: httpx.Response, most_bytes: int) -> bytes:
    """The whole content. Raises as :func:`parts` does."""
    return b"".join([part async for part in parts(response, most_bytes)])


async def lines(received: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The lines of a text in UTF-8, as soon as they are complete."""
    rest = bytearray()
    async for part in received:
        place = len(rest)
        rest += part
        start = 0
        while (end := rest.find(b"\n", place)) >= 0:
            yield rest[start:end].decode(errors="replace").rstrip("\r")
            start = place = end + 1
        del rest[:start]
    if rest:
        yield rest.decode(errors="replace")


async def _unpacked(response: httpx.Response) -> AsyncIterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        async for part in response.aiter_raw():
            yield part
        return
    if encoding not in COMPRESSED:
        raise Refused(f"an answer in the encoding {encoding[:40]}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for part in response.aiter_raw():
            while part and not unpacker.eof:
                yield unpacker.decompress(part, BLOCK_BYTES)
                part = unpacker.unconsumed_tail
            if part or unpacker.unused_data:
                raise Refused("an answer that goes on after its end")
    except zlib.error as error:
        raise Refused(f"an answer that cannot be unpacked ({error})") from error
    if not unpacker.eof:
        raise Refused("an answer that breaks off")
