"""What the person who runs the operator relies on, against the real API server."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from control_plane_view import NAMESPACE, SYSTEM, Object, View, conditions, manifest
from fault_proxy import FaultProxy

from dubstage.contract import Stage
from local_cluster.control_plane import ControlPlane
from local_cluster.place import free_port

STAGES = [str(stage) for stage in Stage]
FINISHED = 1000
WATCHED = ("dubjobs", "dubprofiles", "clusterdubprofiles", "jobs", "pods")
UNSEEN: Object = {
    "apiVersion": "dubjob.dev/v1alpha1", "kind": "ClusterDubProfile",
    "metadata": {"name": "unseen"}, "spec": {"stages": {}},
}  # fmt: skip
PEAK_MEMORY = 110
"""Megabytes: 70 for itself, and little for each that is finished."""


@pytest.fixture
def proxied(installed: View) -> Iterator[FaultProxy]:
    proxy = FaultProxy(Path(installed.folder / "operator.kubeconfig"))
    yield proxy
    installed.clear()
    proxy.close()


def test_an_undisturbed_dub_needs_few_writes(installed: View, proxied: FaultProxy) -> None:
    installed.start_operator(kubeconfig=proxied.own_kubeconfig)
    installed.apply("frugal")
    for stage in STAGES:
        installed.succeed("frugal", stage)
    installed.finished("frugal")
    time.sleep(6)
    assert proxied.writes["POST jobs"] == 6
    assert proxied.writes["PUT dubjobs/status"] <= 13
    assert proxied.writes["POST events"] <= 14
    assert proxied.writes.pop("PUT dubprofiles/status", 0) <= 3, "each profile once, if at all"
    assert set(proxied.writes) == {"POST jobs", "PUT dubjobs/status", "POST events"}


def test_a_quiet_minute_with_a_thousand_finished_dubjobs(
    installed: View, proxied: FaultProxy
) -> None:
    stages = [
        {"name": stage, "state": "Succeeded", "run": 1, "attempts": 1, "inputHash": "0"}
        for stage in STAGES
    ]
    truths = {"Complete": "True", "Failed": "False", "Finished": "True"}
    status = {
        "observedGeneration": 1, "stages": stages,
        "conditions": [
            {"type": kind, "status": value, "reason": "Completed", "message": "All.",
             "lastTransitionTime": "2026-01-02T03:04:05Z", "observedGeneration": 1}
            for kind, value in truths.items()
        ],
    }  # fmt: skip
    items = [manifest(f"old-{number:04d}") | {"status": status} for number in range(FINISHED)]
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    installed.kubectl("create", "-f", "-", stdin=everything)
    installed.kubectl(
        "apply", "--server-side", "--force-conflicts", "--subresource=status", "-f", "-",
        stdin=everything,
    )  # fmt: skip
    # Another profile, and another operator: what is finished stays finished.
    changed = '{"spec":{"maxDisruptions":7}}'
    installed.kubectl("patch", "dubprofile", "cpu", "--type=merge", "-p", changed)
    health = f"http://127.0.0.1:{free_port()}/healthz"
    operator = installed.start_operator(
        kubeconfig=proxied.own_kubeconfig, LEASE_NAMESPACE=SYSTEM, POD_NAME="only",
        LIVENESS_ENDPOINT=health,
    )  # fmt: skip
    time.sleep(75)
    assert peak_memory(operator.pid) < PEAK_MEMORY
    assert is_alive(health), answers(health)
    heartbeats = {"POST leases", "PUT leases/dubjob-operator", "PUT leases"}
    assert proxied.writes.pop("PUT dubprofiles/status", 0) <= 3, "each profile once, if at all"
    assert set(proxied.writes) <= heartbeats, proxied.writes
    assert sum(proxied.writes.values()) >= 20, "the operator did not live"


def test_a_dead_watch_in_a_living_process_is_found(installed: View) -> None:
    """One operator for each watch, which brings nothing any more though it stays open."""
    proxies = {
        name: FaultProxy(Path(installed.folder / "operator.kubeconfig"))
        for name in ("none", *WATCHED)
    }
    health = {name: f"http://127.0.0.1:{free_port()}/healthz" for name in proxies}
    try:
        for name, proxy in proxies.items():
            installed.start_operator(
                kubeconfig=proxy.own_kubeconfig, LEASE_NAMESPACE=SYSTEM, POD_NAME=name,
                LIVENESS_ENDPOINT=health[name],
            )  # fmt: skip
            installed.until("the operator to live", partial(is_alive, health[name]))
            # The Lease of an operator that an earlier test killed has to end first.
            installed.until("one that sees everything to lead", lambda: leader(installed) == "none")
        for name, proxy in proxies.items():
            proxy.swallow = name
        installed.apply("unseen")
        installed.kubectl("label", "dubjob", "unseen", "seen=no")
        installed.kubectl("label", "dubprofile", "cpu", "seen=no", "--overwrite")
        installed.kubectl("apply", "-f", "-", stdin=json.dumps(UNSEEN))
        installed.play(installed.pod_of("unseen", "ingest", 60), "Running")
        for name in WATCHED:
            installed.until(f"the watch of {name} to be dead", partial(is_dead, health[name]), 150)
        assert is_alive(health["none"]), answers(health["none"])
    finally:
        installed.kubectl("delete", "clusterdubprofile", "unseen", "--ignore-not-found")
        installed.clear()
        for proxy in proxies.values():
            proxy.close()


def peak_memory(pid: int) -> float:
    """Megabytes that were resident at most (VmHWM of proc(5), in kB)."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmHWM"].split()[0]) / 1000


def is_alive(url: str) -> bool:
    return answers(url)[0] == 200


def is_dead(url: str) -> bool:
    return answers(url)[0] == 500


def answers(url: str) -> tuple[int, str]:
    """Status and text of what the kubelet is told; (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def leader(view: View) -> str:
    """Who holds the Lease; empty where nobody does."""
    holder = "jsonpath={.spec.holderIdentity}"
    return view.attempt("-n", SYSTEM, "get", "lease", "dubjob-operator", "-o", holder).stdout


def test_not_ready_before_it_can_read_what_is_there(installed: View, proxied: FaultProxy) -> None:
    """A rollout must not end with an operator that lives and can do nothing."""
    proxied.refuse = "dubjobs"
    log = installed.folder / "operator.log"
    said_before = log.stat().st_size if log.exists() else 0
    health = f"http://127.0.0.1:{free_port()}/healthz"
    installed.start_operator(kubeconfig=proxied.own_kubeconfig, LIVENESS_ENDPOINT=health)
    installed.until("an answer", partial(is_dead, health))
    time.sleep(2)
    assert is_dead(health), answers(health)
    proxied.refuse = ""
    installed.until("the operator to be ready", partial(is_alive, health))
    said = log.read_text()[said_before:]
    assert "the watches have not delivered all existing objects yet" in said
    assert "Traceback" not in said


def test_another_replica_takes_over(installed: View, proxied: FaultProxy) -> None:
    first = installed.start_operator(LEASE_NAMESPACE=SYSTEM, POD_NAME="first")
    installed.until("a leader", lambda: leader(installed) == "first")
    installed.start_operator(LEASE_NAMESPACE=SYSTEM, POD_NAME="second")
    installed.apply("handed")
    installed.succeed("handed", "ingest")
    installed.pod_of("handed", "separate")
    first.kill()
    first.wait()
    installed.operators.remove(first)
    begun = time.monotonic()
    installed.succeed("handed", "separate")
    installed.pod_of("handed", "transcribe")
    assert time.monotonic() - begun <= 15.0
    assert leader(installed) == "second"
    for stage in STAGES[2:]:
        installed.succeed("handed", stage)
    installed.finished("handed")
    assert installed.stages_of("handed") == STAGES


def test_a_dub_survives_the_operators_replacement(installed: View, proxied: FaultProxy) -> None:
    """A rolling update: the new one starts, the old one is told to end."""
    old = installed.start_operator(LEASE_NAMESPACE=SYSTEM, POD_NAME="old")
    installed.apply("kept")
    installed.succeed("kept", "ingest")
    pod = installed.pod_of("kept", "separate")
    installed.play(pod, "Running")
    installed.start_operator(LEASE_NAMESPACE=SYSTEM, POD_NAME="new")
    old.terminate()
    assert old.wait(20) == 0
    installed.operators.remove(old)
    for stage in STAGES[1:]:
        installed.succeed("kept", stage)
    done = installed.finished("kept")
    assert [entry["attempts"] for entry in done["status"]["stages"]] == [1] * 6
    assert installed.pod_of_uid(pod), "the running pod was disturbed"


def test_the_namespaced_operator_keeps_to_its_namespaces(
    installed: View, proxied: FaultProxy, control_plane: ControlPlane
) -> None:
    installed.kubectl("create", "namespace", "elsewhere")
    values = ["--set", f"watchNamespaces={{{NAMESPACE}}}", "--set", "readProgress=false",
              "--set", "readWorkloads=false"]  # fmt: skip
    try:
        installed.render(control_plane, *values)
        installed.start_operator(
            WATCH_NAMESPACES=NAMESPACE, READ_PROGRESS="false", READ_WORKLOADS="false"
        )
        elsewhere = json.dumps(manifest("far"))
        installed.kubectl("-n", "elsewhere", "apply", "-f", "-", stdin=elsewhere)
        installed.apply("near")
        for stage in STAGES:
            installed.succeed("near", stage)
        installed.finished("near")
        far = installed.kubectl("-n", "elsewhere", "get", "dubjob", "far", "-o", "json")
        assert json.loads(far)["status"] == {"observedGeneration": -1}
        user = f"--as=system:serviceaccount:{SYSTEM}:dubjob-operator"
        for verb, resource in (("list", "pods"), ("create", "jobs.batch"), ("list", "dubjobs")):
            here = installed.attempt("auth", "can-i", verb, resource, user)
            there = installed.attempt("-n", "elsewhere", "auth", "can-i", verb, resource, user)
            assert (here.stdout.strip(), there.stdout.strip()) == ("yes", "no")
    finally:
        installed.render(control_plane)
        installed.kubectl("delete", "namespace", "elsewhere", "--wait=false")


def test_metrics_tell_and_name_no_jobs(installed: View, proxied: FaultProxy) -> None:
    port = free_port()
    installed.start_operator(METRICS_PORT=str(port))
    installed.apply("counted")
    for stage in STAGES:
        installed.succeed("counted", stage)
    installed.finished("counted")

    def metrics() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    # The operator counts the DubJobs of its cache: the watch brings the status that it has written.
    complete = 'dubjob_dubjobs{reason="Completed",state="Complete"} 1.0'
    installed.until("the complete DubJob to count", lambda: complete in metrics())
    text = metrics()
    assert 'dubjob_stage_seconds_count{outcome="Succeeded",profile="cpu",stage="mux"} 1.0' in text
    for name in (
        "dubjob_stage_queue_seconds_count", "dubjob_reconcile_seconds_count",
        "dubjob_api_requests_total", "dubjob_workqueue_depth",
        "dubjob_watch_last_event_age_seconds", "dubjob_leader 1.0",
    ):  # fmt: skip
        assert name in text
    assert "counted" not in text


def test_the_log_level_is_refused_where_it_is_none(installed: View, proxied: FaultProxy) -> None:
    process = installed.start_operator(LOG_LEVEL="LOUD")
    assert process.wait(20) == 2
    installed.operators.remove(process)
    assert "LOG_LEVEL is LOUD" in (installed.folder / "operator.log").read_text()


def test_log_lines_name_the_dubjob_the_stage_and_the_reconcile(
    installed: View, proxied: FaultProxy
) -> None:
    installed.start_operator()
    installed.apply("logged")
    installed.pod_of("logged", "ingest")
    log = installed.folder / "operator.log"
    installed.until("the log line", lambda: "created Job logged-ingest" in log.read_text())
    lines = log.read_text().splitlines()
    (created,) = [json.loads(line) for line in lines if "created Job logged-ingest" in line]
    assert created["dubjob"] == f"{NAMESPACE}/logged"
    assert created["stage"] == "ingest"
    assert created["reconcile"] > 0


def test_network_policies_take_stage_pods_by_what_they_may_do(
    installed: View, proxied: FaultProxy, control_plane: ControlPlane
) -> None:
    installed.render_profiles(
        control_plane, "--set", "networkPolicy.enabled=true", "--set", "prune.enabled=true"
    )
    installed.start_operator()
    installed.apply("fenced")
    pod = installed.pod_of("fenced", "ingest")
    policies = {
        item["metadata"]["name"]: item["spec"] for item in installed.items("networkpolicies")
    }
    closed, open_ = policies["dubjob-stages"], policies["dubjob-stages-with-network"]
    assert "egress" not in closed
    assert "ingress" not in closed
    assert set(closed["policyTypes"]) == set(open_["policyTypes"]) == {"Ingress", "Egress"}
    assert selects(closed, pod)
    assert not selects(open_, pod)
    pod["metadata"]["labels"]["dubjob.dev/network"] = "allowed"
    assert selects(open_, pod)
    assert not selects(closed, pod)
    installed.kubectl("delete", "networkpolicies,cronjobs", "--all")


def selects(policy: Object, pod: Object) -> bool:
    """Whether the policy's selector takes the pod."""
    selector, labels = policy["podSelector"], pod["metadata"]["labels"]
    wanted = selector.get("matchLabels", {}).items()
    others = selector.get("matchExpressions", [])
    return all(labels.get(key) == value for key, value in wanted) and all(
        labels.get(each["key"]) not in each["values"] for each in others
    )


def test_conditions_speak_of_the_generation(installed: View, proxied: FaultProxy) -> None:
    installed.start_operator()
    installed.apply("spoken", suspend=True)
    found = installed.until("conditions", lambda: conditions(installed.dubjob("spoken")))
    assert {entry["observedGeneration"] for entry in found.values()} == {1}
