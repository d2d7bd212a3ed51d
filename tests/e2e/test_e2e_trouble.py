"""What goes wrong on a real node, with the real stages."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from local_view import (
    NAMESPACE,
    STAGES,
    SYSTEM,
    VOLUME,
    Cluster,
    Lay,
    Names,
    conditions,
    dubjob_manifest,
    stage_status,
)

NODE = "dubjob-node"


def test_operator_is_killed_in_each_stage(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """SIGKILL while each stage runs: the dub completes and nothing runs twice."""
    name = names("killed")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name))
    killed: list[str] = []
    deadline = time.monotonic() + 400
    while len(killed) < len(STAGES) and time.monotonic() < deadline:
        running = [
            pod["metadata"]["labels"]["dubjob.dev/stage"]
            for pod in cluster.items("pods", "-l", f"dubjob.dev/dubjob={name}")
            if pod["status"]["phase"] in ("Pending", "Running")
        ]
        for stage in running:
            if stage not in killed:
                _kill_operator(cluster)
                killed.append(stage)
        time.sleep(0.1)
    done = cluster.finished(name, timeout=300)
    assert killed == list(STAGES)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert cluster.stages_run(name) == list(STAGES)
    assert len(cluster.items("pods", "-l", f"dubjob.dev/dubjob={name}")) == len(STAGES)


def test_out_of_memory_names_the_limit(
    cluster: Cluster,
    sentence: Path,
    lay_source: Lay,
    names: Names,
    profile: Callable[..., str],
) -> None:
    """The kernel kills the stage; the status says which limit and what raises it."""
    resources = {
        # The default request is above this limit.
        "requests": {"memory": "64Mi"},
        "limits": {"memory": "96Mi", "nvidia.com/gpu": "1"},
    }
    tight = profile(transcribe={"resources": resources})
    name = names("oom")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=tight, backoffLimit=0))
    failed = cluster.finished(name, timeout=180)
    message = conditions(failed)["Finished"]["message"]
    assert conditions(failed)["Failed"]["reason"] == "OOMKilled", message
    assert "96Mi" in message
    assert "limits.memory" in message


def test_missing_model_is_named(
    cluster: Cluster,
    sentence: Path,
    lay_source: Lay,
    names: Names,
    profile: Callable[..., str],
) -> None:
    """An administrator's mistake fails at once, with the folder that is missing."""
    absent = profile(transcribe={"model": "no-such-model"})
    name = names("no-model")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=absent))
    failed = cluster.finished(name, timeout=120)
    assert "no-such-model" in conditions(failed)["Finished"]["message"]
    assert stage_status(failed, "translate")["state"] == "Pending"


def test_evicted_stage_is_run_again_and_not_counted(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """Eviction stops a stage by SIGTERM; with no retries left it runs again all the same."""
    name = names("evicted")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, backoffLimit=0))
    cluster.until(name, lambda dubjob: _is_running(dubjob, "transcribe"))
    (pod,) = [
        pod
        for pod in cluster.items(
            "pods", "-l", f"dubjob.dev/dubjob={name},dubjob.dev/stage=transcribe"
        )
        if pod["status"]["phase"] == "Running"
    ]
    evicted = pod["metadata"]["name"]
    cluster.kubectl(
        "create", "--raw", f"/api/v1/namespaces/{NAMESPACE}/pods/{evicted}/eviction", "-f", "-",
        stdin=json.dumps({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": evicted, "namespace": NAMESPACE},
        }),
    )  # fmt: skip
    done = cluster.finished(name, timeout=300)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert stage_status(done, "transcribe")["attempts"] == 2


def test_preempted_stage_is_run_again_and_not_counted(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """A pod of a higher priority takes the GPU away, and gives it back."""
    name = names("preempted")
    lay_source(name, sentence)
    urgent = f"{name}-urgent"
    cluster.kubectl("create", "priorityclass", urgent, "--value=1000000")
    cluster.apply(dubjob_manifest(name, backoffLimit=0))
    try:
        cluster.until(name, lambda dubjob: _is_running(dubjob, "transcribe"))
        cluster.apply(_pod_with_the_gpu(urgent, _image(cluster, name)))
        cluster.kubectl(
            "wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{urgent}",
            "--timeout=90s",
        )  # fmt: skip
        done = cluster.finished(name, timeout=300)
    finally:
        cluster.kubectl("delete", "pod", urgent, "--ignore-not-found", "--wait=false")
        cluster.kubectl("delete", "priorityclass", urgent, "--ignore-not-found")
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert stage_status(done, "transcribe")["attempts"] == 2


def test_drained_node_is_awaited(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """`kubectl drain` evicts the stage; when the node is back, it runs again."""
    name = names("drained")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, backoffLimit=0))
    cluster.until(name, lambda dubjob: _is_running(dubjob, "separate"))
    try:
        cluster.kubectl(
            "drain", NODE, "--delete-emptydir-data", "--pod-selector", f"dubjob.dev/dubjob={name}",
            "--force", "--timeout=60s",
        )  # fmt: skip
        cluster.until(name, lambda dubjob: _state(dubjob, "separate") == "Queued")
    finally:
        cluster.kubectl("uncordon", NODE)
    done = cluster.finished(name, timeout=300)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert stage_status(done, "separate")["attempts"] == 2


def test_unpullable_image_fails_with_its_own_reason(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names, profile: Callable[..., str]
) -> None:
    absent = profile(ingest={"image": "localhost/absent:1", "imagePullPolicy": "Never"})
    name = names("no-image")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=absent, deadlines={"startSeconds": 10}))
    failed = conditions(cluster.finished(name, timeout=90))["Finished"]
    assert failed["reason"] == "StartDeadlineExceeded"
    assert "localhost/absent:1" in failed["message"]


def test_missing_claim_is_named(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names, profile: Callable[..., str]
) -> None:
    claimless = profile(modelsClaimName="no-such-claim")
    name = names("no-claim")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=claimless, deadlines={"startSeconds": 10}))
    failed = conditions(cluster.finished(name, timeout=90))["Finished"]
    assert failed["reason"] == "StartDeadlineExceeded"
    assert "no-such-claim" in failed["message"]


def test_unmountable_volume_is_named(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names, profile: Callable[..., str]
) -> None:
    """Its folder is not on the node: the claim is bound, and the pod waits for ever."""
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "e2e-lost"},
        "spec": {
            "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": "e2e-lost",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }  # fmt: skip
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "e2e-lost"},
        "spec": {
            "accessModes": ["ReadWriteMany"], "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/no/such/folder", "type": "Directory"},
        },
    }  # fmt: skip
    for item in (volume, claim):
        cluster.apply(item)
    name = names("lost-volume")
    lay_source(name, sentence)
    try:
        lost = profile(modelsClaimName="e2e-lost")
        cluster.apply(dubjob_manifest(name, profile=lost, deadlines={"startSeconds": 10}))
        failed = conditions(cluster.finished(name, timeout=150))["Finished"]
    finally:
        cluster.kubectl("delete", "pvc", "e2e-lost", "--wait=false")
        cluster.kubectl("delete", "pv", "e2e-lost", "--wait=false")
    assert failed["reason"] == "StartDeadlineExceeded"
    assert "PodNotReadyToStart" in failed["message"]
    assert NODE in failed["message"]


def test_stage_timeout_stops_the_stage(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names, profile: Callable[..., str]
) -> None:
    impatient = profile(separate={"timeoutSeconds": 1})
    name = names("too-long")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=impatient))
    failed = conditions(cluster.finished(name, timeout=90))["Finished"]
    assert failed["reason"] == "StageTimeout"
    assert "timeoutSeconds" in failed["message"]


def test_deleting_a_running_dub_deletes_pods_and_keeps_media(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    name = names("deleted")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name))
    cluster.until(name, lambda dubjob: _is_running(dubjob, "transcribe"))
    cluster.kubectl("delete", "dubjob", name, "--wait=true", "--timeout=60s")
    deadline = time.monotonic() + 60
    while cluster.items("pods,jobs", "-l", f"dubjob.dev/dubjob={name}"):
        assert time.monotonic() < deadline, "pods or Jobs outlived their DubJob"
        time.sleep(0.5)
    assert (VOLUME / "inputs" / name / "source.mp4").exists()
    assert (VOLUME / "interim" / name / "text/vid/speaks/vocals.wav").exists()


def _image(cluster: Cluster, name: str) -> str:
    """An image that the node has: the one of a stage."""
    spec: dict[str, Any] = cluster.jobs(name)[0]["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def _pod_with_the_gpu(name: str, image: str) -> dict[str, Any]:
    """A pod that has the GPU for three seconds; its priority class has its name."""
    container = {
        "name": "urgent", "image": image, "command": ["sleep", "3"],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
        "securityContext": {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
        },
    }  # fmt: skip
    spec = {
        "restartPolicy": "Never", "priorityClassName": name, "containers": [container],
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"},
        },
    }  # fmt: skip
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _state(dubjob: dict[str, Any], stage: str) -> str:
    return str(stage_status(dubjob, stage).get("state", ""))


def _is_running(dubjob: dict[str, Any], stage: str) -> bool:
    return stage_status(dubjob, stage).get("state") == "Running"


def _kill_operator(cluster: Cluster) -> None:
    """SIGKILL the operator's container: every process in its control group."""
    for pod in cluster.items("-n", SYSTEM, "pods"):
        for container in pod["status"].get("containerStatuses", []):
            identifier = container.get("containerID", "").rpartition("/")[2]
            for process in _processes_of(identifier) if identifier else ():
                os.kill(process, signal.SIGKILL)


def _processes_of(container: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and container in (entry / "cgroup").read_text():
                yield int(entry.name)
        except OSError:
            continue
