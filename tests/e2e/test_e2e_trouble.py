"""What goes wrong on a real node, with the real stages."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_view import (
    NAMESPACE,
    STAGES,
    SYSTEM,
    Cluster,
    conditions,
    dubjob_manifest,
    stage_status,
)

NAMES = Callable[[str], str]
Lay = Callable[[str, Path], None]


def test_operator_is_killed_in_each_stage(
    cluster: Cluster, sample: Path, lay_source: Lay, names: NAMES
) -> None:
    """SIGKILL while each stage runs: the dub completes and nothing runs twice."""
    name = names("killed")
    lay_source(name, sample)
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
    sample: Path,
    lay_source: Lay,
    names: NAMES,
    profile: Callable[..., str],
) -> None:
    """The kernel kills the stage; the status says which limit and what raises it."""
    tight = profile("transcribe", resources={"limits": {"memory": "96Mi", "nvidia.com/gpu": "1"}})
    name = names("oom")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name, profile=tight, backoffLimit=0))
    failed = cluster.finished(name, timeout=180)
    message = conditions(failed)["Failed"]["message"]
    assert conditions(failed)["Failed"]["reason"] == "OOMKilled", message
    assert "96Mi" in message
    assert "limits.memory" in message


def test_missing_model_is_named(
    cluster: Cluster,
    sample: Path,
    lay_source: Lay,
    names: NAMES,
    profile: Callable[..., str],
) -> None:
    """An administrator's mistake fails at once, with the folder that is missing."""
    absent = profile("transcribe", model="no-such-model")
    name = names("no-model")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name, profile=absent))
    failed = cluster.finished(name, timeout=120)
    assert "no-such-model" in conditions(failed)["Failed"]["message"]
    assert stage_status(failed, "translate")["state"] == "Pending"


def test_evicted_stage_is_run_again_and_not_counted(
    cluster: Cluster, sample: Path, lay_source: Lay, names: NAMES
) -> None:
    """Eviction stops a stage by SIGTERM; with no retries left it runs again all the same."""
    name = names("evicted")
    lay_source(name, sample)
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


def test_deleting_a_running_dub_takes_its_pods_and_leaves_media(
    cluster: Cluster, sample: Path, lay_source: Lay, names: NAMES
) -> None:
    from local_view import VOLUME

    name = names("deleted")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name))
    cluster.until(name, lambda dubjob: _is_running(dubjob, "transcribe"))
    cluster.kubectl("delete", "dubjob", name, "--wait=true", "--timeout=60s")
    deadline = time.monotonic() + 60
    while cluster.items("pods,jobs", "-l", f"dubjob.dev/dubjob={name}"):
        assert time.monotonic() < deadline, "pods or Jobs outlived their DubJob"
        time.sleep(0.5)
    assert (VOLUME / "inputs" / name / "source.mp4").exists()
    assert (VOLUME / "interim" / name / "text/vid/speaks/vocals.wav").exists()


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


@pytest.fixture
def profile(cluster: Cluster) -> Iterator[Callable[..., str]]:
    """`profile(stage, **changes)`: the name of a copy of the cpu profile with one
    stage changed."""
    made: list[str] = []

    def make(stage: str, **changes: Any) -> str:
        copy = cluster.get("dubprofile", "cpu")
        name = f"e2e-{os.getpid()}-{len(made)}"
        copy["metadata"] = {"name": name}
        copy["spec"]["stages"][stage].update(changes)
        cluster.apply(copy)
        made.append(name)
        return name

    yield make
    for name in made:
        cluster.kubectl("delete", "dubprofile", name, "--ignore-not-found")
