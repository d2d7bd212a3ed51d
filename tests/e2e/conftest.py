"""The whole system on a real node: kubelet, containers, images, speech in, video out.

`make test-e2e` brings the local cluster up and deploys to it before this tier
runs; what is missing fails with the command that brings it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_view import LOCAL, STAGES, SYSTEM, VOLUME, Cluster, Lay, Names, make_sample
from made_media import cut_sentence


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    kubeconfig = LOCAL / "kubeconfig"
    if not kubeconfig.exists():
        pytest.fail(
            "there is no local cluster: run `make test-e2e`, or `make prepare deploy-local`"
        )
    os.environ["KUBECONFIG"] = str(kubeconfig)
    cluster = Cluster()
    ready = cluster.try_kubectl(
        "-n", SYSTEM, "wait", "--for=condition=Available", "--timeout=120s",
        "deployment/dubjob-operator",
    )  # fmt: skip
    assert ready.returncode == 0, f"the operator is not available: {ready.stderr}"
    yield cluster
    cluster.api.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample clip, made once."""
    path = tmp_path_factory.mktemp("sample") / "source.mp4"
    make_sample(path)
    return path


@pytest.fixture(scope="session")
def sentence(sample: Path) -> Path:
    """The first sentence of the sample, for tests that do not listen to the dub."""
    path = sample.with_name("sentence.mp4")
    cut_sentence(sample, path)
    return path


@pytest.fixture
def lay_source() -> Lay:
    """`lay_source(job_id, file)` puts a video where people put it."""

    def lay(job_id: str, file: Path) -> None:
        folder = VOLUME / "inputs" / job_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.mp4").write_bytes(file.read_bytes())

    return lay


@pytest.fixture
def names(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Names]:
    """Names for DubJobs, which are deleted with their media afterwards."""
    given: list[str] = []

    def name(stem: str) -> str:
        given.append(f"{stem}-{os.getpid()}-{int(time.time()) % 10000}")
        return given[-1]

    yield name
    for entry in given:
        cluster.kubectl("delete", "dubjob", entry, "--ignore-not-found", "--wait=true")
        for part in ("inputs", "interim", "outputs"):
            subprocess.run(["rm", "-rf", str(VOLUME / part / entry)], check=True)


@pytest.fixture
def profile(cluster: Cluster) -> Iterator[Callable[..., str]]:
    """`profile(separate={…}, dataClaimName=…)`: the name of a copy of the cpu profile with
    those fields changed, of a stage or of the whole."""
    made: list[str] = []

    def make(**changes: Any) -> str:
        copy = cluster.get("dubprofile", "cpu")
        name = f"e2e-{os.getpid()}-{int(time.time() * 1000) % 1000000}"
        copy["metadata"] = {"name": name}
        for key, value in changes.items():
            if key in STAGES:
                copy["spec"]["stages"][key].update(value)
            else:
                copy["spec"][key] = value
        cluster.apply(copy)
        made.append(name)
        return name

    yield make
    for name in made:
        cluster.kubectl("delete", "dubprofile", name, "--ignore-not-found")
