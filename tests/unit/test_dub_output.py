"""What the command prints: tables that can be copied, and what a dub waits for."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from followed_dubs import conditions, dub_in_stages, handle
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from dubjob.client import Client
from dubjob.commands import progress
from dubjob.commands.app import app
from dubjob.commands.progress import transfer_bars
from dubjob.commands.session import Format, Session
from dubjob.commands.table import lines
from dubjob.dub import Dub
from dubjob.handle import DubHandle
from dubjob_operator.planning.messages import await_review

LONG = "a-name-that-is-longer-than-most-terminals-are-wide-and-still-has-to-be-pasted-as-a-whole"
ROW = {"name": LONG, "state": "Complete", "what to do": "word " * 60 + "end"}


def printed(rows: list[dict[str, Any]], **form: Any) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True, **form
    )
    Session(console=console).show(["name", "state", "what to do"], rows)
    return stream.getvalue()


def test_off_a_terminal_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    text = printed([ROW, {"name": "b", "state": None}])
    assert "\x1b" not in text
    assert [line.split()[0] for line in text.splitlines()] == ["NAME", LONG, "b"]
    assert text.splitlines()[1].endswith("word end")
    assert text.splitlines()[2].split() == ["b", "-", "-"]
    assert all(line == line.rstrip() for line in text.splitlines())


def test_on_a_terminal_only_the_last_column_wraps() -> None:
    text = printed([ROW], force_terminal=True, color_system=None, width=130)
    first, *others = text.splitlines()[1:]
    assert first.startswith(f"{LONG}  Complete  word")
    assert others
    assert all(len(line) <= 130 for line in (first, *others))
    narrow = printed([ROW], force_terminal=True, color_system=None, width=40)
    assert len(narrow.splitlines()) == 2, "a terminal breaks the line, and copies it whole"


def test_columns_align_by_the_cells_that_characters_take() -> None:
    header, wide, narrow = lines(["name", "state"], [["会议", "x"], ["ab", "y"]])
    assert (header, wide, narrow) == ("NAME  STATE", "会议  x", "ab    y")


RESUME = "`dub -n dubbing resume a-talk-about-kubernetes-es`"


@pytest.mark.parametrize("width", range(30, 120, 7))
@pytest.mark.parametrize(
    "whole",
    [
        "a-talk-about-kubernetes-es",
        RESUME,
        "`kubectl -n dubjob-system describe deployment dubjob-operator`",
        "/models/whisper-large-v3",
    ],
)
def test_names_and_commands_are_not_broken(whole: str, width: int) -> None:
    text = f"It is suspended. To continue it, run {whole}, or delete it: well-known — words."
    _, *rows = lines(["ok", "what to do"], [["✗", text]], width)
    assert sum(whole in row for row in rows) == 1
    assert " ".join(row[2:].strip() for row in rows) == text
    assert all(len(row) <= width for row in rows if whole not in row)


@pytest.mark.parametrize("text", ["会议" * 40, "会议 " * 40, f"会议：{RESUME}" + "会议" * 40])
def test_last_column_wraps_by_cells(text: str) -> None:
    _, *rows = lines(["ok", "what to do"], [["✗", text]], 57)
    assert len(rows) > 1
    assert all(cell_len(row) <= 57 for row in rows)
    assert "".join(row[2:].strip() for row in rows).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["[red]x[/red]", "[/b]", ":smile:", "registry:tv:1"])
def test_texts_of_others_are_printed_as_they_are(text: str) -> None:
    assert text in printed([{"name": text}])
    stream = io.StringIO()
    with transfer_bars(Console(file=stream, force_terminal=True, width=200)) as report:
        report(text, 1, 2)
    assert text in stream.getvalue()


def test_the_names_of_a_list_of_all_namespaces_are_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"namespace": "dubbing", "name": "talk"}]
    Session(format=Format.NAME).show(["namespace", "name"], rows, name="name")
    assert capsys.readouterr().out == "talk\n"


def watched(*states: Dub) -> list[str]:
    stream = io.StringIO()
    session = Session(errors=Console(file=stream, soft_wrap=True))
    progress.follow(session, [handle(*states)], None)
    return stream.getvalue().splitlines()


def dub(
    reason: str, message: str, /, *, stage: str = "translate", generation: int = 2, **entry: Any
) -> Dub:
    """A DubJob in that stage, whose message is the DubJob's."""
    entry = {"name": stage, "message": message, **entry}
    return dub_in_stages(reason, message, entry, generation=generation, stage=stage)


DONE = dub("Completed", "All stages have succeeded.", state="Succeeded")
SUSPENDED = dub("Suspended", "spec.suspend is true.", state="Pending", reason="Suspended")


def test_a_suspended_dub_says_so_once_and_how_it_goes_on() -> None:
    assert watched(SUSPENDED, SUSPENDED, DONE) == [
        "translate   Pending: spec.suspend is true.",
        "To continue it, run: dub -n dubbing resume talk",
        "translate   Succeeded: All stages have succeeded.",
    ]


def test_a_dub_that_is_suspended_again_says_so_again() -> None:
    running = dub("Running", "It runs.", state="Running")
    assert sum("resume" in line for line in watched(SUSPENDED, running, SUSPENDED, DONE)) == 2


@pytest.mark.parametrize(("stage", "verb"), [("translate", "review"), ("synthesize", "approve")])
def test_a_dub_that_awaits_a_review_says_how_it_goes_on(stage: str, verb: str) -> None:
    """Once, and with the command of `dub`: not with that of kubectl."""
    found = dub("AwaitingReview", "Review it. To approve it, run: kubectl annotate", stage=stage,
                state="AwaitingReview")  # fmt: skip
    assert watched(found) == [
        f"{stage:<11} AwaitingReview: Review it.",
        f"To continue it, run: dub -n dubbing {verb} talk",
    ]


@pytest.mark.parametrize(
    ("state", "reason"),
    [("Pending", "QuotaExceeded"), ("Pending", "ClaimNotFound"), ("Queued", "AwaitingAdmission")],
)
def test_a_stage_that_waits_says_for_what(state: str, reason: str) -> None:
    waiting = dub(reason, "The Job waits for admission.", state=state, reason=reason)
    assert watched(waiting, DONE)[0] == f"translate   {state}: The Job waits for admission."


PENDING = {"name": "ingest", "state": "Pending"}
FAILED = {"name": "ingest", "state": "Failed"}


def test_a_failure_is_said_once() -> None:
    detail = "inputs/talk/source.mp4 has no audio stream."
    entry = {**FAILED, "message": detail}
    failed = dub_in_stages("NoAudioStream", f"The ingest stage failed: {detail}", entry)
    failed.raw["status"]["conditions"][0]["status"] = "True"
    assert watched(failed) == [f"ingest      Failed: {detail}"]


def test_a_failure_that_no_stage_reports_is_said() -> None:
    failed = dub_in_stages("ProfileNotFound", "There is no profile.", PENDING)
    assert watched(failed)[-1] == "There is no profile."


COMPLETE = dub_in_stages("Completed", "Done.", {"name": "mux", "state": "Succeeded"})
COMPLETE.raw["status"]["conditions"] += conditions("Completed", Complete="True")


def explained(found: Dub, *events: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What `dub why` prints for a DubJob with these warnings, each a reason and a message."""
    warnings = [SimpleNamespace(type="Warning", reason=one, message=other) for one, other in events]
    cluster = SimpleNamespace(dubjob=lambda _: found.raw, events=lambda _: warnings)
    client = SimpleNamespace(cluster=cluster)
    client.dub = lambda name: DubHandle(cast("Client", client), name)
    monkeypatch.setattr("dubjob.commands.session.Client", lambda *_, **__: client)
    done = CliRunner().invoke(app, ["why", "talk"])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_why_says_a_failure_once(monkeypatch: pytest.MonkeyPatch) -> None:
    detail = "inputs/talk/source.mp4 has no audio stream."
    message = f"The ingest stage failed: {detail}"
    text = explained(
        dub_in_stages("NoAudioStream", message, {**FAILED, "message": detail}),
        ("NoAudioStream", message), ("NoAudioStream", detail), ("ClaimPending", "It is pending."),
        ("ClaimPending", "It is pending."), monkeypatch=monkeypatch,
    )  # fmt: skip
    assert text.count("has no audio stream.") == 1
    assert text.count("It is pending.") == 1
    without = explained(
        dub_in_stages("NoAudioStream", message, FAILED), ("NoAudioStream", message),
        monkeypatch=monkeypatch,
    )  # fmt: skip
    assert "Warnings" not in without


@pytest.mark.parametrize(
    ("found", "action"),
    [
        (dub("Suspended", "It is.", state="Pending"), "run: dub -n dubbing resume talk"),
        (dub("AwaitingReview", await_review("a", None, "kubectl annotate"), state="AwaitingReview"),
         "run: dub -n dubbing review talk"),
        (COMPLETE, "run: dub -n dubbing get talk"),
    ],
)  # fmt: skip
def test_why_names_the_command_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, found: Dub, action: str
) -> None:
    text = explained(found, monkeypatch=monkeypatch)
    (line,) = [line for line in text.splitlines() if line.startswith("Action:")]
    assert line.endswith(action)
    assert "kubectl" not in text


def test_a_status_from_before_a_change_says_nothing_about_what_to_do() -> None:
    before = dub("Suspended", "It is.", generation=3, state="Pending", reason="Suspended")
    assert not any("resume" in line for line in watched(before, DONE))
