"""Ingest tries what mux will write: another container, a converted track, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_media import ffmpeg

from dubstage.errors import BadInput
from dubstage.media.ffmpeg import MediaError, probe
from dubstage.video import trial
from dubstage.video.dubbed_video import DubbedVideo, mux_video
from dubstage.video.trial import plan_video

Refuses = Callable[[DubbedVideo], bool]


def copies(video: DubbedVideo, codec: str) -> bool:
    return any(track.codec == codec and how == "copy" for track, how in video.audio)


def carries(video: DubbedVideo, codec: str) -> bool:
    return any(track.codec == codec for track, _ in video.audio)


def make_source(folder: Path) -> Path:
    source = folder / "source.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=2",
           "-f", "lavfi", "-i", "anoisesrc=a=0.1:r=48000:d=2", "-map", "0", "-map", "1",
           "-map", "1", "-c:v", "libx264", "-c:a:0", "aac", "-c:a:1", "ac3", source)  # fmt: skip
    return source


@pytest.mark.parametrize(
    ("refuses", "container", "converted", "omitted"),
    [
        pytest.param(lambda _: False, "mp4", [], [], id="nothing is refused"),
        pytest.param(lambda video: video.container.suffix == "mp4", "mkv", [], [], id="mp4 is"),
        pytest.param(lambda video: copies(video, "ac3"), "mp4", ["ac3"], [], id="a copy is"),
        pytest.param(lambda video: carries(video, "ac3"), "mp4", [], [2], id="a track is"),
        pytest.param(lambda _: True, None, [], [], id="all is"),
    ],
)
def test_plan_is_what_the_muxer_takes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuses: Refuses,
    container: str | None,
    converted: list[str],
    omitted: list[int],
) -> None:
    source = make_source(tmp_path)

    def muxed(video: DubbedVideo, target: Path, progress: Callable[[float], None]) -> None:
        if refuses(video):
            raise MediaError("the muxer does not take it")
        mux_video(video, target, progress)

    monkeypatch.setattr(trial, "mux_video", muxed)
    declared = probe(source)
    if container is None:
        with pytest.raises(BadInput, match="the muxer does not take it") as caught:
            plan_video(source, declared, declared.audio[0], tmp_path)
        assert caught.value.reason == "VideoUnsupported"
        return
    plan = plan_video(source, declared, declared.audio[0], tmp_path)
    assert plan is not None
    assert (plan.container, plan.converted, plan.omitted) == (container, converted, omitted)


def test_video_that_cannot_be_read_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_source(tmp_path)
    declared = probe(source)
    monkeypatch.setattr(trial, "probe", lambda _: replace(declared, video=None))
    with pytest.raises(BadInput, match="does not hold its video") as caught:
        plan_video(source, declared, declared.audio[0], tmp_path)
    assert caught.value.reason == "VideoUnsupported"
