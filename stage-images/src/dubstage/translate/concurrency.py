"""Requests at the same time, whose results come one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

Client = TypeVar("Client")
Item = TypeVar("Item")
Result = TypeVar("Result")


def results(
    client: AbstractAsyncContextManager[Client],
    items: Sequence[Item],
    request: Callable[[Client, Item], Awaitable[Result]],
    at_once: int,
) -> Iterator[Result]:
    """Yield the result of `request` for each item, as soon as it is known.

    After the first request that raises, no other starts; those in progress finish, and their
    results are yielded before the error is raised.
    """
    loop = asyncio.new_event_loop()
    try:
        stream = _stream(client, items, request, at_once)
        try:
            while True:
                try:
                    found = loop.run_until_complete(anext(stream))
                except StopAsyncIteration:
                    return
                yield from found
        finally:
            loop.run_until_complete(stream.aclose())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _stream(
    client: AbstractAsyncContextManager[Client],
    items: Sequence[Item],
    request: Callable[[Client, Item], Awaitable[Result]],
    at_once: int,
) -> AsyncGenerator[list[Result], None]:
    waiting = list(reversed(items))
    failure: BaseException | None = None
    running: set[asyncio.Future[Result]] = set()
    async with client as opened:
        try:
            while running or (waiting and failure is None):
                while waiting and failure is None and len(running) < at_once:
                    running.add(asyncio.ensure_future(request(opened, waiting.pop())))
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running -= done
                for task in done:
                    failure = failure or task.exception()
                yield [task.result() for task in done if task.exception() is None]
            if failure is not None:
                raise failure
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
