"""The writes of a reconcile: create a Job, delete a Job, write the status."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.cluster.cached_object import CachedDubJob
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import Conflict, NotFound
from dubjob_operator.planning.observation import ObservedJob, controller_uid

logger = logging.getLogger(__name__)


async def create_job(client: Client, job: dict[str, Any]) -> None:
    """Create the Job, unless the operator has created it already.

    Raises :class:`Conflict` if the name belongs to another object, or to a Job that is being
    deleted.
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
    """Delete this Job and its pods, unless it is gone already.

    Raises :class:`Conflict` if another Job has taken its name.
    """
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        # By default, the REST API does not delete the pods.
        "propagationPolicy": "Background",
        "preconditions": {"uid": job.uid},
    }
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{job.name}"
    try:
        await client.send("DELETE", path, body)
    except NotFound:
        return
    logger.info("deleted Job %s", job.name, extra={"stage": job.stage})


async def write_status(
    client: Client, stored: CachedDubJob, after: DubJobStatus | Mapping[str, Any]
) -> CachedDubJob:
    """Replace the status that was read, and return the DubJob as it is then.

    Raises :class:`Conflict` if the DubJob has changed since it was read.
    """
    # The whole object with the resourceVersion that was read, not a patch: for a patch, the API
    # server encodes, changes and decodes the stored object, which was an eighth of its time.
    body = json.loads(stored.text)
    body["status"] = (
        after.model_dump(mode="json", by_alias=True, exclude_none=True)
        if isinstance(after, DubJobStatus)
        else after
    )
    metadata = body["metadata"]
    path = (
        f"/apis/{names.API_VERSION}/namespaces/{metadata['namespace']}"
        f"/{names.DUBJOBS}/{metadata['name']}/status"
    )
    answer = await client.send("PUT", path, body)
    metadata["resourceVersion"] = answer["metadata"]["resourceVersion"]
    return CachedDubJob.of(body)
