"""Events, each emitted once, for `kubectl describe`."""

from __future__ import annotations

import os
from datetime import datetime

from dubjob_operator import names
from dubjob_operator.api.dubjob import Metadata
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Conflict
from dubjob_operator.planning.times import timestamp
from dubjob_operator.planning.transitions import Transition

NOTE_LENGTH = 1000


async def emit(client: Client, metadata: Metadata, event: Transition, now: datetime) -> None:
    """Create the Event about the DubJob with `metadata`, unless it exists already."""
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": event.name, "namespace": metadata.namespace},
        "involvedObject": {
            "apiVersion": names.API_VERSION,
            "kind": "DubJob",
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
        "type": "Warning" if event.warning else "Normal",
        "reason": event.reason,
        "message": event.message[:NOTE_LENGTH],
        "source": {"component": names.OPERATOR_NAME},
        "reportingComponent": f"{names.GROUP}/{names.OPERATOR_NAME}",
        "reportingInstance": os.environ.get("POD_NAME", names.OPERATOR_NAME),
        "firstTimestamp": timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": 1,
    }
    try:
        await client.send("POST", f"/api/v1/namespaces/{metadata.namespace}/events", body)
    except Conflict as conflict:
        # With any other 409, for example of a quota, the Event does not exist.
        if conflict.reason != "AlreadyExists":
            raise
