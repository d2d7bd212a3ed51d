"""Standard output that is full, closed or no longer read: a sentence and an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from one_dub import Api, api, dubjob, run

__all__ = ["api"]
VERBS = {
    "submit talk.mp4 --to es --name new": "Completed", "list": "Completed",
    "watch talk -o json": "Completed", "why talk": "Completed", "logs talk": "Completed",
    "put talk.mp4 a/b": "Completed", "get talk out": "Completed",
    "open talk out --no-browser": "Completed", "review talk -f talk.srt -y": "AwaitingReview",
    "approve talk": "AwaitingReview", "retry talk --stage mux": "Completed",
    "suspend talk": "Running", "resume talk": "Suspended", "rm talk": "Completed",
    "cost": "Completed", "profiles": "Completed", "languages": "Completed", "models": "Completed",
    "check": "Completed", "version": "Completed", "--version": "Completed", "--help": "Completed",
    "list -h": "Completed",
}  # fmt: skip
"""Every verb, and the state of the DubJob in which it succeeds."""
COMMAND = [sys.executable, "-c", "from dubjob.commands.app import main; main()"]


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize(("verb", "state"), VERBS.items())
def test_a_full_output_fails_with_a_message(
    verb: str, state: str, form: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.set(dubjob(state, suspend=state == "Suspended"))
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        code = run(verb if verb.startswith("watch") else f"-o {form} {verb}", monkeypatch)
    shown = capsys.readouterr().err
    assert shown.endswith("dub: The output cannot be written: No space left on device.\n"), shown
    assert code == 1


def ended(arguments: str, redirection: str) -> tuple[int, str]:
    """Exit code and standard error of the command in a process of its own."""
    line = f'"$@" {arguments} {redirection}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line, "bash", *COMMAND], capture_output=True, text=True,
        check=False, env=os.environ,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", ["list", "list -o json", "--version", "-h"])
def test_a_closed_output_fails_with_a_message(arguments: str, api: Api) -> None:
    code, shown = ended(arguments, ">&-")
    assert (code, shown) == (1, "dub: The output cannot be written: standard output is closed.\n")


@pytest.mark.parametrize("redirection", [">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_without_any_stream_the_exit_code_says_it(redirection: str, api: Api) -> None:
    assert ended("list", redirection) == (1, "")


def test_a_full_disk_is_named_when_the_process_ends(api: Api) -> None:
    message = "dub: The output cannot be written: No space left on device.\n"
    assert ended("list", ">/dev/full") == (1, message)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_messages_that_cannot_be_written_are_no_failure(redirection: str, api: Api) -> None:
    assert ended("watch talk", redirection) == (0, "")


def test_an_output_that_is_no_longer_read_ends_the_command(api: Api) -> None:
    assert ended("logs talk", "| true") == (1, "")
