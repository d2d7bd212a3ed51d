"""One more run of translate for segments whose clips are too long."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import World, profile

from dubjob_operator.api.status import DubJobStatus, StageState
from dubstage.contract import Stage, StageRequest
from dubstage.contract.summary import StageSummary

STAGES = [str(stage) for stage in Stage]
ALL = [*STAGES[:5], "translate", "synthesize", "mux"]
LONG = StageSummary(oversize_segments=2)
ON = {"fit_after_synthesis": True}


def request_of(world: World) -> StageRequest:
    job = world.jobs[list(world.jobs)[-1]]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return StageRequest.model_validate_json(container["env"][0]["value"])


def dubbed(
    parameters: dict[str, Any], summary: StageSummary = LONG, **spec: Any
) -> tuple[World, dict[str, list[StageRequest]]]:
    """A dub in which synthesize always reports `summary`, and the requests of its stages."""
    world = World(**spec)
    world.profile = profile({"parameters": parameters})
    requests: dict[str, list[StageRequest]] = {}
    for _ in range(20):
        known = len(world.created)
        after = world.later(10)
        if len(world.created) > known:
            requests.setdefault(world.created[-1], []).append(request_of(world))
        if _finished(after) or _awaits(after):
            break
        if world.jobs:
            world.succeed(**({"summary": summary} if world.created[-1] == "synthesize" else {}))
    return world, requests


def _finished(after: DubJobStatus) -> bool:
    condition = after.condition("Finished")
    return condition is not None and condition.status == "True"


def _awaits(after: DubJobStatus) -> bool:
    return any(entry.state is StageState.AWAITING_REVIEW for entry in after.stages)


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_long_clips_are_shortened_once(value: object) -> None:
    world, requests = dubbed({"fit_after_synthesis": value})
    assert world.created == ALL
    assert [each.shorten for each in requests["translate"]] == [False, True]
    assert not any(each.force for each in requests["translate"] + requests["synthesize"])
    assert world.dubjob.status.of("translate").run == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("parameters", "summary"),
    [
        ({}, LONG),
        ({"fit_after_synthesis": False}, LONG),
        ({"fit_after_synthesis": "no"}, LONG),
        (ON, StageSummary()),
        (ON, StageSummary(oversize_segments=0)),
    ],
)
def test_nothing_is_shortened_without_need_or_request(
    parameters: dict[str, Any], summary: StageSummary
) -> None:
    world, _ = dubbed(parameters, summary)
    assert world.created == STAGES


def test_review_of_the_clips_comes_after_the_shortening() -> None:
    world, _ = dubbed(ON, reviewAfter=["synthesize"])
    assert world.created == ALL[:-1]


def test_approved_translation_stays_as_it_is() -> None:
    world, _ = dubbed(ON, reviewAfter=["translate"])
    message = world.dubjob.status.of("translate").message or ""  # type: ignore[union-attr]
    world.change({"dubjob.dev/approve": message.partition("approve=")[2].split()[0]})
    for _ in range(20):
        if _finished(world.later(10)):
            break
        world.succeed(**({"summary": LONG} if world.created[-1] == "synthesize" else {}))
    assert world.created == [*STAGES[:4], "translate", "synthesize", "mux"]


def test_own_translation_stays_as_it_is() -> None:
    world = World()
    world.profile = profile({"parameters": ON})
    for _ in range(20):
        if _finished(world.later(10)):
            break
        stage = world.created[-1]
        ingest = {"corrected": [Stage.TRANSLATE]} if stage == "ingest" else {}
        imported = {"imported": True} if stage == "translate" else {}
        world.succeed(**({"summary": LONG} if stage == "synthesize" else {}), **ingest, **imported)
    assert world.created == STAGES


def test_retry_shortens_again() -> None:
    world, _ = dubbed(ON)
    world.change({"dubjob.dev/retry": "translate@1"})
    for _ in range(20):
        if _finished(world.later(10)) and world.created[len(ALL) :]:
            break
        if world.jobs and len(world.created) > len(ALL):
            world.succeed(**({"summary": LONG} if world.created[-1] == "synthesize" else {}))
    assert world.created[len(ALL) :] == [
        "translate",
        "synthesize",
        "translate",
        "synthesize",
        "mux",
    ]


def test_interrupted_run_still_only_shortens() -> None:
    world = World()
    world.profile = profile({"parameters": ON})
    while world.created != ALL[:6]:
        world.later(10)
        if world.created != ALL[:6]:
            world.succeed(**({"summary": LONG} if world.created[-1] == "synthesize" else {}))
    world.pod("Running")
    world.step()
    world.change(suspend=True)
    world.later(10)
    world.later(60)
    world.change(suspend=False)
    world.later(10)
    world.later(60)
    assert world.created == [*ALL[:6], "translate"]
    assert request_of(world).shorten
