"""A real API server and the operator; the test acts as the kubelet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from dubstage.contract import Stage, StageResult
from local_cluster.api_server import ApiServer
from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port

ROOT = Path(__file__).parents[2]
NAMESPACE = "dubbing"
SYSTEM = "dubjob-system"
IMAGES = ",".join(f"images.{name}=r.example/{name}:1" for name in ("cpu", "extra", "stt", "tts"))
"""Values of the chart of the profiles, which has no default images."""
JOB_SECONDS = 150
"""For the Job controller, which may take a minute once its API server is back."""
PATHS = {
    "pods": f"/api/v1/namespaces/{NAMESPACE}/pods",
    "events": f"/api/v1/namespaces/{NAMESPACE}/events",
    "jobs": f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs",
    "dubjobs": f"/apis/dubjob.dev/v1alpha1/namespaces/{NAMESPACE}/dubjobs",
}
"""The kinds that are read until something holds."""
SELECTORS = {"-l": "labelSelector", "--field-selector": "fieldSelector"}
Object = dict[str, Any]


@dataclass
class View:
    """kubectl on the control plane, and the operator as a process of the chart's own
    service account."""

    kubectl_command: tuple[str, ...]
    api: ApiServer
    folder: Path
    operators: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, plane: ControlPlane) -> View:
        """The control plane, as its administrator sees it."""
        return cls(tuple(map(str, plane.kubectl())), ApiServer(plane.kubeconfig), plane.folder)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl's output; AssertionError with its words where it fails."""
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def attempt(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.kubectl_command, "-n", NAMESPACE, *arguments],
            input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def items(self, kind: str, option: str = "", selector: str = "") -> list[Object]:
        """The objects of a kind; `option` and `selector` as kubectl has them."""
        if kind in PATHS:
            query = f"?{SELECTORS[option]}={quote(selector)}" if option else ""
            found = self.api.read(PATHS[kind] + query)
        else:
            selected = (option, selector) if option else ()
            found = json.loads(self.kubectl("get", kind, *selected, "-o", "json"))
        return cast("list[Object]", found["items"])

    def dubjob(self, name: str) -> Object:
        return cast("Object", self.api.read(f"{PATHS['dubjobs']}/{name}"))

    def apply(self, name: str, **spec: Any) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest(name, **spec)))

    def start_operator(
        self, *command: str, kubeconfig: Path | None = None, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start one more operator; `command`: of another Python program than its own."""
        variables = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.folder / "operator.kubeconfig"),
            "LIVENESS_ENDPOINT": f"http://127.0.0.1:{free_port()}/healthz",
            "METRICS_PORT": "0",
            **environment,
        }
        with (self.folder / "operator.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *(command or ("-m", "dubjob_operator"))],
                env=variables, stdout=log, stderr=log,
            )  # fmt: skip
        self.operators.append(process)
        return process

    def kill_operators(self) -> None:
        """SIGKILL: no time to tidy up."""
        for process in self.operators:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.operators.clear()

    def clear(self) -> None:
        """No operator, no DubJob, no Job, no pod. The Jobs are not left to the garbage
        collector: after an API server's restart it takes minutes to begin again."""
        self.kill_operators()
        self.kubectl("delete", "--raw", PATHS["dubjobs"])
        self.kubectl("delete", "jobs", "--all", "--wait=false")
        self.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")
        self.until("the Jobs to go", lambda: not self.items("jobs"), 60)

    def until(self, what: str, holds: Callable[[], Any], timeout: float = 30) -> Any:
        """The first true answer of `holds`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = holds()
            if found:
                return found
            time.sleep(0.1)
        log = self.folder / "operator.log"
        log.touch()
        raise AssertionError(f"waited {timeout} s for {what}\n{log.read_text()[-2000:]}")

    def render(self, control_plane: ControlPlane, *values: str) -> None:
        """Apply the operator's chart, its Deployment without replicas: the test runs the
        operator."""
        self._apply_chart(
            control_plane, "dubjob-operator", SYSTEM, "--set", "replicas=0",
            "--set", "crds.enabled=false,image.repository=r.example/operator", *values,
        )  # fmt: skip

    def render_profiles(self, control_plane: ControlPlane, *values: str) -> None:
        """Apply the chart of the profiles with the values of the local cluster: dubs queue for
        its GPU. No Job pulls models."""
        local = ("--values", str(ROOT / "local-cluster/values.yaml"),
                 "--set", f"{IMAGES},modelPull.enabled=false")  # fmt: skip
        self._apply_chart(control_plane, "dubjob-profiles", NAMESPACE, *local, *values)

    def _apply_chart(
        self, control_plane: ControlPlane, chart: str, namespace: str, *values: str
    ) -> None:
        rendered = subprocess.run(
            [str(control_plane.tools.helm), "template", chart, str(ROOT / "charts" / chart),
             "--namespace", namespace, *values],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        done = subprocess.run(
            [*self.kubectl_command, "apply", "-f", "-"],
            input=rendered, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def pod_of_uid(self, pod: Object) -> Object | None:
        """The same pod as it is now."""
        uid = pod["metadata"]["uid"]
        return next((each for each in self.items("pods") if each["metadata"]["uid"] == uid), None)

    def pod_of(self, dubjob: str, stage: str, timeout: float = 30) -> Object:
        """The stage's live pod, as soon as there is one."""

        def find() -> Object | None:
            selector = f"dubjob.dev/dubjob={dubjob},dubjob.dev/stage={stage}"
            pods = self.items("pods", "-l", selector)
            live = [p for p in pods if p["status"]["phase"] in ("Pending", "Running")]
            return live[0] if live else None

        return cast("Object", self.until(f"a pod of {stage}", find, timeout))

    def play(self, pod: Object, phase: str, code: int | None = None, message: str = "") -> None:
        """Write the pod's status as the kubelet does."""
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        state: Object = {"running": {"startedAt": at}}
        if code is not None:
            state = {
                "terminated": {
                    "exitCode": code, "reason": "Completed" if code == 0 else "Error",
                    "message": message, "startedAt": at, "finishedAt": at,
                }
            }  # fmt: skip
        container = {
            "name": "stage", "image": "i", "imageID": "", "restartCount": 0,
            "ready": False, "state": state,
        }  # fmt: skip
        status = {"status": {"phase": phase, "containerStatuses": [container]}}
        self.api.patch(f"{PATHS['pods']}/{pod['metadata']['name']}/status", status)

    def succeed(self, dubjob: str, stage: str, **result: Any) -> None:
        """The stage's pod runs and succeeds."""
        pod = self.pod_of(dubjob, stage)
        said = StageResult(stage=Stage(stage), reason="Succeeded", **result)
        self.play(pod, "Running")
        self.play(pod, "Succeeded", 0, said.to_termination_message())

    def fail(self, dubjob: str, stage: str, code: int, message: str = "") -> None:
        """The stage's pod runs and fails."""
        pod = self.pod_of(dubjob, stage)
        self.play(pod, "Failed", code, message)

    def until_reason(self, name: str, reason: str, timeout: float = 30) -> str:
        """Wait until the DubJob's state is `reason`; the message."""

        def find() -> str | None:
            condition = conditions(self.dubjob(name)).get("Finished", {})
            return str(condition["message"]) if condition.get("reason") == reason else None

        return str(self.until(f"{name} to be {reason}", find, timeout))

    def approve(self, name: str, stage: str, run: int) -> str:
        """Approve one run of a stage, as the message says; the token."""
        token = f"{stage}.{run}.{self.dubjob(name)['metadata']['uid'][:6]}"
        self.annotate(name, approve=token)
        return token

    def annotate(self, name: str, **values: str) -> None:
        """Set annotations of ours: ``retry="mux@1"``."""
        pairs = [f"dubjob.dev/{key}={value}" for key, value in values.items()]
        self.kubectl("annotate", "dubjob", name, "--overwrite", *pairs)

    def told(self, name: str) -> list[str]:
        """The reasons of the DubJob's events, in the order of `kubectl describe`."""
        events = self.items("events", "--field-selector", f"involvedObject.name={name}")
        events.sort(key=lambda event: event["lastTimestamp"])
        return [event["reason"] for event in events]

    def until_told(self, name: str, reason: str, times: int = 1) -> None:
        """Wait for at least so many Events with this reason about DubJobs of this name. The
        operator emits them after it has written the status."""
        self.until(
            f"{times} {reason} of {name}", lambda: self.told(name).count(reason) >= times, 60
        )

    def finished(self, name: str, generation: int = 1, timeout: float = 30) -> Object:
        """The DubJob when its condition Finished is true."""

        def find() -> Object | None:
            found = self.dubjob(name)
            condition = conditions(found).get("Finished", {})
            done = condition.get("status") == "True"
            return found if done and condition["observedGeneration"] >= generation else None

        return cast("Object", self.until(f"{name} to finish", find, timeout))

    def stages_of(self, name: str) -> list[str]:
        """The stages of which a Job exists, in the pipeline's order."""
        jobs = self.items("jobs", "-l", f"dubjob.dev/dubjob={name}")
        order = [str(stage) for stage in Stage]
        return sorted(
            (job["metadata"]["labels"]["dubjob.dev/stage"] for job in jobs), key=order.index
        )


def manifest(name: str, profile: str = "cpu", **spec: Any) -> Object:
    """A DubJob that uses the DubProfile `profile`."""
    named = {"targetLanguage": "es", "sourceLanguage": "en", "profileRef": {"name": profile}}
    return {
        "apiVersion": "dubjob.dev/v1alpha1",
        "kind": "DubJob",
        "metadata": {"name": name},
        "spec": {**named, **spec},
    }


def conditions(dubjob: Object) -> dict[str, Object]:
    return {entry["type"]: entry for entry in dubjob.get("status", {}).get("conditions", [])}
