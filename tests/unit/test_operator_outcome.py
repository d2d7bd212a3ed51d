"""The summary and the outputs in the status: where they come from, and when they go."""

from __future__ import annotations

from planning_world import World

from dubjob_operator import names
from dubstage.contract import Stage
from dubstage.contract.summary import DubSummary, Output, StageSummary

VIDEO = Output(
    name="video",
    path="talk/vid/dub.mp4",
    size_bytes=9,
    sha256="ab",
    media_type="video/mp4",
)
MEASURED = {
    "ingest": StageSummary(duration_milliseconds=30_000, audio_tracks=1),
    "transcribe": StageSummary(segments=6, speakers=2, words=40),
    "synthesize": StageSummary(segments=6, speakers=2, reused_clips=0),
    "mux": StageSummary(segments=6, spoken_segments=5, max_speed_percent=121, peak_limited=False),
}
WHOLE = DubSummary(
    duration_milliseconds=30_000, speakers=2, segments=6, spoken_segments=5, max_speed_percent=121
)


def ended(world: World, stage: str) -> None:
    """The stage that was started last succeeds, and reports what it measured."""
    world.step()
    assert world.created[-1] == stage
    found = {"summary": MEASURED[stage]} if stage in MEASURED else {}
    world.succeed(**found, **({"outputs": [VIDEO]} if stage == "mux" else {}))


def dubbed(*stages: str) -> World:
    world = World()
    for stage in stages or [str(stage) for stage in Stage]:
        ended(world, stage)
    world.step()
    return world


def test_status_has_what_the_stages_measured() -> None:
    status = dubbed().dubjob.status
    assert {entry.name: entry.summary for entry in status.stages if entry.summary} == MEASURED
    assert status.summary == WHOLE
    assert status.outputs == [VIDEO]


def test_summary_grows_with_the_stages_and_outputs_come_at_the_end() -> None:
    status = dubbed("ingest", "separate", "transcribe").dubjob.status
    assert status.summary == DubSummary(duration_milliseconds=30_000, segments=6, speakers=2)
    assert status.outputs is None


def test_outputs_outlive_their_pod_until_the_next_run() -> None:
    world = dubbed()
    world.jobs.clear()
    world.pods.clear()
    assert world.later(3600).outputs == [VIDEO]
    world.change(annotations={names.RETRY_ANNOTATION: "mux-1"}, mix={"loudness": -16})
    status = world.step()
    assert status.outputs is None
    assert status.summary == DubSummary(duration_milliseconds=30_000, segments=6, speakers=2)


def test_reused_stages_report_what_they_measured_when_they_ran() -> None:
    world = World()
    world.step()
    world.succeed(
        summary=MEASURED["ingest"],
        reusable=list(Stage)[1:],
        reusable_summaries={Stage(name): found for name, found in MEASURED.items()},
        outputs=[VIDEO],
    )
    status = world.step()
    assert [entry.reused for entry in status.stages] == [None] + [True] * 5
    assert {entry.name: entry.summary for entry in status.stages if entry.summary} == MEASURED
    assert status.summary == WHOLE
    assert status.outputs == [VIDEO]
    world.jobs.clear()
    world.pods.clear()
    assert world.later(60) == status


def test_result_without_measures_leaves_no_empty_fields() -> None:
    status = World().finish()
    assert (status.summary, status.outputs) == (None, None)
    assert [entry.summary for entry in status.stages] == [None] * 6
