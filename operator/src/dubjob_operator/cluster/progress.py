"""How far a running stage is: the last progress line of its pod's log.

No listener and no token in the pod. When it fails, nothing else does.
"""

from __future__ import annotations

import asyncio
import json

from dubjob_operator import names
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError

TAIL_LINES = "20"
CONCURRENT_READS = 10

_reads = asyncio.Semaphore(CONCURRENT_READS)


async def read_progress(client: Client, namespace: str, pod: str) -> int | None:
    """Per cent that the pod's stage says is done; None where it does not say."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
    query = {"container": names.STAGE_CONTAINER, "tailLines": TAIL_LINES}
    try:
        async with _reads:
            text = await client.text("GET", path, query=query)
    except ApiError:
        return None
    return last_progress(text)


def last_progress(log: str) -> int | None:
    """Per cent in the last line that has the field `progress`."""
    for line in reversed(log.splitlines()):
        try:
            share = json.loads(line)["progress"]
            return max(0, min(100, int(float(share) * 100)))
        except (ValueError, KeyError, TypeError):
            continue
    return None
