"""A DubJob in every state, its status as the operator's own code writes it.

python tests/gitops/states.py    writes the test data in gitops/
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from planning_world import UID, World

GITOPS = Path(__file__).parents[2] / "gitops"
CUSTOMIZATION = GITOPS / "argocd/resource_customizations/dubjob.dev/DubJob"
"""Laid out as Argo CD's own folder of that name."""
Object = dict[str, Any]


def _new() -> World:
    return World()


def _queued() -> World:
    world = World()
    world.step()
    world.pod(
        "Pending",
        conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                     "message": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}],
    )  # fmt: skip
    world.later(6)
    return world


def _running() -> World:
    world = World()
    world.step()
    world.pod("Running")
    world.step()
    return world


def _failed() -> World:
    world = World()
    world.step()
    world.pod("Failed", 1)
    world.fail()
    world.step()
    return world


def _complete() -> World:
    world = World()
    world.finish()
    return world


def _suspended() -> World:
    world = World(suspend=True)
    world.step()
    return world


def _awaiting_review() -> World:
    world = World(reviewAfter=["transcribe"])
    while world.created[-1:] != ["transcribe"]:
        world.step()
        world.succeed()
    world.step()
    return world


def _changed() -> World:
    world = World()
    world.finish()
    world.change(targetLanguage="de")
    return world


STATES: dict[str, Callable[[], World]] = {
    "new": _new,
    "queued": _queued,
    "running": _running,
    "awaiting_review": _awaiting_review,
    "suspended": _suspended,
    "complete": _complete,
    "failed": _failed,
    "changed": _changed,
}
"""What brings a DubJob there. `changed`: complete, and another spec applied since."""


def dubjob_in(state: str) -> Object:
    """The whole object, as the API server would give it."""
    made = STATES[state]().dubjob
    # What nobody has looked at yet has the schema's default and no more.
    status = made.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    if made.status.observed_generation < 0:
        status = {"observedGeneration": -1}
    return {
        "apiVersion": "dubjob.dev/v1alpha1",
        "kind": "DubJob",
        "metadata": {
            "name": made.metadata.name,
            "namespace": made.metadata.namespace,
            "uid": made.metadata.uid,
            "generation": made.metadata.generation,
        },
        "spec": made.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        "status": status,
    }


def config_map() -> Object:
    """The ConfigMap argocd-cm with the health check and the actions of DubJobs."""
    actions = CUSTOMIZATION / "actions"
    definitions = [
        {"name": folder.name, "action.lua": (folder / "action.lua").read_text()}
        for folder in sorted(actions.iterdir())
        if (folder / "action.lua").exists()
    ]
    said = {
        "discovery.lua": (actions / "discovery.lua").read_text(),
        "definitions": definitions,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {
            "resource.customizations.health.dubjob.dev_DubJob": (
                CUSTOMIZATION / "health.lua"
            ).read_text(),
            "resource.customizations.actions.dubjob.dev_DubJob": as_yaml(said),
        },
    }


class _Blocks(yaml.SafeDumper):
    """Text of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Blocks.add_representer(str, _text)


def as_yaml(value: Object) -> str:
    return yaml.dump(value, Dumper=_Blocks, sort_keys=False, allow_unicode=True, width=100)


def files() -> dict[Path, str]:
    """Every generated file below gitops/, with what belongs into it."""
    found = {
        CUSTOMIZATION / "testdata" / f"{state}.yaml": as_yaml(dubjob_in(state)) for state in STATES
    }
    suspended, approved = dubjob_in("running"), dubjob_in("awaiting_review")
    suspended["spec"]["suspend"] = True
    approved["metadata"]["annotations"] = {"dubjob.dev/approve": f"transcribe.1.{UID[:6]}"}
    found[CUSTOMIZATION / "actions/testdata/suspended.yaml"] = as_yaml(suspended)
    found[CUSTOMIZATION / "actions/testdata/approved.yaml"] = as_yaml(approved)
    note = "# Generated from resource_customizations: make gitops\n"
    found[GITOPS / "argocd/argocd-cm.yaml"] = note + as_yaml(config_map())
    return found


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
