"""The prune CronJob's service account lists the DubJobs of its namespace, and no more."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from control_plane_view import NAMESPACE, Object, View

from dubstage.errors import TemporaryFailure
from dubstage.workspace import dubjobs
from dubstage.workspace.dubjobs import ApiServer, last_used
from local_cluster.control_plane import ControlPlane


@pytest.fixture
def server(installed: View, control_plane: ControlPlane, tmp_path: Path) -> Iterator[ApiServer]:
    """The API server, with the account of the chart's CronJob."""
    installed.render_profiles(control_plane, "--set", "prune.enabled=true")
    config = json.loads(control_plane.kubeconfig.read_text())
    cluster: Object = config["clusters"][0]["cluster"]
    (tmp_path / "ca.crt").write_text(Path(cluster["certificate-authority"]).read_text())
    (tmp_path / "namespace").write_text(NAMESPACE)
    (tmp_path / "token").write_text(installed.kubectl("create", "token", "dubjob-prune"))
    url = urlsplit(cluster["server"])
    assert url.hostname
    assert url.port
    yield ApiServer(url.hostname, url.port, tmp_path)
    installed.clear()
    installed.kubectl("delete", "cronjob,role,rolebinding,serviceaccount", "dubjob-prune")


def test_unfinished_dubjobs_are_found_on_every_page(
    installed: View, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dubjobs, "PAGE", 2)
    for number in range(5):
        installed.apply(f"dub-{number}", jobID=f"folder-{number}")
    done = {
        "type": "Finished", "status": "True", "reason": "Completed", "message": "",
        "observedGeneration": 1, "lastTransitionTime": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    installed.kubectl(
        *("patch", "dubjob", "dub-3", "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": {"conditions": [done]}})),
    )
    found = installed.until("the rights", lambda: _found(server))
    assert found.pop("folder-3") == 1767323045.0
    assert found == {f"folder-{number}": math.inf for number in (0, 1, 2, 4)}


def _found(server: ApiServer) -> dict[str, float] | None:
    try:
        return last_used(server)
    except TemporaryFailure:
        return None


def test_dubjobs_of_another_namespace_cannot_be_listed(server: ApiServer) -> None:
    (server.account / "namespace").write_text("kube-system")
    with pytest.raises(TemporaryFailure, match=r"403 Forbidden: dubjobs\.dubjob\.dev is forbidden"):
        last_used(server)
