"""The memory of ingest and mux does not grow with the length of the source or its segments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("stage_memory.py")
MINUTES = (3, 10)
"""Lengths of two sources. Audio alone of the difference, in 16 bits, is 81 MB."""
PER_MINUTE_MIB = 0.8
"""Figures of every segment and of every second: the report, the subtitles, the curves of the page.
Three hours with 10,000 segments add 145 MiB at most."""


def peaks(folder: Path, minutes: int) -> dict[str, float]:
    """MiB, of the processes of both stages and of the largest ffmpeg."""
    found: dict[str, float] = {}
    for stage in ("prepare", "ingest", "mux"):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), stage, str(folder), str(minutes)],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        found |= json.loads(done.stdout)
    return found


@pytest.mark.timeout(300)
def test_memory_is_flat(tmp_path: Path) -> None:
    """Three times the length, with 56 segments a minute, as fast speech has."""
    short, long = (peaks(tmp_path / str(minutes), minutes) for minutes in MINUTES)
    allowed = PER_MINUTE_MIB * (MINUTES[1] - MINUTES[0])
    grown = {name: round(long[name] - short[name], 1) for name in long}
    assert all(growth <= allowed for growth in grown.values()), (short, long)
    assert max(long.values()) < 160, long
