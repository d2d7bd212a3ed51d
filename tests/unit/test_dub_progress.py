"""What `dub submit --watch` shows on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from followed_dubs import dub_in_stages, handle
from rich.console import Console
from terminal import Screen

from dubjob.commands.progress import follow
from dubjob.commands.session import Session
from dubjob.dub import Dub

INGESTED = "30.8 s of video, 1 audio track"
RUNNING = (
    "transcribe is running: the model is being loaded and the audio is read for the first time."
)


def screen_of(columns: int, *dubs: Dub) -> list[str]:
    """The rows that are on a terminal of a width in the end."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=columns, legacy_windows=False)
    follow(Session(errors=console), [handle(*dubs)], None)
    screen = Screen(columns)
    screen.write(output.getvalue().replace("\n", "\r\n"))
    return ["".join(char for char, _ in cells).rstrip() for cells in screen.cells]


@pytest.mark.parametrize("columns", [80, 96, 200])
def test_a_long_message_leaves_names_bars_and_figures(columns: int) -> None:
    finished = {"name": "ingest", "state": "Succeeded", "message": INGESTED,
                "elapsedMilliseconds": 1200}  # fmt: skip
    running = {"name": "transcribe", "state": "Running", "progress": 40}
    found = dub_in_stages(
        "Running", RUNNING, finished, running, stage="transcribe", display={"remaining": "1m13s"}
    )
    rows = screen_of(columns, found)
    assert rows[0].startswith("ingest     ━━━━━━━━━━━━━━━━ 100% Succeeded in 1.2 s: 30.8 s of")
    (row,) = [row for row in rows[:-1] if row.startswith("transcribe ━")]
    assert re.match(r"transcribe ━{6}.{10}  40% 1m13s left\. transcribe is running", row)
    assert " ".join(" ".join(rows).split()).endswith(f"1m13s left. {RUNNING} {RUNNING}")


def test_the_time_left_stays_until_it_changes() -> None:
    """The message of a running stage does not change between two states of the terminal."""
    running = {"name": "mux", "state": "Running", "progress": 40}
    found = dub_in_stages("Running", RUNNING, running, stage="mux", display={"remaining": "9s"})
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=120, legacy_windows=False)
    follow(Session(errors=console), [handle(found, found, found)], None)
    drawn = output.getvalue()
    assert drawn.count("40%") == drawn.count("9s left") > 2
