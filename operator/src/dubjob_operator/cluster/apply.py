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
from dubjob_operator.cluster.errors import ApiError, Conflict, NotFound, Unavailable, Unknown
from dubjob_operator.planning.observation import ObservedJob, controller_uid

logger = logging.getLogger(__name__)


async def create_job(client: Client, job: dict[str, Any]) -> None:
    """Create the Job, unless the operator has created it already.

    Raises :class:`ApiError` if there is no such Job then: :class:`Conflict` if the name belongs to
    another object, or to a Job that is being deleted. Raises :class:`Unknown` if nobody says
    whether there is one.
    """
    for is_last in (False, True):
        try:
            await _post_job(client, job)
        except (Conflict, Unavailable) as answer:
            # The answer to an earlier request may be lost.
            if await _job_exists(client, job, answer):
                return
            # The object of that name is gone, or requests have changed a quota at once: a retry is
            # enough. The client has already retried the rest.
            if is_last or isinstance(answer, Unavailable):
                raise
        else:
            return


async def _post_job(client: Client, job: dict[str, Any]) -> None:
    metadata = job["metadata"]
    await client.send("POST", _jobs(metadata["namespace"]), job)
    stage = metadata["labels"][names.STAGE_LABEL]
    logger.info("created Job %s", metadata["name"], extra={"stage": stage})


async def _job_exists(client: Client, job: dict[str, Any], answer: ApiError) -> bool:
    """Whether the operator has created the Job. Raises the `answer` to its creation if its name
    belongs to another object, or cannot be read, and :class:`Unknown` if nobody says."""
    metadata = job["metadata"]
    path = f"{_jobs(metadata['namespace'])}/{metadata['name']}"
    try:
        existing = await client.request("GET", path)
    except NotFound:
        return False
    except Unavailable as failure:
        raise Unknown(0, "Unknown", f"{answer}; {failure}") from None
    except ApiError:
        raise answer from None
    if controller_uid(existing) != controller_uid(job) or (
        existing["metadata"].get("deletionTimestamp")
    ):
        raise answer
    return True


def _jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


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
    try:
        await client.send("DELETE", f"{_jobs(namespace)}/{job.name}", body)
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
