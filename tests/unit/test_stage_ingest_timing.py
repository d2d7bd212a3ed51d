"""Ingest keeps the times of a source: sample 0 of the audio is the source's second 0."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import RATE, DubbedSegment, ffmpeg, run_dub, source_path, tone

from dubstage.contract import ExitCode, Stage
from dubstage.media.probe import parse_probe
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

SECONDS, BEEP = 4.0, 2.0
LIP_SYNC = 0.005
"""Seconds; more is visible."""
VIDEO = ("-f", "lavfi", "-i", f"color=black:s=160x90:r=25:d={SECONDS}")


def beep(folder: Path) -> Path:
    """Silence, and a tone at 2.0 s."""
    samples = numpy.zeros(round(SECONDS * RATE), numpy.float32)
    burst = tone(0.5, 1000, 0.5)
    samples[round(BEEP * RATE) :][: len(burst)] = burst
    path = folder / "beep.wav"
    soundfile.write(path, samples, RATE)
    return path


def ingest(folder: Path, **asked: object) -> Ended:
    ended = run_stage_in(folder, request_for(Stage.INGEST, **asked))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended


def onset(ended: Ended) -> float:
    """Seconds at which the tone begins."""
    samples, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), always_2d=True)
    return float(numpy.argmax(abs(samples[:, 0]) > 0.1)) / RATE


@pytest.mark.parametrize("late", ["audio", "video"])
@pytest.mark.parametrize(
    ("container", "codecs"),
    [
        ("mpegts", ("-c:v", "libx264", "-bf", "2", "-c:a", "ac3")),
        ("vob", ("-c:v", "mpeg2video", "-bf", "2", "-c:a", "ac3")),
        ("matroska", ("-c:v", "libx264", "-c:a", "pcm_s16le")),
        ("mov", ("-c:v", "libx264", "-c:a", "pcm_s16le")),
        ("flv", ("-c:v", "libx264", "-c:a", "aac")),
    ],
)
def test_track_that_starts_late_keeps_its_delay(
    tmp_path: Path, container: str, codecs: tuple[str, ...], late: str
) -> None:
    """Measured against the moment at which the video stream starts."""
    source_path(tmp_path).parent.mkdir(parents=True)
    delays = {late: "0.7"}
    ffmpeg(
        *("-itsoffset", delays.get("video", "0"), *VIDEO),
        *("-itsoffset", delays.get("audio", "0"), "-i"),
        beep(tmp_path),
        *("-map", "0:v", "-map", "1:a", *codecs, "-f", container),
        source_path(tmp_path),
    )  # fmt: skip
    expected = BEEP + 0.7 if late == "audio" else BEEP
    # MP2, AC-3 and AAC decoders are ahead by their priming, which transport streams and FLV
    # do not declare.
    priming = {"mpegts": 256, "vob": 256, "flv": 1024}.get(container, 0) / RATE
    assert onset(ingest(tmp_path)) == pytest.approx(expected, abs=LIP_SYNC + priming)


@pytest.mark.parametrize("gap", [0.02, 0.09, 0.4])
def test_gap_in_the_audio_becomes_silence(tmp_path: Path, gap: float) -> None:
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *(*VIDEO, "-i", beep(tmp_path), "-af", f"asetpts='if(gt(T,1),PTS+{gap}/TB,PTS)'"),
        *("-c:a", "pcm_s16le", "-f", "matroska", source_path(tmp_path)),
    )
    assert onset(ingest(tmp_path)) == pytest.approx(BEEP + gap, abs=0.001)


def test_small_difference_is_made_up_for_without_a_click(tmp_path: Path) -> None:
    """7 ms are missing at 1 s of a tone."""
    soundfile.write(tmp_path / "tone.wav", tone(SECONDS, 440, 0.5), RATE)
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "tone.wav", "-af", "asetpts='if(gt(T,1),PTS+0.007/TB,PTS)'"),
        *("-c:a", "pcm_s16le", "-f", "nut", source_path(tmp_path)),
    )
    samples, _ = soundfile.read(ingest(tmp_path).tree.path(Artifact.AUDIO), always_2d=True)
    assert len(samples) / RATE == pytest.approx(SECONDS + 0.007, abs=0.0005)
    steps = abs(numpy.diff(samples[100:-100, 0]))
    assert steps.max() < 1.1 * 0.5 * 2 * numpy.pi * 440 / RATE


@pytest.mark.parametrize("start", ["1", "100"])
def test_matroska_may_start_at_any_time(tmp_path: Path, start: str) -> None:
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *(*VIDEO, "-i", beep(tmp_path), "-c:a", "pcm_s16le", "-output_ts_offset", start),
        *("-f", "matroska", source_path(tmp_path)),
    )
    ended = ingest(tmp_path)
    assert ended.result.summary.duration_milliseconds == pytest.approx(SECONDS * 1000, abs=50)
    assert onset(ended) == pytest.approx(BEEP, abs=0.002)


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        pytest.param({"DURATION": "00:01:46.0"}, 6.0, id="ffmpeg writes the end"),
        pytest.param(
            {"DURATION-eng": "00:00:06.0", "_STATISTICS_TAGS": "BPS"}, 6.0,
            id="mkvmerge writes the length",
        ),
    ],
)  # fmt: skip
def test_duration_tag_of_matroska(tags: dict[str, str], seconds: float) -> None:
    stream = {"index": 0, "codec_type": "video", "codec_name": "h264", "start_time": "100.0"}
    declared = parse_probe(
        {"format": {"format_name": "matroska,webm"}, "streams": [{**stream, "tags": tags}]}
    )
    assert declared.declared_seconds(declared.video) == pytest.approx(seconds)


PARTS = ((3.0, 2.7, 0.0), (4.0, 4.2, 0.5), (3.0, 2.9, 0.0))
"""Of a joined recording: seconds of video, second at which the audio ends, and starts."""
FLASHES = (1.4, 4.4, 8.4)
"""Seconds of the recording at which its parts flash and beep."""


def join_parts(folder: Path, container: str, video_codec: str) -> Path:
    """Parts joined byte by byte, each with a clock of its own; audio and video of a part start
    and end at different times."""
    path = source_path(folder)
    path.parent.mkdir(parents=True)
    content = b""
    for number, (seconds, end, start) in enumerate(PARTS):
        part = folder / f"part{number}"
        ffmpeg(
            *("-f", "lavfi", "-i", f"color=black:s=160x90:r=25:d={seconds},"
              "drawbox=color=white:t=fill:enable='between(t,1.4,1.8)'"),
            *("-itsoffset", str(start), "-f", "lavfi", "-i", "aevalsrc="
              f"'if(between(t+{start},1.4,1.8),0.5*sin(2*PI*1000*t),0)':s=48000:d={end - start}"),
            *("-c:v", video_codec, "-bf", "2", "-c:a", "ac3", "-f", container),
            *("-output_ts_offset", str(100 - 30 * number), part),
        )  # fmt: skip
        content += part.read_bytes()
    path.write_bytes(content)
    return path


def onsets(samples: numpy.ndarray) -> list[float]:
    """Seconds at which tones begin after at least 0.1 s of silence."""
    loud = numpy.nonzero(abs(samples) > 0.1)[0]
    return [
        float(place) / RATE
        for place, gap in zip(loud, numpy.diff(loud, prepend=-RATE), strict=True)
        if gap > RATE // 10
    ]


@pytest.mark.parametrize(
    ("container", "video_codec"), [("mpegts", "libx264"), ("vob", "mpeg2video")]
)
def test_joined_recordings_stay_in_sync(tmp_path: Path, container: str, video_codec: str) -> None:
    """In the dub, and in the source's own track."""
    join_parts(tmp_path, container, video_codec)
    tree = run_dub(tmp_path, [DubbedSegment(0.2, 0.4, 0.2)], seconds=10.0).tree
    samples, _ = soundfile.read(tree.path(Artifact.AUDIO), always_2d=True)
    # The priming of AC-3.
    expected = [flash + 256 / RATE for flash in FLASHES]
    assert onsets(samples[:, 0]) == pytest.approx(expected, abs=LIP_SYNC)
    (video,) = tree.files(Artifact.DUBBED_VIDEO)
    original = tmp_path / "original.wav"
    ffmpeg("-i", video, "-map", "0:a:1", "-af", "aresample=async=1:first_pts=0", original)
    samples, _ = soundfile.read(original, always_2d=True)
    assert onsets(samples[:, 0]) == pytest.approx(expected, abs=LIP_SYNC)
