"""Subtitles of MP4 and QuickTime files are off until somebody selects them."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

import pytest
from made_media import ffmpeg, make_video

from dubstage.video.mp4_tracks import disable_subtitles

CUE = "1\n00:00:00,500 --> 00:00:01,500\nHello\n"
CHAPTERS = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n"


def defaults(video: Path) -> list[tuple[str, int]]:
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(video)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    streams = json.loads(text)["streams"]
    return [(each["codec_type"], each["disposition"]["default"]) for each in streams]


@pytest.fixture
def video(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    arguments: list[str] = request.param
    source = make_video(tmp_path / "source.mp4", seconds=2.0)
    subtitles, chapters = tmp_path / "cue.srt", tmp_path / "chapters.txt"
    subtitles.write_text(CUE)
    chapters.write_text(CHAPTERS)
    target = tmp_path / "video.mp4"
    ffmpeg(
        "-i", source, "-i", subtitles, "-i", subtitles, "-i", chapters, "-map", "0", "-map", "1",
        "-map", "2", "-map_metadata", "3", "-c", "copy", "-c:s", "mov_text", "-disposition:s:0",
        "0", "-disposition:s:1", "0", *arguments, target,
    )  # fmt: skip
    return target


@pytest.mark.parametrize(
    "video",
    [["-movflags", "+faststart"], ["-f", "mov"], []],
    indirect=True,
    ids=["index first", "mov", "index last"],
)
def test_only_video_and_audio_are_enabled(video: Path) -> None:
    before = video.read_bytes()
    assert disable_subtitles(video) == 1
    kinds = defaults(video)
    assert kinds[:2] == [("video", 1), ("audio", 1)]
    subtitles = [default for kind, default in kinds if kind == "subtitle"]
    assert subtitles == [0, 0]
    after = video.read_bytes()
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert disable_subtitles(video) == 0
    maps = ["-map", "0:v", "-map", "0:a", "-map", "0:s", "-c:s", "srt"]
    ffmpeg("-xerror", "-i", video, *maps, "-f", "matroska", video.with_name("read.mkv"))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", struct.pack(">I4s", 0, b"moov"), struct.pack(">I4s", 4, b"moov") * 9,
     struct.pack(">I4sQ", 1, b"moov", 1 << 62), struct.pack(">I4s", 1 << 31, b"free")],
)  # fmt: skip
def test_files_without_tracks_stay_as_they_are(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(content)
    assert disable_subtitles(file) == 0
    assert file.read_bytes() == content
