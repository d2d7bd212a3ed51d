"""Sync, sync again, prune, create again: the real operator, two appliers, no fight."""

from __future__ import annotations

import json
import time
from typing import Any

from control_plane_view import Object, View, manifest

from dubstage.contract import Stage

STAGES = [str(stage) for stage in Stage]


def text_of(name: str, **spec: Any) -> str:
    return json.dumps(manifest(name, **spec))


def sync(view: View, text: str, *flags: str) -> None:
    """What a GitOps tool does, over and over."""
    view.kubectl("apply", "--server-side", "-f", "-", *flags, stdin=text)


def dub(view: View, name: str) -> Object:
    for stage in STAGES:
        view.succeed(name, stage)
    return view.finished(name)


def jobs(view: View, name: str) -> dict[str, str]:
    """Job → its UID."""
    found = view.items("jobs", "-l", f"dubjob.dev/dubjob={name}")
    return {job["metadata"]["name"]: job["metadata"]["uid"] for job in found}


def test_repeated_sync_runs_nothing_again(view: View) -> None:
    text = text_of("synced")
    sync(view, text)
    done = dub(view, "synced")
    before = jobs(view, "synced")
    for _ in range(3):
        sync(view, text)
    time.sleep(2)
    assert jobs(view, "synced") == before
    assert view.dubjob("synced")["metadata"]["generation"] == 1
    assert view.dubjob("synced")["status"] == done["status"]


def test_pruned_and_recreated_dub_runs_only_unfinished_stages(view: View) -> None:
    """The stages' files are there still; ingest looks ahead and says so."""
    text = text_of("returned")
    sync(view, text)
    first = dub(view, "returned")["metadata"]["uid"]
    view.kubectl("delete", "dubjob", "returned")
    view.until("the Jobs to go", lambda: not jobs(view, "returned"))
    sync(view, text)
    view.succeed("returned", "ingest", reused=True, reusable=STAGES[1:])
    again = view.finished("returned")
    assert again["metadata"]["uid"] != first
    assert view.stages_of("returned") == ["ingest"]
    assert all(entry["reused"] for entry in again["status"]["stages"])


def test_no_drift_while_a_dub_runs(view: View) -> None:
    text = text_of("steady", speakers={"max": 2}, reviewAfter=["translate"], mix={"stems": True})
    sync(view, text)
    view.succeed("steady", "ingest")
    view.pod_of("steady", "separate")
    assert view.attempt("diff", "--server-side", "-f", "-", stdin=text).stdout == ""
    assert view.dubjob("steady")["spec"] == json.loads(text)["spec"]


def test_two_appliers_and_the_operator_own_different_fields(view: View) -> None:
    """One writes the spec, one a deadline, the operator the status: no conflict, and
    nobody takes from another."""
    sync(view, text_of("shared"), "--field-manager=argocd")
    part = {key: value for key, value in manifest("shared").items() if key != "spec"}
    part["spec"] = {"deadlines": {"queueSeconds": 3600}}
    sync(view, json.dumps(part), "--field-manager=platform")
    view.succeed("shared", "ingest")
    view.pod_of("shared", "separate")
    sync(view, text_of("shared"), "--field-manager=argocd")
    shared = view.dubjob("shared")
    assert shared["spec"] == {**manifest("shared")["spec"], "deadlines": {"queueSeconds": 3600}}
    raw = json.loads(view.kubectl("get", "dubjob", "shared", "-o", "json", "--show-managed-fields"))
    owners = {
        (each["manager"], each.get("subresource", "")): each["fieldsV1"]
        for each in raw["metadata"]["managedFields"]
    }
    assert {manager for manager, part in owners if not part} == {"argocd", "platform"}
    assert all("f:spec" not in fields for (_, part), fields in owners.items() if part)


def test_conflict_of_two_appliers_is_reported(view: View) -> None:
    sync(view, text_of("torn"), "--field-manager=argocd")
    done = view.attempt(
        "apply", "--server-side", "--field-manager=flux", "-f", "-",
        stdin=text_of("torn", targetLanguage="de"),
    )  # fmt: skip
    assert done.returncode != 0
    assert "targetLanguage" in done.stderr
    assert view.dubjob("torn")["spec"]["targetLanguage"] == "es"
