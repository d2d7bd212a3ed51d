"""`dub suspend`, `resume`, `retry` and `rm`: what they refuse, and what they go on with."""

from __future__ import annotations

import sys
from typing import Any, cast

import pytest
from followed_dubs import conditions, dub

from dubjob.changes import refuse_retry, refuse_suspension
from dubjob.client import Client
from dubjob.cluster import Cluster
from dubjob.commands import app
from dubjob.commands import session as session_module
from dubjob.dub import Dub
from dubjob.errors import DubError, ForbiddenError, NotFoundError, UnreachableError
from dubjob.handle import DubHandle
from dubjob.media import Removal
from dubjob_operator.planning.verbs import STAGES


def in_state(reason: str, *stages: str, finished: bool, suspend: bool = False) -> Dub:
    """A DubJob whose stages have these states, in their order."""
    complete = reason == "Completed"
    return dub(
        spec={"suspend": suspend},
        conditions=conditions(reason, "m", Finished=str(finished), Complete=str(complete)),
        stages=[
            {"name": name, "state": state} for name, state in zip(STAGES, stages, strict=False)
        ],
    )


COMPLETE = in_state("Completed", *["Succeeded"] * 6, finished=True)
FAILED = in_state("NoSpeech", "Succeeded", "Succeeded", "Failed", *["Pending"] * 3, finished=True)
RUNNING = in_state("Running", "Running", *["Pending"] * 5, finished=False)
SUSPENDED = in_state("Suspended", *["Pending"] * 6, finished=False, suspend=True)
SUSPENDED_LATE = in_state("Completed", *["Succeeded"] * 6, finished=True, suspend=True)
NEW = dub(observedGeneration=-1)
CHANGED = dub(generation=3, stages=[{"name": "mux", "state": "Succeeded"}])


@pytest.mark.parametrize(
    ("found", "suspended", "words"),
    [
        (RUNNING, True, None),
        (SUSPENDED, True, None),
        (NEW, True, None),
        (COMPLETE, True, "DubJob talk is complete: there is nothing to suspend."),
        (FAILED, True, r"DubJob talk has failed \(NoSpeech\): there is nothing to suspend."),
        (SUSPENDED, False, None),
        (SUSPENDED_LATE, False, None),
        (RUNNING, False, "DubJob talk is not suspended: its state is Running."),
        (COMPLETE, False, "DubJob talk is not suspended: its state is Completed."),
    ],
)
def test_nothing_to_suspend_or_to_resume_is_refused(
    found: Dub, suspended: bool, words: str | None
) -> None:
    if words is None:
        refuse_suspension(found, suspended)
    else:
        with pytest.raises(DubError, match=words):
            refuse_suspension(found, suspended)


@pytest.mark.parametrize(
    ("found", "stage", "words"),
    [
        (FAILED, "failed", None),
        (FAILED, "transcribe", None),
        (FAILED, "ingest", None),
        (RUNNING, "failed", None),
        (RUNNING, "mux", None),
        (COMPLETE, "mux", None),
        (CHANGED, "failed", None),
        (COMPLETE, "failed", "is complete: no stage has failed.*retry talk --stage mux"),
        (FAILED, "mux", r"has failed \(NoSpeech\): transcribe, which runs before mux"),
        (NEW, "failed", "no stage to run again: The operator has not reconciled it"),
        (NEW, "mux", "no stage to run again"),
        (COMPLETE, "nope", "'nope' is no stage"),
    ],
)
def test_a_retry_without_effect_is_refused(found: Dub, stage: str, words: str | None) -> None:
    if words is None:
        refuse_retry(found, stage)
    else:
        with pytest.raises(DubError, match=words):
            refuse_retry(found, stage)


class Requests:
    """A cluster with one DubJob. It keeps the patches."""

    namespace = "dubbing"

    def __init__(self, found: Dub) -> None:
        self.found = found
        self.patches: list[Any] = []

    def dubjob(self, name: str) -> Any:
        return self.found.raw

    def patch_dubjob(self, name: str, patch: Any) -> None:
        self.patches.append(patch)


@pytest.mark.parametrize(("found", "changes"), [(COMPLETE, 0), (RUNNING, 1)])
@pytest.mark.parametrize("change", [DubHandle.suspend, DubHandle.retry])
def test_a_refused_change_is_not_requested(found: Dub, changes: int, change: Any) -> None:
    client = Client.__new__(Client)
    requests = Requests(found)
    client.cluster = cast("Cluster", requests)
    try:
        change(DubHandle(client, "talk"))
    except DubError:
        assert changes == 0
    assert len(requests.patches) == changes


class Removing:
    """A handle of a DubJob that is deleted, or not."""

    deleted: list[str]
    answers: dict[str, DubError]

    def __init__(self, name: str) -> None:
        self.name = name

    def delete(self, *, media: bool = False) -> Removal:
        if self.name in self.answers:
            raise self.answers[self.name]
        self.deleted.append(self.name)
        return Removal()


def remove(
    arguments: list[str], answers: dict[str, DubError], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[str]]:
    """Exit code of `dub rm`, and what it deleted."""
    monkeypatch.setattr(Removing, "deleted", [], raising=False)
    monkeypatch.setattr(Removing, "answers", answers, raising=False)

    class SomeClient(Client):
        namespace = "dubbing"

        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def dub(self, name: str) -> DubHandle:
            return cast("DubHandle", Removing(name))

    monkeypatch.setattr(session_module, "Client", SomeClient)
    monkeypatch.setattr(sys, "argv", ["dub", "rm", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0), Removing.deleted


def test_rm_deletes_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"nope": NotFoundError("DubJob nope does not exist."),
               "kept": ForbiddenError("DubJob kept: no.")}  # fmt: skip
    code, deleted = remove(["a", "nope", "kept", "b"], answers, monkeypatch)
    assert (code, deleted) == (1, ["a", "b"])
    shown = capsys.readouterr()
    assert shown.err == "dub: DubJob nope does not exist.\ndub: DubJob kept: no.\n"
    assert [line.partition(".")[0] for line in shown.out.splitlines()] == ["a deleted", "b deleted"]
    assert remove(["a", "b"], {}, monkeypatch) == (0, ["a", "b"])


def test_rm_deletes_nothing_if_a_name_is_invalid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remove(["a", "B/c"], {}, monkeypatch) == (2, [])
    assert "'B/c' is no name of a DubJob" in capsys.readouterr().err


def test_rm_stops_if_the_cluster_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, DubError] = {"b": UnreachableError("away")}
    assert remove(["a", "b", "c"], answers, monkeypatch) == (1, ["a"])
