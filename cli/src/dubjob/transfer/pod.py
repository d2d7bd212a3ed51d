"""The pod that a transfer runs through: restricted, short-lived, and removed afterwards."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from dubjob.cluster import Cluster, Object
from dubjob.errors import DubError
from dubjob_operator.api.profile import DubProfile, pod_ids
from dubstage.contract import Stage

LABEL = {"app.kubernetes.io/name": "dubjob-transfer"}
MOUNT = "/data"
POD_SECONDS = 12 * 3600
"""The pod ends after this time even if nobody removes it."""
START_SECONDS = 180
QUIET_SECONDS = 3
"""A pod that starts within this time needs no remark."""
FRAME = 1 << 16
"""Bytes of one frame of the connection."""
ANSWER_SECONDS = 60.0
"""The other end is given this time between two bytes."""
BEYOND_REPAIR = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
)


class BrokenConnectionError(Exception):
    """The connection to the pod broke. What was transferred counts."""


class TransferPod:
    """A running pod with the data volume at ``/data``."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self._program = files("dubjob.transfer").joinpath("remote.py").read_text()

    def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> dict[str, Any]:
        """Run one verb of the program in the pod, with `send` on its stdin.

        Raises :class:`BrokenConnectionError`, and :class:`DubError` if the program refuses.
        """
        answer = b"".join(self._run(verb, path, *arguments, send=send))
        try:
            found: dict[str, Any] = json.loads(answer)
        except ValueError:
            raise BrokenConnectionError("the answer was cut off") from None
        return found

    def read(self, path: str, offset: int, length: int) -> Iterator[bytes]:
        """The bytes of a file from `offset` on. Raises as :meth:`ask` does."""
        return self._run("read", path, offset, length)

    def _run(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> Iterator[bytes]:
        command = ["python3", "-I", "-c", self._program, verb, MOUNT, path]
        command += [str(argument) for argument in arguments]
        connection = None
        try:
            connection = stream(
                self._cluster.core.connect_get_namespaced_pod_exec,
                self._name,
                self._cluster.namespace,
                command=command,
                stdin=bool(send),
                stdout=True,
                stderr=True,
                tty=False,
                binary=True,
                _preload_content=False,
                _request_timeout=ANSWER_SECONDS,
            )
            for start in range(0, len(send), FRAME):
                connection.write_stdin(send[start : start + FRAME])
            yield from _answer(path, connection)
        except (WebSocketException, HTTPError, OSError, ApiException) as error:
            if isinstance(error, ApiException) and error.status in (401, 403):
                raise DubError(
                    f"You cannot run a command in pod {self._name} of the namespace "
                    f"{self._cluster.namespace}: it needs the right to create pods/exec."
                ) from error
            raise BrokenConnectionError(str(error)) from error
        finally:
            if connection is not None:
                connection.close(timeout=0)
                # After the other end has closed, the library leaves the socket open.
                connection.sock.shutdown()


def _answer(path: str, connection: Any) -> Iterator[bytes]:
    """What the program writes, until it ends. Raises as :meth:`TransferPod.ask` does."""
    last_block, refusal = time.monotonic(), b""
    while connection.is_open():
        connection.update(timeout=1)
        block = connection.read_stdout(timeout=0) if connection.peek_stdout() else b""
        refusal += connection.read_stderr(timeout=0) if connection.peek_stderr() else b""
        if block:
            yield block
            last_block = time.monotonic()
        elif time.monotonic() > last_block + ANSWER_SECONDS:
            raise BrokenConnectionError("the pod does not answer")
    if connection.peek_stdout():
        yield connection.read_stdout(timeout=0)
    refusal += connection.read_stderr(timeout=0) if connection.peek_stderr() else b""
    try:
        code = connection.returncode
    except (KeyError, TypeError, ValueError, AttributeError):
        code = None
    if code is None:
        raise BrokenConnectionError("the connection ended early")
    if code:
        raise DubError(f"{path}: {refusal.decode(errors='replace').strip() or 'failed'}.")


@contextmanager
def transfer_pod(
    cluster: Cluster, profile: DubProfile, remark: Callable[[str], None] = lambda words: None
) -> Iterator[TransferPod]:
    """A pod with the data volume of `profile`, from its image for ingest. It is removed at the end.
    `remark` is called with what a pod waits for that does not start at once.

    Raises :class:`DubError` if it cannot be created or does not start.
    """
    name = f"dub-transfer-{secrets.token_hex(4)}"
    body = manifest(name, profile)
    cluster.call("The transfer pod", cluster.core.create_namespaced_pod, cluster.namespace, body)
    try:
        _wait_until_running(cluster, name, remark)
        yield TransferPod(cluster, name)
    finally:
        cluster.call(
            f"Pod {name}",
            cluster.core.delete_namespaced_pod,
            name,
            cluster.namespace,
            grace_period_seconds=0,
        )


def manifest(name: str, profile: DubProfile) -> Object:
    """The pod: what a stage's pod may do, and the whole data volume."""
    spec, ingest = profile.spec, profile.spec.stage(Stage.INGEST)
    container: Object = {
        "name": "transfer",
        "image": ingest.image,
        "command": ["python3", "-I", "-c", f"import time; time.sleep({POD_SECONDS})"],
        "resources": {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": MOUNT}],
    }
    if ingest.image_pull_policy:
        container["imagePullPolicy"] = ingest.image_pull_policy
    pod: Object = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": POD_SECONDS,
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            **pod_ids(spec.security_context),
            "runAsNonRoot": True,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": spec.data_claim_name}}],
    }
    if spec.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": each.name} for each in spec.image_pull_secrets]
    if spec.service_account_name:
        pod["serviceAccountName"] = spec.service_account_name
    for field, value in (
        ("nodeSelector", ingest.node_selector),
        ("tolerations", ingest.tolerations),
    ):
        if value:
            pod[field] = value
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": LABEL},
        "spec": pod,
    }


def _wait_until_running(cluster: Cluster, name: str, remark: Callable[[str], None]) -> None:
    """Wait for the pod. Raises :class:`DubError` with what it waits for."""
    begun, waiting, reported = time.monotonic(), "it was not scheduled", ""
    deadline = begun + START_SECONDS
    while time.monotonic() < deadline:
        pod = cluster.call(f"Pod {name}", cluster.core.read_namespaced_pod, name, cluster.namespace)
        if pod.status.phase == "Running":
            return
        waiting = _waits_for(pod) or waiting
        if pod.status.phase == "Failed" or waiting.startswith(BEYOND_REPAIR):
            break
        if waiting != reported and time.monotonic() > begun + QUIET_SECONDS:
            remark(f"Waiting for the transfer pod {name}: {waiting}")
            reported = waiting
        time.sleep(0.3)
    raise DubError(
        f"The pod {name} that transfers the files does not start in the namespace "
        f"{cluster.namespace}: {waiting}. Run `dub check`."
    )


def _waits_for(pod: Any) -> str | None:
    for status in pod.status.container_statuses or ():
        waiting = status.state.waiting
        if waiting and waiting.reason:
            return f"{waiting.reason}: {waiting.message}" if waiting.message else waiting.reason
    for condition in pod.status.conditions or ():
        if condition.status == "False" and condition.message:
            return str(condition.message)
    message: str | None = pod.status.message
    return message
