"""What a new version must not change: what runs goes on, what is finished stays so."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from planning_world import NOW, dubjob, profile

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.planning.manifests import job_name
from dubjob_operator.planning.observation import observe
from dubjob_operator.planning.pipeline import input_hashes
from dubjob_operator.planning.plan import plan
from dubjob_operator.planning.stage_entry import first
from dubjob_operator.planning.stage_states import stage_states
from dubjob_operator.planning.status import status
from dubstage.contract import Stage

RECORDED = Path(__file__).parents[1] / "fixtures/running-at-0.1.json"
"""A DubJob whose separate stage runs, its Jobs and its pods, as version 0.1 wrote them."""

EVERYTHING: dict[str, Any] = {
    "speakers": {"min": 2},
    "mix": {"loudness": -16.0, "stems": True},
    "glossary": [{"term": "DubJob"}, {"term": "cluster", "translation": "clúster"}],
}
GOLDEN = {
    "plain": {
        "ingest": "f1a74f96de40449e", "separate": "a6641bf27d1f4a40",
        "transcribe": "c30ab7b4f4f39a74", "translate": "f564366ba6c3545b",
        "synthesize": "81088510056d4742", "mux": "74b3ba08dc9980d1",
    },
    "everything": {
        "ingest": "f1a74f96de40449e", "separate": "a6641bf27d1f4a40",
        "transcribe": "10ac6bd1cc9a2ef6", "translate": "284d563b33bd41d9",
        "synthesize": "58654bc7d90cbe50", "mux": "f67969dcda4c97de",
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "spec"), [("plain", {}), ("everything", EVERYTHING)])
def test_input_hashes_never_change(name: str, spec: dict[str, Any]) -> None:
    """A new operator must not run finished work again: change these and it does."""
    assert input_hashes(dubjob(**spec)) == GOLDEN[name]


def test_names_of_jobs_never_change() -> None:
    """A running Job of another name would be deleted, and its work begun again."""
    assert job_name(dubjob(), first(Stage.INGEST, "0123", NOW)) == "talk-ingest-381330b6"


def test_dub_of_an_earlier_version_continues() -> None:
    recorded = json.loads(RECORDED.read_text())
    begun = DubJob.model_validate(recorded["dubjob"])
    observed = observe(recorded["jobs"], recorded["pods"], begun.metadata.uid, {})
    now = datetime.fromisoformat("2026-01-02T03:05:05+00:00")
    states = stage_states(begun, profile(), observed, now)
    step = plan(begun, profile(), observed, states, now)
    assert not step.delete
    assert step.create is None
    after = status(begun, states, observed, now)
    assert after.stages == begun.status.stages
    assert after.condition("Finished") == begun.status.condition("Finished")
