"""Ingest on generated media."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from made_media import RATE, SECONDS, make_video, source_path

from dubstage.contract import ExitCode, Stage
from dubstage.testing import request_for, run_stage_in
from dubstage.workspace.layout import Artifact


def test_ingest_writes_48_khz_stereo(tmp_path: Path) -> None:
    make_video(source_path(tmp_path), "-ar", "22050", "-ac", "1")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code == ExitCode.OK, ended.result.message
    audio = soundfile.info(ended.tree.path(Artifact.AUDIO))
    assert (audio.samplerate, audio.channels) == (RATE, 2)
    assert audio.duration == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "keep", "reason"),
    [
        ([], 0.0, "SourceEmpty"),
        (["-movflags", "+faststart"], 0.6, "SourceTruncated"),
        ([], 0.6, "SourceUnreadable"),
        (["-an"], 1.0, "NoAudioStream"),
    ],
)
def test_ingest_refuses_what_cannot_be_dubbed(
    tmp_path: Path, arguments: list[str], keep: float, reason: str
) -> None:
    path = make_video(source_path(tmp_path), *arguments)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason)
    assert "inputs/clip/source.mp4" in ended.result.message
    assert str(tmp_path) not in ended.result.message


def test_ingest_refuses_a_playlist_in_disguise(tmp_path: Path) -> None:
    path = source_path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code == ExitCode.DATAERR


def test_source_name_may_hold_spaces_and_quotes(tmp_path: Path) -> None:
    name = 'clip/it\'s "a" 한국어 -i video.mp4'
    make_video(tmp_path / "inputs" / name)
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST, source=name))
    assert ended.code == ExitCode.OK, ended.result.message


def test_source_without_video_is_accepted(tmp_path: Path) -> None:
    make_video(source_path(tmp_path), "-vn", "-f", "ipod")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code == ExitCode.OK, ended.result.message
    assert "audio without a video stream" in ended.result.message


def test_very_short_video_is_accepted(tmp_path: Path) -> None:
    make_video(source_path(tmp_path), seconds=0.2)
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code == ExitCode.OK, ended.result.message
    assert soundfile.info(ended.tree.path(Artifact.AUDIO)).duration == pytest.approx(0.2, abs=0.05)
