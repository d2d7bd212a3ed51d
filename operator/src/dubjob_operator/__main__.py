"""Run the operator: ``python3 -m dubjob_operator``."""

from __future__ import annotations

import asyncio
import sys

import kopf
from prometheus_client import start_http_server

from dubjob_operator.api.dubjob import Key
from dubjob_operator.cluster import log_context
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.events import EVENT_TIMEOUT_SECONDS
from dubjob_operator.cluster.lease import Leadership
from dubjob_operator.cluster.metrics import LEADER, REGISTRY, DubJobs
from dubjob_operator.cluster.reconcile import Reconciler
from dubjob_operator.handlers import lifecycle, watch_audit, watches
from dubjob_operator.handlers.queue import WorkQueue
from dubjob_operator.python_gc import collect_less
from dubjob_operator.settings import Settings


async def operate(settings: Settings) -> None:
    """Run until a signal ends the process."""
    registry = kopf.OperatorRegistry()
    cache = Cache()
    # The Lease has its own client, so that it does not wait behind a thousand Jobs; so have the
    # logs and the Events, so that kubelets or an Event API that do not respond delay nothing else.
    client, lease_client, log_client = Client(), Client(), Client()
    event_client = Client(attempts=1, timeout_seconds=EVENT_TIMEOUT_SECONDS)

    async def reconcile(key: Key) -> float | None:
        if leadership.is_leader:
            return await reconciler.reconcile(key)
        reconciler.stand_by(key)
        return None

    def take_over(from_another: bool) -> None:
        if from_another:
            reconciler.take_over()
        for key in cache.dubjobs.every_key():
            queue.add(key)
        for key in cache.profile_keys():
            reconciler.profiles.to_check(key)

    queue = WorkQueue(reconcile)
    reconciler = Reconciler(
        client,
        cache,
        queue.add_low_priority,
        log_client=log_client,
        event_client=event_client,
        is_busy=queue.is_busy,
        read_progress=settings.read_progress,
        read_workloads=settings.read_workloads,
    )
    leadership = Leadership(lease_client, settings.lease_namespace, settings.identity, take_over)
    client.may_write = event_client.may_write = lambda: leadership.is_leader
    audited = watch_audit.watches(cache)
    removed = watches.removal(queue, cache, reconciler.profiles.to_check)
    audit = watch_audit.WatchAudit(lease_client, audited, settings.namespaces, removed=removed)

    REGISTRY.register(DubJobs(cache.states))
    LEADER.set_function(lambda: float(leadership.is_leader))
    if settings.metrics_port:
        start_http_server(settings.metrics_port, registry=REGISTRY)
    watches.register(registry, queue, cache, reconciler.profiles.to_check)
    lifecycle.register(
        registry,
        (client, lease_client, log_client, event_client),
        queue,
        cache,
        leadership,
        audit,
        reconciler.profiles,
    )
    await kopf.operator(
        registry=registry,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        standalone=True,
        liveness_endpoint=settings.liveness,
    )


def main() -> int:
    """Run the operator and return the exit code of the process."""
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        print(f"dubjob-operator: {error}", file=sys.stderr)
        return 2
    kopf.configure(log_format=kopf.LogFormat.JSON)
    log_context.configure(settings.log_level)
    collect_less()
    asyncio.run(operate(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
