"""The DubJobs of a namespace, as the API server lists them: which media is still in use."""

from __future__ import annotations

import http.client
import json
import math
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dubstage.errors import TemporaryFailure

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Folder with the token of the pod, its namespace, and the certificate of the API server."""
PAGE = 500
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class ApiServer:
    """The API server, and the credentials of a service account."""

    host: str
    port: int
    account: Path
    """Folder with the files `token`, `namespace` and `ca.crt`."""

    @classmethod
    def of_pod(cls, environment: Mapping[str, str] = os.environ) -> ApiServer:
        """The API server of the cluster in which this pod runs."""
        host = environment.get("KUBERNETES_SERVICE_HOST", "")
        return cls(host, int(environment.get("KUBERNETES_SERVICE_PORT", "443")), SERVICE_ACCOUNT)

    @property
    def namespace(self) -> str:
        """The namespace of the service account."""
        return (self.account / "namespace").read_text().strip()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`. Raises OSError or ValueError if there is no good answer."""
        context = ssl.create_default_context(cafile=self.account / "ca.crt")
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=TIMEOUT_SECONDS, context=context
        )
        token = (self.account / "token").read_text().strip()
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{type(error).__name__} {error}") from error
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise OSError(f"{answer.status} {answer.reason}: {_message(text)}")
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("the answer is not an object")
        return found


def _message(text: bytes) -> str:
    """The message in a Status of the API server."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return "no message"


def last_used(server: ApiServer) -> dict[str, float]:
    """When the media of each job was last in use, in seconds since the epoch, by the name of its
    folder. That is when its DubJob finished, and infinity for a DubJob that is not finished.

    Raises :class:`TemporaryFailure` if the DubJobs cannot be listed.
    """
    found: dict[str, float] = {}
    try:
        for dubjob in _dubjobs(server):
            job_id = dubjob["spec"].get("jobID") or dubjob["metadata"]["name"]
            found[job_id] = max(found.get(job_id, 0.0), _finished(dubjob))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TemporaryFailure(
            f"The DubJobs cannot be listed, so nothing was deleted: {error}. The service account "
            "of the pod needs permission to list dubjobs.dubjob.dev in its namespace."
        ) from error
    return found


def _dubjobs(server: ApiServer) -> Iterator[dict[str, Any]]:
    path = f"/apis/dubjob.dev/v1alpha1/namespaces/{server.namespace}/dubjobs"
    query = {"limit": str(PAGE)}
    while True:
        page = server.get(f"{path}?{urlencode(query)}")
        yield from page["items"]
        token = page["metadata"].get("continue")
        if not token:
            return
        query["continue"] = token


def _finished(dubjob: Mapping[str, Any]) -> float:
    """When the DubJob finished with its present spec; infinity if it has not."""
    for condition in dubjob.get("status", {}).get("conditions", ()):
        if condition["type"] == "Finished" and condition["status"] == "True":
            generation = dubjob["metadata"].get("generation", 1)
            if condition.get("observedGeneration", generation) >= generation:
                time: str = condition["lastTransitionTime"]
                return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
    return math.inf
