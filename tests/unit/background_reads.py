"""What the operator reads in the background, hastened, for the tests that count the reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from dubjob_operator.cluster import read_interval

SOON = 0.02
"""Seconds between two reads."""


def hasten(monkeypatch: pytest.MonkeyPatch, module: ModuleType, *intervals: str) -> None:
    """Let the constants `intervals` of the module be :data:`SOON`, however long a read takes."""
    for interval in intervals:
        monkeypatch.setattr(module, interval, SOON)
    monkeypatch.setattr(read_interval, "READ_SHARE", 1.0)


async def further_reads(count: Callable[[], int], number: int) -> None:
    """Wait for that many further reads, by what `count` says."""
    wanted = count() + number
    async with asyncio.timeout(10):
        while count() < wanted:  # noqa: ASYNC110
            await asyncio.sleep(SOON / 10)


def waiting_job(uid: str, **fields: Any) -> dict[str, Any]:
    """The Job of the DubJob ``dubbing/<uid>``."""
    return {"metadata": {"name": f"job-{uid}", "uid": uid}, **fields}
