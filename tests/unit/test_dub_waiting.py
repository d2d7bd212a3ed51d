"""What the command says while it waits: after an interrupt, and if nobody answers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from followed_dubs import conditions, dub, handle
from one_dub import CORE, LOG, MISSING, Api, api, dubjob, run
from rich.console import Console

from dubjob import following
from dubjob.client import Client
from dubjob.cluster import Cluster
from dubjob.commands import progress
from dubjob.commands.session import Session
from dubjob.dub import Dub
from dubjob.errors import UnreachableError
from dubjob.handle import DubHandle
from dubjob.transfer import files
from dubjob.volume import Volume

__all__ = ["api"]
AGAIN = "dub: Interrupted. Run the same command again: it continues where it stopped.\n"
FOLLOW = "dub: Interrupted. The dub continues. To follow it, run:\n"
NEW = dub(generation=1, observedGeneration=-1)
UNSEEN = Dub({key: value for key, value in NEW.raw.items() if key != "status"})
EMPTY = Dub({**NEW.raw, "status": {}})
CHANGED = dub(generation=3, conditions=conditions("Completed", Finished="True", Complete="True"))
DONE = dub(conditions=conditions("Completed", "All done.", Finished="True", Complete="True"))
CHECK = "run `dub -n dubbing check`."


def interrupt(*_: object, **__: object) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("submit talk.mp4 --to es", AGAIN),
        ("put talk.mp4 a/b", AGAIN),
        ("open talk out --no-browser", AGAIN),
        ("get talk", "To continue where it stopped, run: dub -n dubbing get talk .\n"),
        ("get talk out --only video",
         "To continue where it stopped, run: dub -n dubbing get talk out --only video\n"),
        ("submit talk.mp4 --to es --name new --get out",
         "To continue where it stopped, run: dub -n dubbing get new out\n"),
    ],
)  # fmt: skip
def test_an_interrupted_transfer_says_how_it_continues(
    verb: str, expected: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(Volume, "get", interrupt)
    if "--name" not in verb:
        monkeypatch.setattr(files, "_upload", interrupt)
    assert run(verb, monkeypatch) == 130
    assert capsys.readouterr().err.endswith(expected)


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("watch talk", ["talk"]),
        ("submit talk.mp4 --to es,ca --watch", ["talk-es", "talk-ca"]),
        ("submit talk.mp4 --to es --get out", ["talk-es"]),
    ],
)
def test_an_interrupted_watch_says_that_the_dub_continues(
    verb: str, names: list[str], api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.set(dubjob("Running"))
    monkeypatch.setattr(DubHandle, "follow", interrupt)
    assert run(verb, monkeypatch) == 130
    lines = "".join(f"dub -n dubbing watch {name}\n" for name in names)
    assert capsys.readouterr().err.endswith(FOLLOW + lines)


def test_an_interrupted_log_says_that_the_dub_continues(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.set(dubjob("Running"))
    monkeypatch.setattr("dubjob.commands.logs.time.sleep", interrupt)
    assert run("logs talk -f", monkeypatch) == 130
    assert capsys.readouterr().err.endswith("run:\ndub -n dubbing watch talk\n")


@pytest.mark.parametrize(
    ("verb", "step", "words"),
    [
        ("rm talk --media", "dubjob.handle.DubHandle._wait_for_pods",
         "dub: Interrupted. Run the same command again. If the DubJob is deleted already, it "
         "removes the results and keeps the source.\n"),
        ("review talk -f talk.srt", "dubjob.volume.Volume.get",
         "dub: Interrupted. Nothing was approved. Run the same command again.\n"),
    ],
)  # fmt: skip
def test_an_interrupted_change_says_what_is_left(
    verb: str, step: str, words: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.set(dubjob("AwaitingReview"))
    monkeypatch.setattr(step, interrupt)
    assert run(verb, monkeypatch) == 130
    assert capsys.readouterr().err == words


@pytest.mark.parametrize("options", ["", "-o json", "-f"])
def test_a_log_that_ends_early_fails(
    options: str, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_pod(api, "talk-translate", "translate")
    api.objects[f"{CORE}/pods/talk-translate/log"] = LOG + MISSING
    assert run(f"logs talk {options}", monkeypatch) == 1
    shown = capsys.readouterr()
    assert shown.err == (
        "dub: The log of pod talk-translate ends early: the connection broke. "
        "Run the same command again.\n"
    )
    assert "mixed" in shown.out, "later stages are printed all the same"
    assert "ends early" not in shown.out


def test_a_log_that_cannot_be_read_fails(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_pod(api, "talk-translate", "translate")
    assert run("logs talk", monkeypatch) == 1
    shown = capsys.readouterr()
    assert "Log of pod talk-translate" in shown.err
    assert "mixed" in shown.out


def test_a_dub_without_logs_prints_nothing_on_standard_output(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("logs talk --stage ingest", monkeypatch) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "talk has no pods with logs: m\n")


def add_pod(api: Api, name: str, stage: str) -> None:
    """Have a pod of that stage, without a log."""
    pods = api.objects[f"{CORE}/pods"]["items"]
    metadata = {**pods[0]["metadata"], "name": name, "labels": {"dubjob.dev/stage": stage}}
    pods.append({**pods[0], "metadata": metadata})


def watched(*states: Dub) -> str:
    stream = io.StringIO()
    session = Session(errors=Console(file=stream, soft_wrap=True))
    progress.follow(session, [handle(*states)], None)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("state", "what"),
    [(NEW, "it"), (UNSEEN, "it"), (EMPTY, "it"), (CHANGED, "the last change")],
)
def test_a_dub_that_no_operator_reads_says_so_once(state: Dub, what: str) -> None:
    sentence = f"The operator has not reconciled {what} yet."
    shown = watched(state, state, state, DONE)
    assert shown.count(sentence) == 1
    assert CHECK in shown
    assert sentence not in watched(state, DONE)
    assert watched(state, DONE, state, DONE).count(sentence) == 0


def test_a_new_dub_says_what_to_do() -> None:
    assert NEW.message.endswith(CHECK)


def test_an_unreconciled_dub_is_read_again_soon() -> None:
    asked: list[int] = []

    class Answers:
        namespace = "dubbing"
        states: Iterator[Dub] = iter([NEW, dub(), DONE])

        def dubjob(self, name: str) -> Any:
            return next(self.states).raw

        def watch_dubjob(self, name: str, seconds: int) -> Iterator[Any]:
            asked.append(seconds)
            return iter(())

    list(followed(Answers()))
    assert asked == [following.UNRECONCILED_SECONDS, following.WATCH_SECONDS]


def followed(cluster: object, report: Callable[[str], None] = print) -> Iterator[Dub]:
    client = Client.__new__(Client)
    client.cluster = cast("Cluster", cluster)
    return DubHandle(client, "talk").follow(None, report)


def test_a_cluster_that_does_not_answer_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dubjob.following.time.sleep", lambda seconds: None)

    class Away:
        answers = iter([None, None, None, DONE.raw])

        def dubjob(self, name: str) -> Any:
            answer = next(self.answers)
            if answer is None:
                raise UnreachableError("The cluster at x does not answer.")
            return answer

    reports: list[str] = []
    assert [each.name for each in followed(Away(), reports.append)] == ["talk"]
    assert reports == ["The cluster at x does not answer. It is asked again for 60 seconds."]
