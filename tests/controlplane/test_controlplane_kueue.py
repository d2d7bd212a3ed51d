"""The real Kueue: quota, priorities, an outage, a misspelt queue."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from control_plane_view import NAMESPACE, Object, View, conditions
from kueue_view import QUEUE, Kueue

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane
from local_cluster.tools import tools

STAGES = [str(stage) for stage in Stage]
PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"


@pytest.fixture(scope="module")
def kueue(
    installed: View, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kueue]:
    """Kueue with one GPU in the queue of the example, and a profile for each priority."""
    folder = tmp_path_factory.mktemp("kueue")
    kueue = Kueue.beside(installed, control_plane, tools(("kueue",)).kueue, folder)
    try:
        kueue.install()
        kueue.create_queues(gpus=1)
        plain = json.loads(installed.kubectl("get", "dubprofile", "cpu", "-o", "json"))["spec"]
        for name in ("low", "high"):
            spec = json.loads(json.dumps(plain))
            spec["defaults"]["labels"] = {PRIORITY_LABEL: name}
            kind = {"apiVersion": "dubjob.dev/v1alpha1", "kind": "DubProfile"}
            body = {**kind, "metadata": {"name": name}, "spec": spec}
            installed.kubectl("apply", "-f", "-", stdin=json.dumps(body))
        yield kueue
    finally:
        installed.attempt("delete", "dubprofile", "low", "high", "--ignore-not-found")
        kueue.remove()


@pytest.fixture
def dubbing(view: View, kueue: Kueue) -> View:
    """The control plane with the operator and Kueue."""
    return view


def finished(view: View, name: str) -> Object:
    return conditions(view.dubjob(name)).get("Finished", {})


def message_of(view: View, name: str, words: str) -> str:
    """Wait until the message of the DubJob contains `words`."""

    def find() -> str | None:
        message = str(finished(view, name).get("message", ""))
        return message if words in message else None

    return str(view.until(f"{name} to say {words!r}", find))


def run_through(view: View, name: str, first: str) -> None:
    """Let the stages from `first` on succeed."""
    for stage in STAGES[STAGES.index(first) :]:
        view.succeed(name, stage)
    assert conditions(view.finished(name))["Complete"]["status"] == "True"


def run_all(view: View, *names: str) -> set[tuple[str, str]]:
    """Let every pod succeed until these DubJobs have finished. Return the pods that had the GPU, of
    which there is never more than one at a time."""
    had_gpu: set[tuple[str, str]] = set()

    def step() -> bool:
        pods = [pod for pod in view.items("pods") if pod["status"]["phase"] == "Pending"]
        owners = [_owner(pod) for pod in pods]
        holders = {owner for owner, pod in zip(owners, pods, strict=True) if _uses_gpu(pod)}
        assert len(holders) <= 1, holders
        had_gpu.update(holders)
        for name, stage in owners:
            view.succeed(name, stage)
        return all(finished(view, name).get("status") == "True" for name in names)

    view.until("both to finish", step, 120)
    assert {finished(view, name)["reason"] for name in names} == {"Completed"}
    return had_gpu


def _owner(pod: Object) -> tuple[str, str]:
    """The DubJob and the stage of the pod."""
    labels = pod["metadata"]["labels"]
    return labels["dubjob.dev/dubjob"], labels["dubjob.dev/stage"]


def _uses_gpu(pod: Object) -> bool:
    (container,) = pod["spec"]["containers"]
    return "nvidia.com/gpu" in container["resources"].get("limits", {})


def test_two_dubs_take_turns_on_one_gpu(dubbing: View) -> None:
    for name in ("first", "second"):
        dubbing.apply(name, queueName=QUEUE)
        dubbing.succeed(name, "ingest")
        if name == "first":
            dubbing.pod_of("first", "separate")
    words = f"queue {QUEUE} (Pending): couldn't assign flavors to pod set main: insufficient"
    assert "nvidia.com/gpu" in message_of(dubbing, "second", words)
    assert finished(dubbing, "second")["reason"] == "Queued"
    assert not dubbing.items("pods", "-l", "dubjob.dev/dubjob=second,dubjob.dev/stage=separate")
    dubbing.succeed("first", "separate")
    dubbing.pod_of("second", "separate")
    message_of(dubbing, "first", "insufficient")
    assert run_all(dubbing, "first", "second") == {
        ("first", "transcribe"), ("first", "synthesize"),
        ("second", "separate"), ("second", "transcribe"), ("second", "synthesize"),
    }  # fmt: skip


def test_higher_priority_preempts_and_the_dub_continues(dubbing: View) -> None:
    dubbing.apply("patient", profile="low", queueName=QUEUE)
    dubbing.succeed("patient", "ingest")
    dubbing.play(dubbing.pod_of("patient", "separate"), "Running")
    dubbing.until_reason("patient", "Running")
    dubbing.apply("urgent", profile="high", queueName=QUEUE)
    dubbing.succeed("urgent", "ingest")
    dubbing.play(dubbing.pod_of("urgent", "separate"), "Running")
    dubbing.until_reason("patient", "Queued")
    (stage,) = [s for s in dubbing.dubjob("patient")["status"]["stages"] if s["name"] == "separate"]
    assert stage["reason"] == "AwaitingAdmission"
    dubbing.kubectl("patch", "dubjob", "urgent", "--type=merge", "-p", '{"spec":{"suspend":true}}')
    run_through(dubbing, "patient", "separate")
    told = dubbing.told("patient")
    assert "StageRetrying" not in told
    assert "StageFailed" not in told


def test_outage_of_kueue_is_reported_and_waited_for(dubbing: View, kueue: Kueue) -> None:
    dubbing.apply("before", queueName=QUEUE)
    dubbing.succeed("before", "ingest")
    dubbing.play(dubbing.pod_of("before", "separate"), "Running")
    kueue.stop()
    try:
        dubbing.apply("during", queueName=QUEUE)
        message = dubbing.until_reason("during", "JobNotCreated")
        assert "failed calling webhook" in message
        assert dubbing.dubjob("during")["status"]["observedGeneration"] == 1
        dubbing.until_told("during", "JobNotCreated")
    finally:
        kueue.start()
    run_through(dubbing, "before", "separate")
    run_through(dubbing, "during", "ingest")


def test_misspelt_queue_is_named_until_it_exists(dubbing: View) -> None:
    dubbing.apply("misspelt", queueName="dbus")
    words = "queue dbus (Inadmissible): LocalQueue dbus doesn't exist."
    message_of(dubbing, "misspelt", words)
    queue = {
        "apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "LocalQueue",
        "metadata": {"name": "dbus", "namespace": NAMESPACE}, "spec": {"clusterQueue": "dubbing"},
    }  # fmt: skip
    dubbing.kubectl("apply", "-f", "-", stdin=json.dumps(queue))
    run_through(dubbing, "misspelt", "ingest")
