"""Compare the speed of the operator with a minimal script on the same control plane.

    make bench-operator  BENCH_SIZES="1 100 1000"  BENCH_PAIRS=1  BENCH_FINISHED=10000

Prints a table and the goals of the sizes that were measured; ends with 1 where one is missed. Each
row says how busy the machine was with other work. With BENCH_PAIRS=5 the script and the operator
take turns five times, and the goals are about the medians.
The node is played: every pod runs for one second. A hop is the time from a pod's success to
the creation of the next stage's pod.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from api import Api, Object
from goals import Goal, verdict
from machine_load import LoadMeter
from operator_figures import HEADER, Pair, Row, at_once, idle, summary
from operator_process import cpu_seconds, memory, metrics, wait_until_synced, writes

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port
from local_cluster.tools import tools

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
DUBJOBS = "/apis/dubjob.dev/v1alpha1/namespaces/dubbing/dubjobs"
STAGES = [str(stage) for stage in Stage]


class Bench:
    """A control plane with a played node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.plane = ControlPlane(folder=folder, tools=tools(), logs=folder)
        self.plane.start()
        self.kubectl("create", "namespace", "dubbing")
        self.kubectl("create", "namespace", "dubjob-system")
        self.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        self._chart(
            "dubjob-operator",
            "dubjob-system",
            "replicas=0,crds.enabled=false,image.repository=operator",
        )
        images = "images.cpu=cpu,images.extra=extra,images.stt=stt,images.tts=tts"
        self._chart("dubjob-profiles", "dubbing", f"modelPull.enabled=false,{images}")
        for claim in ("data", "models"):
            self._claim(claim)
        self.log = folder / "pods.log"
        self._start(HERE / "kubelet_player.py", self.plane.kubeconfig, self.log)
        self.kubectl("wait", "--for=create", "node/bench-node", "--timeout=30s")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return subprocess.run(
            [*map(str, self.plane.kubectl()), *arguments],
            input=stdin, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def close(self) -> None:
        """End everything, also an operator whose measurement has failed."""
        for process in self._started:
            process.kill()
            process.wait()
        self.plane.stop()

    def _chart(self, name: str, namespace: str, values: str = "") -> None:
        rendered = subprocess.run(
            [self.plane.tools.helm, "template", name, ROOT / "charts" / name,
             "--namespace", namespace, "--set", values],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self.kubectl("apply", "-f", "-", stdin=rendered)

    def _claim(self, name: str) -> None:
        """A volume and its claim, bound: the scheduler asks for them."""
        size = {"storage": "1Gi"}
        items: list[Object] = [
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
             "spec": {"capacity": size, "accessModes": ["ReadWriteMany"],
                      "storageClassName": "", "hostPath": {"path": "/tmp"},
                      "claimRef": {"namespace": "dubbing", "name": f"dubjob-{name}"}}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
             "metadata": {"name": f"dubjob-{name}", "namespace": "dubbing"},
             "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "",
                      "volumeName": name, "resources": {"requests": size}}},
        ]  # fmt: skip
        everything = {"apiVersion": "v1", "kind": "List", "items": items}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(everything))

    def _start(self, *command: object, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "bench.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                env={**os.environ, **environment}, stdout=log, stderr=log,
            )  # fmt: skip
        self._started.append(process)
        return process

    def operator(self) -> tuple[subprocess.Popen[bytes], int]:
        port, health = free_port(), free_port()
        process = self._start(
            "-m", "dubjob_operator", KUBECONFIG=str(self.plane.kubeconfig),
            LIVENESS_ENDPOINT=f"http://127.0.0.1:{health}/healthz", METRICS_PORT=str(port),
        )  # fmt: skip
        wait_until_synced(process, health)
        return process, port

    def raw(self, count: int, prefix: str = "raw") -> Row:
        meter, begun = LoadMeter(), time.time()
        script = HERE / "raw_pipeline.py"
        self._start(script, self.plane.kubeconfig, f"{prefix}-", count).wait()
        row = self._row("raw", count, f"{prefix}-", begun)
        row.load = meter.load()
        return row

    def dubs(self, count: int) -> Row:
        process, port = self.operator()
        meter, before, begun = LoadMeter(), cpu_seconds(process.pid), time.time()
        asyncio.run(create(self.plane.kubeconfig, count))
        # Not by asking the operator all the time, which would be measured as its own work.
        while self.log.read_text().count(f"succeeded dub{count}-") < count * len(STAGES):
            time.sleep(0.5)
        while self._finished(port) < count:
            time.sleep(0.5)
        row = self._row("operator", count, f"dub{count}-", begun)
        row.cpu, row.memory = cpu_seconds(process.pid) - before, memory(process.pid)
        row.writes, row.load = writes(port), meter.load()
        process.send_signal(signal.SIGTERM)
        process.wait()
        return row

    def idle(self, count: int) -> float:
        """Megabytes of an operator that has `count` finished DubJobs to look after."""
        asyncio.run(create(self.plane.kubeconfig, count, finished=True))
        process, port = self.operator()
        while self._finished(port) < count:
            time.sleep(1)
        time.sleep(10)
        found = memory(process.pid)
        process.kill()
        process.wait()
        return found

    def _finished(self, port: int) -> float:
        return sum(
            value for name, value in metrics(port).items()
            if name.startswith("dubjob_dubjobs") and 'state="Complete"' in name
        )  # fmt: skip

    def _row(self, what: str, count: int, prefix: str, begun: float) -> Row:
        created: dict[tuple[str, str], float] = {}
        succeeded: dict[tuple[str, str], float] = {}
        for line in self.log.read_text().splitlines():
            at, kind, dubjob, stage = line.split()
            if dubjob.startswith(prefix):
                into = created if kind == "created" else succeeded
                into.setdefault((dubjob, stage), float(at))
        hops = [
            created[dubjob, STAGES[number]] - succeeded[dubjob, STAGES[number - 1]]
            for dubjob, stage in created
            for number in [STAGES.index(stage)]
            if number
        ]
        return Row(what, count, max(succeeded.values()) - begun, hops)


async def create(kubeconfig: Path, count: int, *, finished: bool = False) -> None:
    """Create the DubJobs, all at once."""
    api = Api(kubeconfig)
    spec = {"targetLanguage": "es", "sourceLanguage": "en", "profileRef": {"name": "cpu"}}
    prefix = "old" if finished else "dub"

    async def one(number: int) -> None:
        name = f"{prefix}{count}-{number:04d}"
        body: Object = {"apiVersion": "dubjob.dev/v1alpha1", "kind": "DubJob",
                        "metadata": {"name": name}, "spec": spec}  # fmt: skip
        await api.call("POST", DUBJOBS, body)
        if finished:
            await api.call("PATCH", f"{DUBJOBS}/{name}/status", {"status": finished_status()})

    for start in range(0, count, 500):
        await asyncio.gather(*(one(number) for number in range(start, min(start + 500, count))))
    await api.close()


def finished_status() -> Object:
    """As a real one is, about as large."""
    at = "2026-01-02T03:04:05Z"
    truths = {"Complete": "True", "Finished": "True"}
    return {
        "observedGeneration": 1, "startTime": at, "completionTime": at, "progress": 100,
        "sourceLanguage": "en", "targetLanguage": "es",
        "display": {"progress": "100%", "duration": "4m2s"},
        "conditions": [
            {"type": kind, "status": value, "reason": "Completed", "observedGeneration": 1,
             "message": "All stages have succeeded.", "lastTransitionTime": at}
            for kind, value in truths.items()
        ],
        "stages": [
            {"name": stage, "state": "Succeeded", "run": 1, "attempts": 1, "progress": 100,
             "inputHash": "0123456789abcdef", "jobName": f"some-name-{stage}-01234567",
             "podName": f"some-name-{stage}-01234567-abcde", "since": at, "startTime": at,
             "completionTime": at, "message": "6 segments, speed up to 1.00x, 0 trimmed",
             "elapsedMilliseconds": 12300, "summary": {"segments": 6}, "nodeName": "node-1"}
            for stage in STAGES
        ],
    }  # fmt: skip


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A control plane of its own for each measurement: a used one still has thousands of
    Jobs and pods to collect. The first Job of a new one starts late, so one goes ahead."""
    with tempfile.TemporaryDirectory(prefix="dubjob-bench-") as folder:
        found = Bench(Path(folder))
        try:
            found.raw(1, "first")
            yield found
        finally:
            found.close()


def pair(size: int) -> Pair:
    """The script, then the operator, each on a new control plane."""
    with bench() as plane:
        raw = plane.raw(size)
    print(raw, flush=True)
    with bench() as plane:
        dubs = plane.dubs(size)
    found = Pair(raw, dubs)
    print(f"{dubs}  {found.times:.2f} of raw", flush=True)
    return found


def main() -> int:
    """Measure, print, judge; 0 where every goal is met."""
    sizes = [int(word) for word in os.environ.get("BENCH_SIZES", "1 100 1000").split()]
    number = int(os.environ.get("BENCH_PAIRS", "1"))
    finished = int(os.environ.get("BENCH_FINISHED", "10000"))
    goals: list[Goal] = []
    print(HEADER, flush=True)
    for size in sizes:
        pairs = [pair(size) for _ in range(number)]
        if number > 1:
            print(summary(pairs), flush=True)
        goals += at_once(pairs)
    if finished:
        with bench() as plane:
            megabytes = plane.idle(finished)
        print(f"{finished} finished DubJobs: {megabytes:.0f} MB", flush=True)
        goals.append(idle(finished, megabytes))
    return verdict(goals)


if __name__ == "__main__":
    sys.exit(main())
