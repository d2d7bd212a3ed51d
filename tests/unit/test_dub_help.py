"""The help, the completion and the usage errors of `dub`."""

from __future__ import annotations

import pytest
from one_dub import STAGES, Api, api, dubjob, run

from dubjob.commands.app import app

__all__ = ["api"]
NAMED = ("watch", "why", "logs", "get", "open", "rm", "suspend", "resume", "retry", "approve",
         "review")  # fmt: skip


def completed(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What bash is offered for the last word of the line."""
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    monkeypatch.setenv("_DUB_COMPLETE", "complete_bash")
    assert run("", monkeypatch) == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize("verb", NAMED)
def test_names_of_dubjobs_are_completed(
    verb: str, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.set(*(dubjob("Completed", name=name) for name in ("talk-pt", "other", "talk-es")))
    assert completed(f"dub {verb} ta", monkeypatch, capsys) == ["talk-es", "talk-pt"]
    assert completed(f"dub {verb} ", monkeypatch, capsys) == ["other", "talk-es", "talk-pt"]
    assert completed(f"dub -n other {verb} ", monkeypatch, capsys) == []
    assert any("/namespaces/other/dubjobs" in path for _, path in api.requests)


@pytest.mark.parametrize("verb", ["retry", "logs"])
def test_names_of_stages_are_completed(
    verb: str, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"dub {verb} talk --stage "
    assert completed(line, monkeypatch, capsys) == list(STAGES)
    assert completed(f"{line}tr", monkeypatch, capsys) == ["transcribe", "translate"]


@pytest.mark.parametrize("file", ["none", ""])
def test_without_a_cluster_nothing_is_completed(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", file)
    monkeypatch.setenv("HOME", "/none")
    assert completed("dub watch ", monkeypatch, capsys) == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_summary_is_cut_off(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("--help", monkeypatch) == 0
    _, _, listed = capsys.readouterr().out.partition("Commands:")
    assert "..." not in listed
    assert "…" not in listed
    text = " ".join(listed.split())
    for command in app.registered_commands:
        summary = (command.callback.__doc__ or "").split(".")[0] if command.callback else ""
        assert " ".join(summary.split()) in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("list -o csv", "'--output' / '-o': 'csv' is not one of 'table'"),
        ("submit a --to es --dry-run x", "'--dry-run': 'x' is not one of"),
    ],
)
def test_an_unknown_choice_is_named(
    arguments: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments, monkeypatch) == 2
    shown = capsys.readouterr().err
    assert words in shown
    assert "Value error" not in shown
