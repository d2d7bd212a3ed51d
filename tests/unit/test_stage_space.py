"""A source that is too long for the scratch space or the volume is refused with figures."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_media import DubbedSegment, make_video, run_dub, source_path

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.testing import request_for, run_stage_in
from dubstage.workspace.layout import Artifact, Roots
from dubstage.workspace.space import require_scratch, require_volume

HOUR = 3600.0


@pytest.mark.parametrize(
    ("hours", "limit", "says"),
    [
        (2.0, 2 << 30, None),
        (2.5, 2 << 30, None),
        (4.0, 2 << 30, "3.0 GiB of scratch space for 4 h 00 min of audio"),
        (4.0, 4 << 30, None),
        (40.0, None, None),
        (0.01, 1 << 20, "set it to 2Gi"),
    ],
)
def test_scratch_space(hours: float, limit: int | None, says: str | None) -> None:
    request = request_for(Stage.MUX, scratch_bytes=limit)
    if says is None:
        require_scratch(request, hours * HOUR)
        return
    with pytest.raises(Misconfigured, match=says) as caught:
        require_scratch(request, hours * HOUR)
    assert caught.value.reason == "ScratchFull"
    assert "spec.scratchSizeLimit" in str(caught.value)


def test_stages_ask_for_space_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ingest asks for the scratch space that mux will need, before a GPU is requested."""
    make_video(source_path(tmp_path))
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST, scratch_bytes=1 << 20))
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "ScratchFull")
    run_dub(tmp_path, [DubbedSegment(0.5, 1.5, 0.9)])
    tree = ended.tree
    tree.path(Artifact.REPORT).unlink()
    again = run_stage_in(tmp_path, request_for(Stage.MUX, scratch_bytes=1 << 20))
    assert (again.code, again.result.reason) == (ExitCode.CONFIG, "ScratchFull")
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=1, f_frsize=4096))
    again = run_stage_in(tmp_path, request_for(Stage.MUX))
    assert (again.code, again.result.reason) == (ExitCode.TEMPFAIL, "VolumeFull")
    assert not tree.path(Artifact.REPORT).exists()


@pytest.mark.parametrize(("free", "is_enough"), [(3 << 30, True), (1 << 30, False)])
def test_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, is_enough: bool
) -> None:
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=free // 4096, f_frsize=4096)
    )
    roots = Roots(tmp_path, tmp_path, tmp_path / "outputs", tmp_path)
    request = request_for(Stage.MUX)
    if is_enough:
        require_volume(roots, request, HOUR, 1 << 30)
        return
    with pytest.raises(TemporaryFailure, match=r"1\.8 GiB .* 1\.0 GiB are free"):
        require_volume(roots, request, HOUR, 1 << 30)


def test_dub_in_surround_needs_more_of_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=(3 << 30) // 4096, f_frsize=4096)
    )
    roots = Roots(tmp_path, tmp_path, tmp_path / "outputs", tmp_path)
    choice = EngineChoice(engine="ffmpeg", parameters={"surround": True})
    request = request_for(Stage.MUX, engines={Stage.MUX: choice})
    with pytest.raises(TemporaryFailure, match=r"3\.9 GiB .* 3\.0 GiB are free"):
        require_volume(roots, request, HOUR, 1 << 30)
