"""Run the operator: ``python3 -m dubjob_operator``."""

from __future__ import annotations

import asyncio
import os
import sys

import kopf

from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.reconcile import Reconciler
from dubjob_operator.handlers import indexes, lifecycle, watches
from dubjob_operator.handlers.queue import WorkQueue

LIVENESS = "http://0.0.0.0:8080/healthz"


async def operate() -> None:
    """Run until told to stop."""
    registry = kopf.OperatorRegistry()
    client, indexed = Client(), indexes.Indexed()
    queue = WorkQueue(Reconciler(client, indexed).reconcile)
    indexes.register(registry)
    watches.register(registry, queue, indexed)
    lifecycle.register(registry, client, queue, indexed)
    await kopf.operator(
        registry=registry,
        clusterwide=True,
        standalone=True,
        liveness_endpoint=os.environ.get("LIVENESS_ENDPOINT", LIVENESS),
    )


def main() -> int:
    """The process's exit code."""
    kopf.configure(verbose=False, log_format=kopf.LogFormat.JSON)
    asyncio.run(operate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
