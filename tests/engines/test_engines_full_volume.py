"""A volume that fills up during a write: the failure is transient, and leaves no partial file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_media import DubbedSegment, make_video, run_dub, source_path

from dubstage.contract import ExitCode, MixOptions, Stage, StageRequest
from dubstage.testing import request_for, run_stage_in
from dubstage.workspace import space


@contextmanager
def small(folder: Path, kibibytes: int) -> Iterator[None]:
    """Mount a separate volume of that size at `folder`. Requires root."""
    folder.mkdir(exist_ok=True)
    size = f"size={kibibytes}k,mode=777"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def refused(folder: Path, request: StageRequest, volume: str) -> None:
    """The stage ends with a sentence, and leaves `volume` as it was."""
    before = files_in(folder / volume)
    ended = run_stage_in(folder, request)
    assert (ended.code, ended.result.reason) == (ExitCode.TEMPFAIL, "VolumeFull")
    assert "free some space" in ended.result.message
    assert files_in(folder / volume) == before


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.name != "owner.json"}


def test_ingest(tmp_path: Path) -> None:
    make_video(source_path(tmp_path))
    with small(tmp_path / "interim", 300):
        refused(tmp_path, request_for(Stage.INGEST), "interim")


def test_separate(tmp_path: Path) -> None:
    """libsndfile does not say why it could not write."""
    make_video(source_path(tmp_path))
    with small(tmp_path / "interim", 1200):
        assert run_stage_in(tmp_path, request_for(Stage.INGEST)).code == ExitCode.OK
        refused(tmp_path, request_for(Stage.SEPARATE), "interim")


@pytest.mark.parametrize(
    ("kibibytes", "is_checked"), [(300, False), (800, False), (1700, False), (1700, True)]
)
def test_mux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kibibytes: int, is_checked: bool
) -> None:
    """In the audio, in the video, in a stem, or before the first byte; with more room the next
    try succeeds."""
    if not is_checked:
        monkeypatch.setattr(space, "require_volume", lambda *_: None)
    make_video(source_path(tmp_path))
    lines = [DubbedSegment(0.5, 1.5, 0.9)]
    run_dub(tmp_path, lines)
    asked = request_for(Stage.MUX, mix=MixOptions(stems=True))
    (tmp_path / "outputs").rename(tmp_path / "earlier")
    with small(tmp_path / "outputs", kibibytes):
        refused(tmp_path, asked, "outputs")
    (tmp_path / "outputs").rmdir()
    (tmp_path / "earlier").rename(tmp_path / "outputs")
    assert run_stage_in(tmp_path, asked).code == ExitCode.OK
