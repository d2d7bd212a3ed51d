"""The dubbed video: lip-sync in every container, and what a source has beside its speech."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from made_media import DubbedSegment, ffmpeg, run_dub, source_path

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.media.ffmpeg import probe
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.video import codec_delay
from dubstage.video.containers import MATROSKA
from dubstage.workspace.layout import Artifact

FLASH = (2.0, 2.5)
"""Seconds in which the video is white and a tone sounds."""
SECONDS = 6.0
LATE = DubbedSegment(4.0, 4.5, 0.5)
"""A segment elsewhere: at the flash the dub has the source's audio."""
TOLERANCE = 0.005
"""A larger difference between video and audio is a fault."""
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2")
OPUS = [
    pytest.param(["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-f", "webm"],
                 id="webm"),
    pytest.param([*H264, "-c:a", "libopus", "-f", "matroska"], id="mkv, Opus"),
    pytest.param([*H264, "-c:a", "libopus", "-f", "mp4"], id="mp4, Opus"),
    pytest.param([*H264, "-c:a", "libopus", "-f", "mpegts"], id="mpegts, Opus"),
    pytest.param([*H264, "-c:a", "libopus", "-f", "nut"], id="nut, Opus"),
    pytest.param(["-c:v", "libtheora", "-c:a", "libopus", "-f", "ogg"], id="ogg, Opus"),
]  # fmt: skip
"""Opus, of which players drop the beginning: each container has its own way to say so."""


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lossless clip with a flash and a tone."""
    path = tmp_path_factory.mktemp("flash") / "flash.mkv"
    start, end = FLASH
    ffmpeg(
        "-f", "lavfi", "-i",
        f"color=black:s=160x90:r=25:d={SECONDS},"
        f"drawbox=color=white:t=fill:enable='between(t,{start},{end - 0.001})'",
        "-f", "lavfi", "-i",
        f"aevalsrc='if(between(t,{start},{end}),0.5*sin(2*PI*1000*t),0)':s=48000:d={SECONDS}",
        "-c:v", "ffv1", "-c:a", "pcm_s16le", path,
    )  # fmt: skip
    return path


def first(file: Path, stream: str, chain: str, key: str, level: float) -> float:
    """Seconds, on the file's own clock, of the first frame whose `key` is above `level`."""
    kind = stream[2]
    text = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-copyts", "-t", str(FLASH[1] + 0.5), "-i", str(file),
         "-map", stream, f"-{kind}f", chain, "-f", "null", "-"],
        capture_output=True, text=True, errors="replace", check=True,
    ).stdout  # fmt: skip
    time = 0.0
    for line in text.splitlines():
        if found := re.search(r"pts_time:(\S+)", line):
            time = float(found[1])
        elif (found := re.search(rf"{re.escape(key)}=(-?[\d.]+)", line)) and (
            float(found[1]) > level
        ):
            return time
    raise AssertionError(f"{stream} of {file.name} has no such frame")


def lag(file: Path, track: int = 0) -> float:
    """Seconds from the flash to the tone."""
    white = first(
        file, "0:v:0", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-",
        "lavfi.signalstats.YAVG", 150,
    )  # fmt: skip
    rms = "lavfi.astats.Overall.RMS_level"
    loud = first(
        file, f"0:a:{track}",
        "aresample=48000,asetnsamples=48,astats=metadata=1:reset=1,"
        f"ametadata=print:key={rms}:file=-", rms, -20,
    )  # fmt: skip
    return loud - white


def video_of(ended: Ended) -> Path:
    (video,) = ended.tree.files(Artifact.DUBBED_VIDEO)
    return video


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([*H264, "-c:a", "aac", "-f", "mp4"], id="mp4"),
        pytest.param([*H264, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"], id="frag"),
        pytest.param([*H264, "-c:a", "pcm_s24le", "-f", "mov"], id="mov"),
        pytest.param([*H264, "-c:a", "aac", "-f", "matroska"], id="mkv"),
        pytest.param(
            [*H264, "-c:a", "aac", "-output_ts_offset", "100", "-f", "matroska"], id="mkv at 100 s"
        ),
        pytest.param([*H264, "-c:a", "aac", "-f", "mpegts"], id="mpegts"),
        pytest.param(["-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2", "-f", "mpeg"], id="mpg"),
        pytest.param(["-c:v", "mpeg2video", "-c:a", "ac3", "-f", "vob"], id="vob"),
        pytest.param(["-c:v", "mpeg4", "-bf", "2", "-c:a", "pcm_s16le", "-f", "avi"], id="avi"),
        pytest.param([*H264, "-c:a", "aac", "-f", "flv"], id="flv"),
        pytest.param(["-c:v", "wmv2", "-c:a", "wmav2", "-f", "asf"], id="wmv"),
        pytest.param(["-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-f", "mxf"], id="mxf"),
        *OPUS,
    ],
)
def test_dub_and_original_of_late_audio_stay_in_sync(
    tmp_path: Path, flash: Path, arguments: list[str]
) -> None:
    """The audio begins after the video, and is heard at its own time."""
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, "-ss", "0.6", "-copyts", "-i", flash, "-map", "0:v", "-map", "1:a",
           *arguments, source)  # fmt: skip
    assert_in_sync(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([*H264, "-c:a", "aac", "-f", "mp4"], id="mp4"),
        pytest.param([*H264, "-c:a", "aac", "-f", "mpegts"], id="mpegts, audio first"),
        pytest.param(["-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2", "-f", "mpeg"], id="mpg"),
        *OPUS,
    ],
)
def test_dub_and_original_stay_in_sync(tmp_path: Path, flash: Path, arguments: list[str]) -> None:
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, *arguments, source)
    assert_in_sync(tmp_path)


@pytest.mark.parametrize(("shift", "expected"), [(0.0, 0.0), (-0.0004, 0.0), (-0.007, 0.007)])
def test_difference_that_rounding_makes_is_no_delay(
    tmp_path: Path, flash: Path, monkeypatch: pytest.MonkeyPatch, shift: float, expected: float
) -> None:
    """Whatever time the track starts at, with an ffmpeg that keeps its times, or moves them."""
    source = tmp_path / "source.mkv"
    ffmpeg("-i", flash, *H264, "-c:a", "libopus", "-f", "matroska", source)
    track = probe(source).audio[0]
    for start in (0.0, 0.02, 1.001, 2.058, 7.007, 9.999):
        times = {source: start, None: round(start + codec_delay.LATE + shift, 6)}
        monkeypatch.setattr(
            codec_delay, "first_packet_time", lambda path, _, of=times: of.get(path, of[None])
        )
        found = codec_delay.lost_delay(source, track, MATROSKA, tmp_path)
        assert found == (pytest.approx(expected) if expected else 0.0)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2", "-f", "mpeg"], id="mpg"),
        pytest.param(["-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3", "-f", "avi"], id="avi"),
    ],
)
def test_frames_are_displayed_in_their_order(
    tmp_path: Path, flash: Path, arguments: list[str]
) -> None:
    """The packets of B-frames have no presentation time in the source. Of each three frames, one
    is stored before the two that are displayed before it."""
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, *arguments, source)
    video = video_of(run_dub(tmp_path, [LATE], seconds=SECONDS))
    stored = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time",
         "-of", "csv=p=0", str(video)],
        capture_output=True, text=True, check=True,
    ).stdout.replace(",", " ")  # fmt: skip
    times = [float(time) for time in stored.split()]
    assert len(times) == SECONDS * 25
    steps = [after - before for before, after in pairwise(sorted(times))]
    assert steps == pytest.approx([1 / 25] * len(steps), abs=0.025), "no two at once, no gap"
    assert sum(after < before for before, after in pairwise(times)) == len(times) / 3


@pytest.mark.parametrize(("b_frames", "is_remarked"), [("2", True), ("0", False)])
def test_order_of_frames_that_nothing_tells_is_remarked(
    tmp_path: Path, flash: Path, b_frames: str, is_remarked: bool
) -> None:
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, *H264[:-1], b_frames, "-c:a", "ac3", "-f", "avi", source)
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code is ExitCode.OK
    assert ("may stutter" in ended.result.message) is is_remarked


def assert_in_sync(tmp_path: Path) -> None:
    source = source_path(tmp_path)
    video = video_of(run_dub(tmp_path, [LATE], seconds=SECONDS))
    expected = lag(source)
    assert lag(video) == pytest.approx(expected, abs=TOLERANCE), "dub"
    assert lag(video, 1) == pytest.approx(expected, abs=TOLERANCE), "original"


def streams(file: Path) -> list[dict[str, Any]]:
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_chapters", "-of", "json", str(file)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found: list[dict[str, Any]] = json.loads(text)["streams"]
    return found


def test_matroska_keeps_what_else_is_in_it(tmp_path: Path, flash: Path) -> None:
    styled = tmp_path / "styled.ass"
    styled.write_text(
        "[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize\nStyle: Sign,Made Up,20\n[Events]\n"
        "Format: Layer, Start, End, Style, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Sign,{\\pos(10,20)}EXIT\n"
    )
    font, chapters = tmp_path / "made-up.ttf", tmp_path / "chapters.txt"
    font.write_bytes(b"\0\1\0\0 a font")
    chapters.write_text(
        ";FFMETADATA1\ntitle=The film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle=One\n"
    )
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg(
        "-i", flash, "-i", styled, "-i", chapters, "-map", "0:v", "-map", "0:a", "-map", "0:a",
        "-map", "1:s", "-map_metadata", "2", *H264, "-c:a", "ac3", "-c:s", "ass",
        "-metadata:s:a:1", "title=Commentary", "-disposition:a:0", "default",
        "-disposition:a:1", "comment", "-disposition:s:0", "forced", "-metadata:s:s:0",
        "title=Signs", "-attach", font, "-metadata:s:t:0", "mimetype=font/ttf", "-f", "matroska",
        source,
    )  # fmt: skip
    video = video_of(run_dub(tmp_path, [LATE], seconds=SECONDS))
    assert video.suffix == ".mkv"
    found = streams(video)
    audio = [each for each in found if each["codec_type"] == "audio"]
    assert [each["codec_name"] for each in audio] == ["aac", "ac3", "ac3"]
    assert [each["disposition"]["default"] for each in audio] == [1, 0, 0]
    assert [each["disposition"]["comment"] for each in audio] == [0, 0, 1]
    assert audio[2]["tags"]["title"] == "Commentary"
    subtitles = [each for each in found if each["codec_type"] == "subtitle"]
    assert [each["codec_name"] for each in subtitles] == ["subrip", "subrip", "ass"]
    assert subtitles[2]["disposition"]["forced"] == 1
    assert subtitles[2]["tags"]["title"] == "Signs"
    assert [each["tags"]["filename"] for each in found if each["codec_type"] == "attachment"] == [
        font.name
    ]
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "chapter_tags:format_tags=title", "-of",
         "json", str(video)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert '"title": "One"' in shown
    assert '"title": "The film"' in shown


@pytest.mark.parametrize(("container", "code"), [("matroska", "ger"), ("mp4", "deu")])
def test_language_has_the_code_of_the_container(
    tmp_path: Path, flash: Path, container: str, code: str
) -> None:
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, *H264, "-c:a", "aac", "-f", container, source)
    engines = {**ENGINES, Stage.TRANSLATE: EngineChoice(engine="googletrans")}
    ended = run_dub(tmp_path, [LATE], seconds=SECONDS, target_language="de", engines=engines)
    found = probe(video_of(ended))
    assert [track.language for track in found.audio] == [code, "eng"]
    assert [track.language for track in found.subtitles] == [code, "eng"]


def test_quicktime_keeps_its_timecode(tmp_path: Path, flash: Path) -> None:
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, "-c:v", "prores_ks", "-c:a", "pcm_s24le", "-timecode", "10:00:00:00",
           "-f", "mov", source)  # fmt: skip
    video = video_of(run_dub(tmp_path, [LATE], seconds=SECONDS))
    assert video.suffix == ".mov"
    found = streams(video)
    assert found[0]["codec_name"] == "prores"
    assert found[0]["tags"]["timecode"] == "10:00:00:00"


def test_a_track_of_an_unknown_codec_is_left_out(tmp_path: Path, flash: Path) -> None:
    source = source_path(tmp_path)
    source.parent.mkdir(parents=True)
    ffmpeg("-i", flash, "-map", "0:v", "-map", "0:a", "-map", "0:a", *H264, "-c:a", "aac",
           "-f", "mov", source)  # fmt: skip
    content = bytearray(source.read_bytes())
    place = content.find(b"mp4a", content.rfind(b"stsd"))
    content[place : place + 4] = b"apac"
    for name in (b"wave", b"esds"):
        found = content.find(name, place)
        while found != -1 and found < place + 400:
            content[found : found + 4] = b"free"
            found = content.find(name, found + 4)
    source.write_bytes(content)
    assert [track.is_known for track in probe(source).audio] == [True, False]
    video = video_of(run_dub(tmp_path, [LATE], seconds=SECONDS))
    assert [track.codec for track in probe(video).audio] == ["aac", "aac"]
