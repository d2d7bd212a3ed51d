"""Sources as people have them, through the real stages of the cpu profile: each ends in a
good dub or in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dub_run import REAL, SEED
from made_media import packets

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.media.ffmpeg import probe
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

MAKER = Path(__file__).parents[2] / "examples/make_sample.py"
NAME = 'clip/it\'s "a" 한국어 -i film.mp4'
"""A name that is read as an option, a protocol or a pattern by whoever is not careful."""


CHECKED = {
    **REAL,
    Stage.MUX: EngineChoice(engine="ffmpeg", parameters={"check_model": "faster-whisper/base"}),
}
"""The cpu profile, and a recognizer that listens to the dub."""


def dub(folder: Path, variant: str) -> Ended:
    """The last stage's end; of the first that does not succeed, its own."""
    assert (SEED / "faster-whisper/base").is_dir(), "fetch the models: make models"
    source = folder / "inputs" / NAME
    source.parent.mkdir(parents=True)
    (folder / "models").symlink_to(SEED)
    subprocess.run([sys.executable, str(MAKER), str(source), "--variant", variant], check=True)
    for stage in Stage:
        ended = run_stage_in(folder, request_for(stage, engines=CHECKED, source=NAME))
        if ended.code is not ExitCode.OK:
            return ended
    return ended


@pytest.mark.timeout(300)
@pytest.mark.parametrize("variant", ["audio-only", "surround", "telephone", "phone"])
def test_dub_meets_the_quality_targets(tmp_path: Path, variant: str) -> None:
    ended = dub(tmp_path, variant)
    assert ended.code == ExitCode.OK, ended.result.message
    report: dict[str, Any] = json.loads(ended.tree.path(Artifact.REPORT).read_text())
    totals = report["totals"]
    assert totals["spoken"] >= 4
    assert totals["max_speed"] <= 1.5
    assert totals["onset_error_p95"] <= 0.1
    for segment in report["segments"]:
        assert segment["onset_error"] == pytest.approx(-segment["lead"], abs=0.02)
    assert totals["dub_lufs"] == pytest.approx(totals["source_lufs"], abs=1.0)
    assert totals["dub_true_peak"] <= -1.0
    assert abs(totals["background_change_db"]) <= 1.0
    assert 0.0 < totals["word_error_rate"] < 0.6
    assert ended.result.summary.word_error_rate_percent == round(totals["word_error_rate"] * 100)
    assert report["segments"]
    videos = ended.tree.files(Artifact.DUBBED_VIDEO)
    if variant == "audio-only":
        assert not videos
        return
    source = tmp_path / "inputs" / NAME
    assert packets(videos[0]) == packets(source)
    before, after = probe(source), probe(videos[0])
    assert after.duration == pytest.approx(before.duration, abs=0.04)
    assert [(track.channels, track.sample_rate) for track in after.audio] == [
        (2, 48000),
        *((track.channels, track.sample_rate) for track in before.audio),
    ]
    assert rotation(videos[0]) == rotation(source)
    assert timestamps(videos[0]) == pytest.approx(timestamps(source), abs=0.001)
    if variant == "phone":
        assert rotation(source) != 0
        assert [track.language for track in after.audio] == ["spa", "eng", "deu"]
        assert [track.language for track in after.subtitles] == ["spa", "eng", "fra"]


def rotation(path: Path) -> int:
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
         "stream_side_data=rotation", "-of", "default=nk=1:nw=1", str(path)],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return int(text[0]) if text else 0


def timestamps(path: Path) -> list[float]:
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time",
         "-of", "csv=p=0", str(path)],
        check=True, capture_output=True, text=True,
    ).stdout.replace(",", " ")  # fmt: skip
    return sorted(map(float, text.split()))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("variant", ["music-only", "moment"])
def test_unusable_source_is_refused_with_a_sentence(tmp_path: Path, variant: str) -> None:
    """Nobody speaks: said by the stage that listens."""
    ended = dub(tmp_path, variant)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NoSpeech")
    assert ended.result.message.startswith(f"inputs/{NAME}")
    assert ended.result.message.endswith(".")
