"""etcd, API server, controllers and scheduler, started for this tier and ended with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from control_plane_view import NAMESPACE, ROOT, SYSTEM, View
from fault_proxy import FaultProxy
from faults import Trouble

from local_cluster.control_plane import ControlPlane
from local_cluster.tools import tools


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("control-plane")
    plane = ControlPlane(folder=folder, tools=tools(), logs=folder)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> Iterator[View]:
    """The chart's CRDs, RBAC and profiles on the control plane."""
    view = View.of(control_plane)
    view.kubectl("create", "namespace", NAMESPACE)
    view.kubectl("create", "namespace", SYSTEM)
    view.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    view.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    view.render(control_plane)
    view.render_profiles(control_plane)
    _write_operator_kubeconfig(view, control_plane)
    yield view
    view.api.close()


def _write_operator_kubeconfig(view: View, control_plane: ControlPlane) -> None:
    """The operator acts as the chart's service account, with its rights and no others."""
    token = view.kubectl("-n", SYSTEM, "create", "token", "dubjob-operator", "--duration=2h")
    config = json.loads(control_plane.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token.strip()}
    Path(view.folder / "operator.kubeconfig").write_text(json.dumps(config))


@pytest.fixture
def view(installed: View) -> Iterator[View]:
    """The control plane with one operator running."""
    installed.start_operator()
    yield installed
    installed.clear()


@pytest.fixture
def trouble(installed: View, control_plane: ControlPlane) -> Iterator[Trouble]:
    proxy = FaultProxy(
        Path(installed.folder / "operator.kubeconfig"),
        seed=int(os.environ.get("CHAOS_SEED", "20261")),
    )
    found = Trouble(installed, control_plane, proxy)
    found.start()
    yield found
    installed.clear()
    proxy.close()
