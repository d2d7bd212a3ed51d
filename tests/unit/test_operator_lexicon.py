"""The glossary and doubts about the transcript, as the operator plans them."""

from __future__ import annotations

from typing import Any

import pytest
from planning_world import World, dubjob
from pydantic import ValidationError

from dubjob_operator.api.status import StageState
from dubjob_operator.planning import messages
from dubjob_operator.planning.pipeline import input_hashes
from dubstage.contract import OnDoubt, Stage, StageRequest
from dubstage.contract.summary import StageSummary

TERM: dict[str, Any] = {"term": "cluster", "translation": "clúster"}


def first_pod(**spec: Any) -> dict[str, Any]:
    world = World(**spec)
    world.step()
    pod: dict[str, Any] = world.jobs[list(world.jobs)[-1]]["spec"]["template"]["spec"]
    return pod


def first_changed(before: dict[str, Any], after: dict[str, Any]) -> Stage | None:
    old, new = input_hashes(dubjob(**before)), input_hashes(dubjob(**after))
    return next((stage for stage in Stage if old[stage] != new[stage]), None)


def test_shared_glossary_is_a_mounted_key_of_the_config_map() -> None:
    pod = first_pod(glossaryRef={"name": "series"})
    (volume,) = [each for each in pod["volumes"] if "configMap" in each]
    key = {"key": "glossary.csv", "path": "glossary.csv"}
    assert volume["configMap"] == {"name": "series", "items": [key]}
    container = pod["containers"][0]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == volume["name"]]
    request = StageRequest.model_validate_json(container["env"][0]["value"])
    assert request.shared_glossary
    assert request.shared_glossary.config_map == "series"
    assert request.shared_glossary.file == f"{mount['mountPath']}/glossary.csv"
    assert mount["readOnly"]
    assert not [each for each in first_pod()["volumes"] if "configMap" in each]


def test_pod_that_waits_names_the_config_map() -> None:
    assert "ConfigMap" not in messages.pod_not_ready("dubbing", "pod-1", "node-1")
    world = World(glossaryRef={"name": "series"})
    world.step()
    ready = {"type": "PodReadyToStartContainers", "status": "False"}
    scheduled = {"type": "PodScheduled", "status": "True"}
    world.pod("Pending", node="node-1", conditions=[scheduled, ready])
    world.later(10)
    after = world.later(120)
    entry = after.of("ingest")
    assert entry
    assert (entry.state, entry.reason) == (StageState.PULLING, "PodNotReadyToStart")
    assert "ConfigMap series (spec.glossaryRef) with the key glossary.csv" in (entry.message or "")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"glossaryRef": {"name": "series"}}, Stage.INGEST),
        ({"glossary": [TERM]}, {"glossary": [{**TERM, "hear": ["Cluster"]}]}, Stage.TRANSCRIBE),
        ({"glossary": [TERM]}, {"glossary": [{**TERM, "translation": "grupo"}]}, Stage.TRANSLATE),
        ({"glossary": [TERM]}, {"glossary": [{**TERM, "say": {"es-MX": "a"}}]}, Stage.SYNTHESIZE),
        ({"glossary": [TERM]}, {"glossary": [{**TERM, "say": {"fr": "a"}}]}, None),
        ({}, {"onDoubt": "Keep"}, Stage.TRANSCRIBE),
        ({}, {"onDoubt": "Drop"}, Stage.TRANSCRIBE),
        ({}, {"onDoubt": "Review"}, None),
    ],
)
def test_the_first_stage_that_uses_a_change_runs_again(
    before: dict[str, Any], after: dict[str, Any], expected: Stage | None
) -> None:
    assert first_changed(before, after) is expected


def test_request_has_every_field_of_an_entry() -> None:
    entry = {**TERM, "hear": ["Cluster"], "say": {"es": "/ˈkluster/"}}
    pod = first_pod(glossary=[entry], onDoubt="Drop")
    request = StageRequest.model_validate_json(pod["containers"][0]["env"][0]["value"])
    assert [each.model_dump() for each in request.glossary] == [entry]
    assert request.on_doubt is OnDoubt.DROP


@pytest.mark.parametrize(
    "entry",
    [
        {"term": "a", "say": {"not a tag": "b"}},
        {"term": "a", "say": {"es": "b\nc"}},
        {"term": "a", "hear": [""]},
        {"term": "a", "hear": ["b"] * 9},
    ],
)
def test_bad_entry_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        dubjob(glossary=[entry])


def test_texts_that_no_annotation_can_carry_are_refused() -> None:
    say = {tag: '"' * 200 for tag in ("es", "en", "fr", "de")}
    with pytest.raises(ValidationError, match="192 KiB"):
        dubjob(glossary=[{"term": str(n), "say": say} for n in range(200)])


def transcribed(summary: StageSummary, **spec: Any) -> World:
    """A dub whose transcribe stage has just ended with `summary`."""
    world = World(**spec)
    for _ in range(3):
        world.step()
        world.succeed(**({"summary": summary} if world.created[-1] == "transcribe" else {}))
    world.step()
    world.later(5)
    return world


DOUBTS = StageSummary(segments=3, doubtful_segments=2, left_out_segments=1)


@pytest.mark.parametrize(
    ("summary", "spec", "waits"),
    [
        (DOUBTS, {"onDoubt": "Review"}, True),
        (StageSummary(left_out_segments=1), {"onDoubt": "Review"}, True),
        (StageSummary(segments=3), {"onDoubt": "Review"}, False),
        (StageSummary(), {"onDoubt": "Review"}, False),
        (DOUBTS, {}, False),
        (DOUBTS, {"onDoubt": "Keep"}, False),
        (DOUBTS, {"onDoubt": "Drop"}, False),
        (StageSummary(segments=3), {"onDoubt": "Review", "reviewAfter": ["transcribe"]}, True),
    ],
)
def test_doubts_stop_for_a_review_only_if_asked_for(
    summary: StageSummary, spec: dict[str, Any], waits: bool
) -> None:
    world = transcribed(summary, **spec)
    entry = world.dubjob.status.of("transcribe")
    assert entry
    assert (entry.state is StageState.AWAITING_REVIEW) == waits
    assert (world.created[-1] == "transcribe") == waits


def test_review_names_the_doubts_and_goes_on_after_the_approval() -> None:
    world = transcribed(DOUBTS, onDoubt="Review")
    message = world.dubjob.status.of("transcribe").message  # type: ignore[union-attr]
    assert message.startswith(  # type: ignore[union-attr]
        "The recognizer may have invented segments (2 doubtful, 1 left out), and spec.onDoubt is "
        "Review. Review outputs/talk/text/src_transcript.json."
    )
    token = message.partition("approve=")[2].split()[0]  # type: ignore[union-attr]
    world.change({"dubjob.dev/approve": token})
    world.step()
    world.step()
    assert world.created[-1] == "transcribe"
    world.succeed(summary=DOUBTS)
    world.step()
    world.later(5)
    assert world.created[-1] == "translate", "the doubts were approved"


def test_invalid_correction_after_a_doubt_returns_to_the_review() -> None:
    world = transcribed(DOUBTS, onDoubt="Review")
    message = world.dubjob.status.of("transcribe").message or ""  # type: ignore[union-attr]
    world.change({"dubjob.dev/approve": message.partition("approve=")[2].split()[0]})
    world.step()
    world.step()
    world.pod("Failed", 65, message='{"stage":"transcribe","reason":"BadCorrection"}')
    world.fail("PodFailurePolicy")
    world.step()
    for _ in range(3):
        after = world.later(60)
        entry = after.of("transcribe")
        assert entry
        assert entry.state is StageState.AWAITING_REVIEW
    assert world.created.count("transcribe") == 2
