"""What kstatus and Flux say of a DubJob in every state: the real libraries."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache

import pytest
import yaml
from states import GITOPS, STATES, Object, dubjob_in

from local_cluster.tools import tools

KSTATUS = {
    "new": "InProgress",
    "queued": "InProgress",
    "running": "InProgress",
    "awaiting_review": "InProgress",
    "suspended": "Current",
    "complete": "Current",
    "failed": "Failed",
    "changed": "InProgress",
}


@lru_cache
def verdicts() -> dict[str, dict[str, str]]:
    """State → kstatus' and Flux's word."""
    (dubs,) = yaml.safe_load_all((GITOPS / "flux/dubs.yaml").read_text())
    objects: list[Object] = [dubjob_in(state) for state in STATES]
    done = subprocess.run(
        [str(tools(("verdicts",)).verdicts)],
        input=json.dumps({"exprs": dubs["spec"]["healthCheckExprs"], "objects": objects}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(STATES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("state", STATES)
def test_kstatus_of_every_state(state: str) -> None:
    assert verdicts()[state]["kstatus"] == KSTATUS[state]


@pytest.mark.parametrize("state", STATES)
def test_flux_agrees_with_kstatus(state: str) -> None:
    assert verdicts()[state]["flux"] == KSTATUS[state]


def test_invalid_expression_is_reported() -> None:
    """The evaluation is Flux's own, not ours."""
    check = {"apiVersion": "dubjob.dev/v1alpha1", "kind": "DubJob", "current": "status.x ==="}
    done = subprocess.run(
        [str(tools(("verdicts",)).verdicts)],
        input=json.dumps({"exprs": [check], "objects": []}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Syntax error" in done.stderr
