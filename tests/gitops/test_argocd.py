"""Argo CD's view of a DubJob: its Lua, run by a Lua 5.1 as Argo CD's own is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime, lua_type
from planning_world import World
from states import CUSTOMIZATION, GITOPS, STATES, Object, config_map, dubjob_in, files

ACTIONS = ("retry", "suspend", "resume", "approve")


def run_lua(script: Path, dubjob: Object) -> Any:
    """What the script returns, given the object as the global `obj`."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    lua.globals().obj = lua.table_from(dubjob, recursive=True)
    return _plain(lua.execute(script.read_text()))


def _plain(value: Any) -> Any:
    """Lua's tables as dictionaries and lists."""
    if lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if keys and keys == list(range(1, len(keys) + 1)):
        return [_plain(value[key]) for key in keys]
    return {key: _plain(value[key]) for key in keys}


def read(path: Path) -> Object:
    found: Object = yaml.safe_load(path.read_text())
    return found


HEALTH = read(CUSTOMIZATION / "health_test.yaml")["tests"]
TESTS = read(CUSTOMIZATION / "actions/action_test.yaml")


@pytest.mark.parametrize("test", HEALTH, ids=[test["inputPath"] for test in HEALTH])
def test_health(test: Object) -> None:
    assert (
        run_lua(CUSTOMIZATION / "health.lua", read(CUSTOMIZATION / test["inputPath"]))
        == test["healthStatus"]
    )


def test_health_test_covers_every_state() -> None:
    assert {Path(test["inputPath"]).stem for test in HEALTH} == set(STATES)
    assert {Path(test["inputPath"]).stem for test in TESTS["discoveryTests"]} == set(STATES)


@pytest.mark.parametrize(
    "test", TESTS["discoveryTests"], ids=[test["inputPath"] for test in TESTS["discoveryTests"]]
)
def test_available_actions(test: Object) -> None:
    found = run_lua(
        CUSTOMIZATION / "actions/discovery.lua", read(CUSTOMIZATION / "actions" / test["inputPath"])
    )
    named = [{"name": name, **action} for name, action in found.items()]
    assert sorted(named, key=str) == sorted(test["result"], key=str)
    assert set(found) == set(ACTIONS)


@pytest.mark.parametrize(
    "test", TESTS["actionTests"], ids=[test["action"] for test in TESTS["actionTests"]]
)
def test_actions_change_the_object(test: Object) -> None:
    folder = CUSTOMIZATION / "actions"
    before, expected = read(folder / test["inputPath"]), read(folder / test["expectedOutputPath"])
    assert act(test["action"], before) == expected


def act(action: str, dubjob: Object) -> Object:
    """The object after the action; empty tables and lists are the same to Lua."""
    after = run_lua(CUSTOMIZATION / "actions" / action / "action.lua", dubjob)
    assert isinstance(after, dict)
    return after


def test_operator_handles_the_retry_action() -> None:
    world = STATES["failed"]()
    after = act("retry", dubjob_in("failed"))
    assert set(after["metadata"]["annotations"]) == {"dubjob.dev/retry"}
    assert after["spec"] == dubjob_in("failed")["spec"]
    _annotated(world, after)
    assert world.step().condition("Failed") is None


def test_operator_handles_the_approve_action() -> None:
    world = STATES["awaiting_review"]()
    _annotated(world, act("approve", dubjob_in("awaiting_review")))
    world.step()
    assert world.dubjob.status.of("transcribe").reviewed is True  # type: ignore[union-attr]


def test_suspend_and_resume_restore_the_spec() -> None:
    before = dubjob_in("running")
    suspended = act("suspend", before)
    assert suspended["spec"] == {**before["spec"], "suspend": True}
    assert act("resume", suspended)["spec"] == before["spec"]


def _annotated(world: World, after: Object) -> None:
    world.change(after["metadata"]["annotations"])


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(GITOPS)))
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text() == files()[path], "run `make gitops`"


def test_config_map_has_the_same_scripts() -> None:
    data = config_map()["data"]
    said = yaml.safe_load(data["resource.customizations.actions.dubjob.dev_DubJob"])
    assert {entry["name"] for entry in said["definitions"]} == set(ACTIONS)
