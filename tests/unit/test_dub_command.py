"""The command `dub`, as far as it needs no cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from followed_dubs import conditions, dub
from typer.testing import CliRunner

from dubjob.client import Client, name_of
from dubjob.cluster import Cluster
from dubjob.commands import session as session_module
from dubjob.commands.app import app, global_options_first
from dubjob.commands.cost import active_seconds, sums
from dubjob.commands.logs import readable
from dubjob.dub import Dub
from dubjob.errors import DubError, ExitStatus, UsageError
from dubjob.side_by_side import correction, sheet
from dubjob.troubleshooting import advice
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState, StageStatus

SEGMENTS = [
    {"segment_id": "segment_0001", "start": 1.0, "end": 2.5, "speaker": "A", "text": "Hello.",
     "translation": "Hola.", "word_ids": ["w"]},
    {"segment_id": "segment_0002", "start": 3661.25, "end": 3663.0, "speaker": "B", "text": "Bye.",
     "translation": None},
]  # fmt: skip


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    file = tmp_path / "trg_transcript.json"
    file.write_text(json.dumps(SEGMENTS))
    return file


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["list", "-n", "a", "-o", "json"], ["-n", "a", "-o", "json", "list"]),
        (["list", "--namespace=a"], ["--namespace=a", "list"]),
        (["get", "x", "--only", "video"], ["get", "x", "--only", "video"]),
        (["put", "--", "-n", "a"], ["put", "--", "-n", "a"]),
        (["--output", "json", "list"], ["--output", "json", "list"]),
    ],
)
def test_global_options_can_be_anywhere(given: list[str], expected: list[str]) -> None:
    assert global_options_first(given) == expected


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Talk (final).MP4", "talk-final"),
        ("ünïcode ñame.mov", "n-code-ame"),
        ("a" * 80 + ".mkv", "a" * 40),
        ("2026-01-02 Interview.wav", "2026-01-02-interview"),
    ],
)
def test_a_file_gives_its_dub_a_name(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


def test_a_file_without_letters_needs_a_name() -> None:
    with pytest.raises(UsageError, match="--name"):
        name_of(Path("会议.mp4"))


def test_an_unchanged_sheet_gives_the_same_segments(transcript: Path) -> None:
    text = sheet(transcript, translated=True)
    assert json.loads(correction(text, transcript, translated=True)) == [
        {"segment_id": "segment_0001", "start": 1.0, "end": 2.5, "speaker": "A",
         "translation": "Hola."}
    ]  # fmt: skip


def test_a_sheet_of_a_transcript_corrects_the_text(transcript: Path) -> None:
    text = sheet(transcript, translated=False).replace("> Bye.", "> Goodbye.")
    found = json.loads(correction(text, transcript, translated=False))
    assert [each["text"] for each in found] == ["Hello.", "Goodbye."]
    assert found[1]["speaker"] == "B"


def test_a_corrected_sheet_has_the_new_texts(transcript: Path) -> None:
    text = sheet(transcript, translated=True).replace("> Hola.", "> ¡Hola!\n> Buenas.")
    text = text.rstrip()[:-1] + "> Adiós."
    found = json.loads(correction(text, transcript, translated=True))
    assert [each["translation"] for each in found] == ["¡Hola! Buenas.", "Adiós."]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[segment_0002]", "[segment_0009]", "no segment segment_0009"),
        ("[segment_0002]", "[segment_0001]", "twice"),
        ("[segment_0001]", "", "segment_0001 is missing"),
        ("> Hola.", ">", "nothing would be dubbed"),
    ],
)
def test_a_damaged_sheet_is_explained(transcript: Path, old: str, new: str, message: str) -> None:
    text = sheet(transcript, translated=True)
    with pytest.raises(UsageError, match=message):
        correction(text.replace(old, new), transcript, translated=True)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (dub(conditions=conditions("Completed", Finished="True", Complete="True")), 0),
        (dub(conditions=conditions("NoSpeech", Finished="True", Complete="False")), 1),
        (dub(conditions=conditions("AwaitingReview", Finished="False")), 4),
        (dub(conditions=conditions("Running", Finished="False")), 3),
        (
            dub(observedGeneration=1, conditions=conditions("NoSpeech", Finished="True")),
            3,
        ),
    ],
)
def test_the_exit_code_is_that_of_the_state(found: Dub, status: int) -> None:
    assert found.exit_status is ExitStatus(status)


def test_a_status_from_before_a_retry_does_not_count() -> None:
    complete = conditions("Completed", Finished="True", Complete="True")
    found = dub(conditions=complete, lastHandledRetry="mux@1")
    found.raw["metadata"]["annotations"] = {"dubjob.dev/retry": "mux@2"}
    assert not found.is_finished


def test_an_approval_names_run_and_object() -> None:
    found = dub(
        stage="translate",
        conditions=conditions("AwaitingReview", Finished="False"),
        stages=[{"name": "translate", "state": "AwaitingReview", "run": 3}],
    )
    assert found.approval == "translate.3.abcdef"
    with pytest.raises(DubError, match="awaits no review"):
        _ = dub(conditions=conditions("Running", Finished="False")).approval


def test_advice_comes_from_the_documentation() -> None:
    known = advice("SourceTruncated")
    assert known is not None
    assert "complete file" in known.action
    assert advice("NoSuchReason") is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            '{"time": "2026-01-02T03:04:05Z", "level": "info", "stage": "mux", "jobID": "t", '
            '"message": "probe: 0.1 s", "step": "probe", "seconds": 0.1}',
            "03:04:05 probe: 0.1 s",
        ),
        ('{"level": "error", "message": "broken"}', "ERROR broken"),
        ("plain text", "plain text"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_line_of_the_log_is_readable(line: str, text: str) -> None:
    assert readable(line) == text


def test_cost_counts_earlier_pods_and_the_latest() -> None:
    stage = StageStatus(
        name="mux",
        state=StageState.SUCCEEDED,
        active_seconds=100,
        start_time="2026-01-01T00:00:10Z",
        completion_time="2026-01-01T00:00:40Z",
    )
    assert active_seconds(stage) == 130.0
    assert active_seconds(stage.model_copy(update={"completion_time": None})) == 100.0


def costly(name: str, namespace: str, **profile: Any) -> Dub:
    """A dub of 100 seconds of separate, 10 of them in an earlier pod."""
    stage = {
        "name": "separate", "state": "Succeeded", "activeSeconds": 10,
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:30Z",
    }  # fmt: skip
    return dub(
        name=name, namespace=namespace, labels={"team": "media"}, stages=[stage],
        spec={"profileRef": {"name": "gpu", **profile}},
    )  # fmt: skip


def limited(limits: dict[str, str]) -> DubProfile:
    stages = {"separate": {"engine": "demucs", "image": "i", "resources": {"limits": limits}}}
    return DubProfile.model_validate({"metadata": {"name": "gpu"}, "spec": {"stages": stages}})


@pytest.mark.parametrize(
    ("limits", "gpu_seconds"),
    [
        ({"nvidia.com/gpu": "2"}, 200.0),
        ({"nvidia.com/gpu.shared": "1"}, 100.0),
        ({"nvidia.com/mig-1g.5gb": "1"}, 100.0),
        ({"amd.com/gpu": "1", "rdma/hca": "1"}, 100.0),
        ({"gpu.intel.com/i915": "1"}, 100.0),
        ({"rdma/hca": "1", "smarter-devices/fuse": "1", "example.com/licenses": "1"}, 0.0),
        ({"cpu": "500m", "memory": "4Gi", "hugepages-2Mi": "4Mi"}, 0.0),
    ],
)
def test_only_gpus_count_as_gpu_time(limits: dict[str, str], gpu_seconds: float) -> None:
    (total,) = sums([costly("talk", "a")], lambda _: limited(limits), {}, "dub")
    assert (total.seconds, total.gpu_seconds, total.price) == (100.0, gpu_seconds, 0.0)


def test_costs_of_stages_are_in_the_order_of_the_stages() -> None:
    names = ["separate", "mux", "a-newer-stage", "ingest", "translate"]
    stages = [{"name": name, "state": "Succeeded"} for name in names]
    totals = sums([dub(stages=stages)], lambda _: None, {}, "stage")
    assert [total.group for total in totals] == [
        "ingest", "separate", "translate", "mux", "a-newer-stage"
    ]  # fmt: skip


def test_every_resource_that_has_a_price_is_priced() -> None:
    profile = limited({"nvidia.com/gpu": "2", "cpu": "500m", "rdma/hca": "1"})
    prices = {"nvidia.com/gpu": 36.0, "cpu": 7.2}
    (total,) = sums([costly("talk", "a")], lambda _: profile, prices, "team")
    assert (total.group, total.namespace) == ("media", None)
    assert total.price == pytest.approx(2.0 + 0.1)


def test_dubs_of_two_namespaces_stay_apart_and_use_their_own_profiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dubs = [costly("talk", "b"), costly("talk", "a"), costly("talk", "a", kind="ClusterDubProfile")]
    stored = {("a", "gpu"): "1", ("b", "gpu"): "4", ("", "gpu"): "2"}
    asked: list[tuple[str, str]] = []

    class Custom:
        def get_namespaced_custom_object(self, *path: str, **_: Any) -> dict[str, Any]:
            asked.append((path[2], path[4]))
            return self.found(asked[-1])

        def get_cluster_custom_object(self, *path: str, **_: Any) -> dict[str, Any]:
            asked.append(("", path[3]))
            return self.found(asked[-1])

        def found(self, key: tuple[str, str]) -> dict[str, Any]:
            found = limited({"nvidia.com/gpu": stored[key]})
            return found.model_dump(mode="json", by_alias=True, exclude_none=True)

    class SomeClient(Client):
        def __init__(self, *_: Any, **__: Any) -> None:
            self.cluster = Cluster.__new__(Cluster)
            self.cluster.namespace = "c"
            self.cluster.custom = cast("Any", Custom())

        def dubs(self, *, selector: str | None = None, everywhere: bool = False) -> list[Dub]:
            return dubs

    monkeypatch.setattr(session_module, "Client", SomeClient)
    answer = CliRunner().invoke(app, ["-o", "json", "cost", "-A"], catch_exceptions=False)
    assert json.loads(answer.stdout) == [
        {"namespace": "a", "dub": "talk", "seconds": 200.0, "gpuSeconds": 300.0},
        {"namespace": "b", "dub": "talk", "seconds": 100.0, "gpuSeconds": 400.0},
    ]
    assert sorted(asked) == [("", "gpu"), ("a", "gpu"), ("b", "gpu")]
