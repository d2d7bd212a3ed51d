"""Carry out a plan, and write the status once, if it differs."""

from __future__ import annotations

import json
import logging
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJobStatus
from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Conflict, NotFound
from dubjob_operator.planning.observation import ObservedJob, controller_uid

logger = logging.getLogger(__name__)


async def create_job(client: Client, job: dict[str, Any]) -> None:
    """Create the Job. One of the same name that is ours already is success.

    Raises :class:`Conflict` where the name is taken by something else, or by one
    that is being deleted.
    """
    metadata = job["metadata"]
    path = f"/apis/batch/v1/namespaces/{metadata['namespace']}/jobs"
    try:
        await client.send("POST", path, job)
    except Conflict:
        existing = await client.request("GET", f"{path}/{metadata['name']}")
        ours = controller_uid(existing) == controller_uid(job)
        if not ours or existing["metadata"].get("deletionTimestamp"):
            raise
    else:
        stage = metadata["labels"][names.STAGE_LABEL]
        logger.info("created Job %s", metadata["name"], extra={"stage": stage})


async def delete_job(client: Client, namespace: str, job: ObservedJob) -> None:
    """Delete exactly that Job with its pods; one that is gone already is success.

    Raises :class:`Conflict` where another has taken its place.
    """
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        # The default of the REST API leaves the pods behind.
        "propagationPolicy": "Background",
        "preconditions": {"uid": job.uid},
    }
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{job.name}"
    try:
        await client.send("DELETE", path, body)
    except NotFound:
        return
    logger.info("deleted Job %s", job.name, extra={"stage": job.stage})


async def write_status(client: Client, stored: CachedDubJob, after: DubJobStatus) -> CachedDubJob:
    """Write the status in the place of the one that was read; the DubJob as it is then.

    Raises :class:`Conflict` where the DubJob changed meanwhile: it comes again.
    """
    # The whole object, not a patch: a patch makes the API server encode what it has, change
    # it and decode it again, which was an eighth of its time. The resourceVersion that was
    # read goes along.
    body = json.loads(stored.text)
    body["status"] = after.model_dump(mode="json", by_alias=True, exclude_none=True)
    metadata = body["metadata"]
    path = (
        f"/apis/{names.API_VERSION}/namespaces/{metadata['namespace']}"
        f"/{names.DUBJOBS}/{metadata['name']}/status"
    )
    answer = await client.send("PUT", path, body)
    metadata["resourceVersion"] = answer["metadata"]["resourceVersion"]
    return CachedDubJob.of(body)
