"""`dub check`: what it says of a cluster that is not ready, and to an account without rights."""

from __future__ import annotations

import json
from typing import Any

import pytest
from one_dub import CORE, GROUP, PLACE, Api, api, run

__all__ = ["api"]
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, str | None]]:
    """Exit code, and the problem of each check."""
    code = run("check -o json", monkeypatch)
    found = json.loads(capsys.readouterr().out)
    return code, {each["check"]: each["problem"] for each in found}


def claim(phase: str, storage_class: str | None) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"storageClassName": storage_class}, "status": {"phase": phase}}


def test_a_cluster_that_is_ready(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = checked(monkeypatch, capsys)
    assert (code, [each for each in found.values() if each]) == (0, [])


@pytest.mark.parametrize("has_profile", [True, False])
@pytest.mark.parametrize(
    ("phase", "storage_class", "words"),
    [
        ("Bound", None, None),
        ("Pending", "local-path", None),
        ("Pending", "", "is Pending, and has no storage class"),
        ("Pending", None, "is Pending, and has no storage class"),
        ("Lost", "nfs", "is Lost: `kubectl -n dubbing describe pvc dubjob-data`"),
    ],
)
def test_claims_and_models_are_checked_also_without_a_profile(
    has_profile: bool, phase: str, storage_class: str | None, words: str | None, api: Api,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.objects[f"{CORE}/persistentvolumeclaims/dubjob-data"] = claim(phase, storage_class)
    if not has_profile:
        api.objects[f"{PLACE}/dubprofiles"] = {"items": []}
    code, found = checked(monkeypatch, capsys)
    assert "models" in found
    assert found["claim dubjob-models"] is None
    problem = found["claim dubjob-data"]
    assert problem is None if words is None else words in (problem or "")
    assert code == (1 if words or not has_profile else 0)


def test_a_namespace_without_profile_names_those_that_have_one(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.objects[f"{PLACE}/dubprofiles"] = {"items": []}
    assert "Install the chart" in (checked(monkeypatch, capsys)[1]["default profile"] or "")
    items = [{"metadata": {"namespace": name}} for name in ("video", "drama", "video")]
    api.objects[f"{GROUP}/dubprofiles"] = {"items": items}
    problem = checked(monkeypatch, capsys)[1]["default profile"] or ""
    assert "Install the chart" not in problem
    assert problem.endswith(
        "The namespaces drama, video have profiles: run for example `dub -n drama check`."
    )


def test_an_account_without_rights_learns_which(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.forbidden = [PLACE, CORE, "/apis/apps"]
    api.objects[REVIEWS] = {"spec": {}, "status": {"allowed": False}}
    code, found = checked(monkeypatch, capsys)
    assert code == 1
    assert found["right to create, get, list, watch, patch, delete dubjobs"] == (
        "Ask an administrator of the namespace dubbing for the right to create, get, list, watch, "
        "patch, delete."
    )
    assert "forbidden" in (found["namespace dubbing"] or "")
    assert len(found) > 8


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("at the cluster scope", "Ask an administrator of the cluster for the permission.\n"),
        ('in the namespace "dubbing"', "Ask an administrator of the namespace dubbing for the"),
    ],
)
def test_a_right_is_asked_of_whoever_gives_it(
    scope: str, words: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.forbidden, api.scope = [f"{GROUP}/dubjobs"], scope
    for verb in ("cost", "list"):
        assert run(f"{verb} -A", monkeypatch) == 1
        assert words in capsys.readouterr().err
