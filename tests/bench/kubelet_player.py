"""Plays the kubelet of one node: every pod runs for a second and succeeds.

kubelet_player.py KUBECONFIG LOG: a line of LOG is ``seconds created|succeeded dubjob stage``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from api import Api, Object

from dubstage.contract import Stage, StageResult
from dubstage.contract.summary import StageSummary

NODE = "bench-node"
POD_SECONDS = 1.0
HEARTBEAT_SECONDS = 10.0


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


async def register(api: Api) -> None:
    """A node that is ready, with room for everything."""
    room = {"cpu": "100000", "memory": "100000Gi", "pods": "100000", "nvidia.com/gpu": "100000"}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    await api.call("POST", "/api/v1/nodes", node)
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
             "lastHeartbeatTime": now(), "lastTransitionTime": now()}  # fmt: skip
    status = {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}
    await api.call("PATCH", f"/api/v1/nodes/{NODE}/status", status)


async def heartbeat(api: Api) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    spec = {"holderIdentity": NODE, "leaseDurationSeconds": 40}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NODE}}
    await api.call("POST", path, {**lease, "spec": spec})
    while True:
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        await api.call("PATCH", f"{path}/{NODE}", {"spec": {"renewTime": at}})
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def play(api: Api, pod: Object, log: TextIO) -> None:
    metadata = pod["metadata"]
    labels, began = metadata["labels"], now()
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
    container = {"name": "stage", "image": "i", "imageID": "", "restartCount": 0, "ready": True}
    running = {"state": {"running": {"startedAt": began}}}
    status: Object = {"phase": "Running", "containerStatuses": [{**container, **running}]}
    await api.call("PATCH", path, {"status": status})
    await asyncio.sleep(POD_SECONDS)
    result = StageResult(
        stage=Stage(labels["dubjob.dev/stage"]), reason="Succeeded", seconds=POD_SECONDS,
        summary=StageSummary(duration_milliseconds=30_000),
    )  # fmt: skip
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": began, "finishedAt": now(),
             "message": result.to_termination_message()}  # fmt: skip
    status = {
        "phase": "Succeeded",
        "containerStatuses": [{**container, "ready": False, "state": {"terminated": ended}}],
    }
    begun = time.time()
    await api.call("PATCH", path, {"status": status})
    log.write(f"{begun:.4f} succeeded {labels['dubjob.dev/dubjob']} {labels['dubjob.dev/stage']}\n")


async def main(kubeconfig: Path, log: TextIO) -> None:
    api = Api(kubeconfig)
    await register(api)
    tasks = {asyncio.create_task(heartbeat(api))}
    played: set[str] = set()
    async for event in api.watch("/api/v1/pods"):
        pod = event["object"]
        metadata, labels = pod["metadata"], pod["metadata"].get("labels", {})
        if event["type"] == "ADDED":
            log.write(
                f"{time.time():.4f} created {labels.get('dubjob.dev/dubjob')} "
                f"{labels.get('dubjob.dev/stage')}\n"
            )
        bound = pod["spec"].get("nodeName") == NODE and event["type"] != "DELETED"
        if bound and metadata["uid"] not in played:
            played.add(metadata["uid"])
            task = asyncio.create_task(play(api, pod, log))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    with Path(sys.argv[2]).open("w", buffering=1) as log_file:
        asyncio.run(main(Path(sys.argv[1]), log_file))
