"""The local cluster, as a user of kubectl sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from local_cluster.api_server import ApiServer

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / "build" / "local-cluster"
VOLUME = LOCAL / "volumes" / "data"
NAMESPACE = "dubbing"
SYSTEM = "dubjob-system"
DUBJOBS = f"/apis/dubjob.dev/v1alpha1/namespaces/{NAMESPACE}/dubjobs"
STAGES = ("ingest", "separate", "transcribe", "translate", "synthesize", "mux")

Names = Callable[[str], str]
"""A name for a DubJob, by its stem."""
Lay = Callable[[str, Path], None]
"""Puts a video where people put it, for a job id."""


class Cluster:
    """The local cluster, as a user of kubectl sees it."""

    def __init__(self) -> None:
        self.api = ApiServer(LOCAL / "kubeconfig")

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """kubectl's standard output; AssertionError with its words on failure."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", "-n", NAMESPACE, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, *arguments: str) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.kubectl("get", *arguments, "-o", "json")))

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.get(*arguments)["items"])

    def apply(self, manifest: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def jobs(self, name: str) -> list[dict[str, Any]]:
        """The Jobs of the DubJob `name`, oldest first."""
        jobs = self.items("jobs", "-l", f"dubjob.dev/dubjob={name}")
        return sorted(jobs, key=lambda job: str(job["metadata"]["creationTimestamp"]))

    def stages_run(self, name: str) -> list[str]:
        """The stages of which a Job exists, in the order of the pipeline."""
        stages = [job["metadata"]["labels"]["dubjob.dev/stage"] for job in self.jobs(name)]
        return sorted(stages, key=STAGES.index)

    def finished(self, name: str, timeout: float = 300) -> dict[str, Any]:
        """The DubJob once its condition Finished is true for its generation."""
        return self.until(name, is_finished, timeout)

    def until(
        self, name: str, holds: Callable[[dict[str, Any]], bool], timeout: float = 120
    ) -> dict[str, Any]:
        """The DubJob as soon as `holds` says so; fails after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        dubjob: dict[str, Any] = {}
        while time.monotonic() < deadline:
            dubjob = self.api.read(f"{DUBJOBS}/{name}")
            if holds(dubjob):
                return dubjob
            time.sleep(0.3)
        status = json.dumps(dubjob.get("status"), indent=1)
        raise AssertionError(
            f"{name} did not get there in {timeout} s:\n{status}"
            f"\n{self.kubectl('get', 'pods,jobs,events', check=False)}"
        )


def conditions(dubjob: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["type"]: entry for entry in dubjob.get("status", {}).get("conditions", [])}


def is_finished(dubjob: dict[str, Any]) -> bool:
    finished = conditions(dubjob).get("Finished", {})
    return bool(
        finished.get("status") == "True"
        and finished.get("observedGeneration") == dubjob["metadata"]["generation"]
    )


def stage_status(dubjob: dict[str, Any], stage: str) -> dict[str, Any]:
    for entry in dubjob.get("status", {}).get("stages", []):
        if entry["name"] == stage:
            return cast("dict[str, Any]", entry)
    return {}


def dubjob_manifest(name: str, profile: str = "cpu", **spec: Any) -> dict[str, Any]:
    """A DubJob that uses the DubProfile `profile`."""
    named = {"targetLanguage": "es", "sourceLanguage": "en", "profileRef": {"name": profile}}
    return {
        "apiVersion": "dubjob.dev/v1alpha1",
        "kind": "DubJob",
        "metadata": {"name": name},
        "spec": {**named, **spec},
    }


def make_sample(path: Path, *arguments: str) -> None:
    """Run the maker of the sample clip."""
    subprocess.run(
        [sys.executable, str(ROOT / "examples" / "make_sample.py"), str(path), *arguments],
        check=True,
    )
