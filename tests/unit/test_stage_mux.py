"""Mux on real media: every container, the report, and the audio of the dub."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
from made_media import (
    RATE,
    SECONDS,
    DubbedSegment,
    clip_for,
    fake_stages,
    make_video,
    packets,
    run_dub,
    source_path,
    vocals_and_background,
)

from dubstage.contract import ExitCode, MixOptions, Stage
from dubstage.media import wav
from dubstage.media.ffmpeg import probe
from dubstage.mux import stage
from dubstage.mux.loudness import segment_loudness
from dubstage.mux.plan import plan
from dubstage.mux.simultaneous import GAP_SECONDS
from dubstage.run.process import load_stage
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.video.dubbed_video import DubbedVideo, mux_video
from dubstage.video.mp4_tracks import disable_subtitles
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.work import Outcome, Work

SEGMENTS = [
    DubbedSegment(0.5, 1.0, 0.4),
    DubbedSegment(1.25, 1.75, 0.9, level=0.1),
    DubbedSegment(2.0, 3.5, 4.0),
]
LEADS = [0.0, 0.08, 0.0]
"""Seconds by which each starts early."""


def make_source(folder: Path, *arguments: str | Path, **options: Any) -> Path:
    """Make the source with :data:`SEGMENTS` over their background."""
    audio = folder / "audio.wav"
    vocals, background = vocals_and_background(SEGMENTS, SECONDS)
    soundfile.write(audio, vocals + background, RATE)
    return make_video(source_path(folder), *arguments, audio=audio, **options)


def report_of(tree: Tree) -> dict[str, Any]:
    text: dict[str, Any] = json.loads(tree.path(Artifact.REPORT).read_text())
    return text


def video_of(tree: Tree) -> Path:
    (path,) = tree.files(Artifact.DUBBED_VIDEO)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which :data:`SEGMENTS` are dubbed."""
    path = tmp_path_factory.mktemp("dub")
    make_source(path)
    return path


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    return run_dub(folder, SEGMENTS)


def test_dub_starts_at_the_onset_of_each_segment(folder: Path, ended: Ended) -> None:
    """One clip fits, one is stretched, one is trimmed. The second starts early, where it is
    silent. The video stream is copied."""
    report = report_of(ended.tree)
    segments = report["segments"]
    assert [segment["start"] for segment in segments] == [0.5, 1.25, 2.0]
    assert [segment["speed"] for segment in segments] == pytest.approx([1.0, 1.25, 1.5], abs=0.01)
    assert [segment["verdict"] for segment in segments] == ["fits", "tight", "impossible"]
    assert [segment["flags"] for segment in segments] == [[], ["fast"], ["very-fast", "trimmed"]]
    for segment, lead in zip(segments, LEADS, strict=True):
        assert segment["onset_error"] == pytest.approx(-lead, abs=0.02)
        assert abs(segment["level_error"]) <= 3.0
        assert segment["dub_end"] <= segment["start"] - lead + segment["slot"] + 0.001

    audio, rate = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    assert (rate, audio.shape[1]) == (RATE, 2)
    assert len(audio) / rate == pytest.approx(SECONDS, abs=0.04)

    video = video_of(ended.tree)
    assert video.name == "dubbed_video.mp4"
    assert packets(video) == packets(source_path(folder))
    found = probe(video)
    assert found.duration == pytest.approx(probe(source_path(folder)).duration, abs=0.04)
    assert [track.language for track in found.audio] == ["spa", "eng"]
    assert [(track.codec, track.language) for track in found.subtitles] == [
        ("mov_text", "spa"),
        ("mov_text", "eng"),
    ]


def voice_bounds(tree: Tree, start: float, end: float) -> tuple[float, float]:
    """Seconds at which the dub's voice, at 400 Hz, starts and ends between two times."""
    dub, _ = soundfile.read(tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    part = dub[round(start * RATE) : round(end * RATE), 0]
    time = numpy.arange(len(part)) / RATE
    carrier = part * numpy.exp(-2j * numpy.pi * 400 * time)
    window = numpy.ones(480) / 480
    level = abs(numpy.convolve(carrier, window, "same"))
    loud = numpy.flatnonzero(level > level.max() / 2)
    return start + loud[0] / RATE, start + loud[-1] / RATE


def test_voice_is_heard_where_and_as_loud_as_the_report_says(ended: Ended) -> None:
    """The first segment alone, and the second after it, measured on the dub."""
    segments = report_of(ended.tree)["segments"]
    for segment, lead, end in zip(segments, LEADS, (1.1, 1.92), strict=False):
        onset, offset = voice_bounds(ended.tree, segment["start"] - 0.1, end)
        assert onset == pytest.approx(segment["start"] - lead, abs=0.02)
        assert onset == pytest.approx(segment["dub_start"], abs=0.02)
        assert offset == pytest.approx(segment["dub_end"], abs=0.02)
    dub, _ = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    loud, soft = (
        segment_loudness(dub[round((at + 0.05) * RATE) : round((at + 0.35) * RATE)])
        for at in (0.5, 1.25)
    )
    assert loud - soft == pytest.approx(6.0, abs=0.5), "as the original's segments differ"


def test_subtitles_are_in_their_language_and_follow_the_dub(ended: Ended) -> None:
    """Those in the target language last as long as the dub, 0.5 s more at most; those in the
    source language start with the original."""
    tree = ended.tree
    segments = report_of(tree)["segments"]
    for srt_file, vtt_file, text, start in (
        (Artifact.TRG_SRT, Artifact.TRG_VTT, "uno", "dub_start"),
        (Artifact.SRC_SRT, Artifact.SRC_VTT, "one", "start"),
    ):
        for file in (srt_file, vtt_file):
            shown = tree.path(file).read_text()
            assert re.findall(r"^[a-z]+$", shown, re.M) == [text] * 3
            times = re.findall(r"(\d\d)[,.](\d{3}) --> 00:00:(\d\d)[,.](\d{3})", shown)
            cues = [(int(a) + int(b) / 1000, int(c) + int(d) / 1000) for a, b, c, d in times]
            assert [cue[0] for cue in cues] == pytest.approx(
                [segment[start] for segment in segments], abs=0.002
            )
            for (_, end), segment, following in zip(
                cues, segments, [*segments[1:], {start: SECONDS}], strict=True
            ):
                spoken_until = segment[start.replace("start", "end")]
                earliest = min(spoken_until, following[start] - GAP_SECONDS)
                assert earliest - 0.002 <= end <= spoken_until + 0.502


def test_dub_is_the_default_track(ended: Ended) -> None:
    tracks = probe(video_of(ended.tree)).audio
    assert [(track.language, track.is_default) for track in tracks] == [
        ("spa", True),
        ("eng", False),
    ]


def test_no_subtitles_are_shown_unless_a_viewer_selects_them(tmp_path: Path, ended: Ended) -> None:
    video = Path(shutil.copy(video_of(ended.tree), tmp_path))
    assert len(probe(video).subtitles) == 2
    assert disable_subtitles(video) == 0


def test_dub_that_cannot_be_played_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mux reads what it wrote, and keeps the earlier dub."""
    make_source(tmp_path)
    tree = run_dub(tmp_path, SEGMENTS[:1]).tree
    earlier = video_of(tree).read_bytes()

    def write_half(video: DubbedVideo, target: Path, progress: Callable[[float], None]) -> None:
        mux_video(video, target, progress)
        target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])

    monkeypatch.setattr(stage, "mux_video", write_half)
    ended = run_stage_in(tmp_path, request_for(Stage.MUX, force=True))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "VideoUnsupported")
    assert video_of(tree).read_bytes() == earlier


def test_page_links_to_the_dub_and_the_original(ended: Ended) -> None:
    page = ended.tree.path(Artifact.REPORT_PAGE).read_text()
    text = re.search(r'id="data">(.*?)</script>', page)
    assert text
    data = json.loads(text[1])
    folder = ended.tree.path(Artifact.REPORT_PAGE).parent
    assert (folder / data["video"]).resolve() == video_of(ended.tree)
    assert (folder / data["audio"]).resolve() == ended.tree.path(Artifact.DUBBED_AUDIO)
    assert (folder / data["source"]).resolve() == ended.tree.roots.inputs / "clip/source.mp4"
    assert data["originalTrack"] == 1
    assert data["target"] == report_of(ended.tree)["totals"]["source_lufs"]
    assert [len(one) for one in data["segments"]] == [7, 7, 7]


def test_summary_has_the_totals_as_integers(ended: Ended) -> None:
    totals, summary = report_of(ended.tree)["totals"], ended.result.summary
    assert (summary.spoken_segments, summary.trimmed_segments) == (3, 1)
    assert (summary.max_speed_percent, summary.fast_segments_percent) == (150, 67)
    ratios = [segment["duration_ratio"] for segment in report_of(ended.tree)["segments"]]
    assert ratios == pytest.approx([0.8, 0.9 / 0.78, 2.0], abs=0.001)
    assert summary.adherent_segments_percent == round(totals["adherence"] * 100) == 33
    assert summary.loudness_centi_lufs == round(totals["dub_lufs"] * 100)
    assert summary.true_peak_centi_dbtp == round(totals["dub_true_peak"] * 100)
    assert summary.onset_error_p95_milliseconds == round(totals["onset_error_p95"] * 1000)
    assert summary.word_error_rate_percent is None, "no check model"


def test_result_lists_the_outputs(ended: Ended) -> None:
    outputs = {entry.name: entry for entry in ended.result.outputs}
    assert list(outputs) == [
        *("video", "audio", "subtitles", "report", "report-page"),
        *("translation", "source-subtitles", "transcript"),
    ]
    assert outputs["video"].path == "clip/vid/dubbed_video.mp4"
    assert outputs["video"].media_type == "video/mp4"
    for entry in outputs.values():
        file = ended.tree.roots.outputs / entry.path
        assert entry.size_bytes == file.stat().st_size
        assert entry.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_report_has_totals_stages_and_speakers(ended: Ended) -> None:
    totals = report_of(ended.tree)["totals"]
    assert ended.result.to_termination_message() == ended.result.to_termination_message(10**6)
    assert (totals["segments"], totals["spoken"], totals["trimmed"]) == (3, 3, 1)
    assert totals["share_above_1_2"] == pytest.approx(2 / 3, abs=0.001)
    assert totals["share_above_1_3"] == pytest.approx(1 / 3, abs=0.001)
    assert totals["dub_lufs"] == pytest.approx(totals["source_lufs"], abs=1.0)
    assert totals["dub_true_peak"] <= -1.0
    assert abs(totals["background_change_db"]) <= 1.0
    assert totals["overlap"] == pytest.approx(0.9, abs=0.1)
    stages = {entry["stage"]: entry for entry in report_of(ended.tree)["stages"]}
    assert list(stages) == [str(stage) for stage in Stage]
    assert stages["ingest"]["seconds"] > 0
    assert stages["mux"]["real_time_factor"] > 0
    assert stages["mux"]["engine_version"]
    assert report_of(ended.tree)["speakers"] == [
        {"speaker": "SPEAKER_00", "segments": 3, "voice_samples": []}
    ]


def test_request_sets_loudness_and_stems(tmp_path: Path) -> None:
    make_source(tmp_path)
    ended = run_dub(tmp_path, SEGMENTS, mix=MixOptions(loudness=-28, stems=True))
    assert report_of(ended.tree)["totals"]["dub_lufs"] == pytest.approx(-28.0, abs=0.2)
    dub, *stems = (
        soundfile.read(path, dtype="float32")[0]
        for path in [ended.tree.path(Artifact.DUBBED_AUDIO), *ended.tree.files(Artifact.STEMS)]
    )
    assert [path.name for path in ended.tree.files(Artifact.STEMS)] == [
        "background.wav",
        "voice.wav",
    ]
    assert stems[0] + stems[1] == pytest.approx(dub, abs=2e-4)
    run_stage_in(tmp_path, request_for(Stage.MUX))
    assert not ended.tree.files(Artifact.STEMS), "a run without stems removes them"


def test_segment_without_clip_keeps_the_original(tmp_path: Path) -> None:
    make_source(tmp_path)
    ended = run_dub(tmp_path, [SEGMENTS[0], DubbedSegment(1.25, 1.75, 0.0, level=0.1)])
    segment = report_of(ended.tree)["segments"][1]
    assert segment["loudness"] is None
    assert ended.result.summary.spoken_segments == 1
    dub, _ = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    source_audio, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), dtype="float32")
    gain = 10 ** (report_of(ended.tree)["totals"]["gain_db"] / 20)
    inside = slice(round(1.3 * RATE), round(1.7 * RATE))
    assert dub[inside] == pytest.approx(source_audio[inside] * gain, abs=1e-3)


def test_report_lists_inaudible_segments_without_counting_them(tmp_path: Path) -> None:
    """An empty clip, a silent one, and three segments of a corrected transcript after the
    end of the source."""
    make_source(tmp_path)
    segments = [
        SEGMENTS[0],
        DubbedSegment(1.25, 1.75, 0.5, level=0.1),
        DubbedSegment(2.0, 2.5, 0.5),
        *(DubbedSegment(start, start + 0.5, 0.5) for start in (4.2, 5.0, 9.0)),
    ]
    clips = tmp_path / "interim/clip/text/vid/tts"

    def run(work: Work) -> Outcome:
        outcome = fake_stages(segments)(work)
        if work.request.stage is Stage.SYNTHESIZE:
            for number, frames in ((1, 0), (2, 8000)):
                clip = work.staging(Artifact.TTS_CLIPS, f"segment_{number:04d}.wav")
                soundfile.write(clip, numpy.zeros(frames), 16000, format="WAV")
        return outcome

    ended = run_dub(tmp_path, segments, run=run)
    assert len(list(clips.glob("*.wav"))) == len(segments)
    report = report_of(ended.tree)
    flags = [segment["flags"] for segment in report["segments"]]
    assert flags == [[], ["no-sound"], ["no-sound"], ["no-room"], ["no-room"], ["no-room"]]
    assert [segment["loudness"] is None for segment in report["segments"]] == [False, *[True] * 5]
    assert (report["totals"]["segments"], report["totals"]["spoken"]) == (6, 1)
    assert report["totals"]["level_error_max"] <= 3.0
    assert report["totals"]["trimmed"] == 0
    assert ended.result.message.startswith("1 segment,")


@pytest.mark.parametrize(
    ("arguments", "video", "name", "subtitles"),
    [
        (["-c:a", "aac", "-f", "matroska"], ["-c:v", "libx264", "-preset", "ultrafast"],
         "dubbed_video.mkv", "subrip"),
        (["-c:a", "pcm_s16le", "-f", "mov"], ["-c:v", "libx264", "-preset", "ultrafast"],
         "dubbed_video.mov", "mov_text"),
        (["-c:a", "pcm_s24le", "-f", "mov"], ["-c:v", "prores_ks"],
         "dubbed_video.mov", "mov_text"),
        (["-c:a", "flac", "-strict", "-2", "-f", "mp4"],
         ["-c:v", "libx264", "-preset", "ultrafast"], "dubbed_video.mp4", "mov_text"),
        (["-c:a", "pcm_s16le", "-f", "avi"], ["-c:v", "mpeg4"], "dubbed_video.mkv", "subrip"),
        (["-c:a", "libopus", "-f", "webm"], ["-c:v", "libvpx", "-deadline", "realtime"],
         "dubbed_video.mkv", "subrip"),
        (["-c:a", "libopus", "-f", "webm"], ["-c:v", "libvpx-vp9", "-deadline", "realtime"],
         "dubbed_video.mp4", "mov_text"),
    ],
    ids=["mkv", "mov with PCM", "mov with ProRes", "mp4 with FLAC", "avi", "webm VP8", "webm VP9"],
)  # fmt: skip
def test_container_holds_every_stream_unchanged(
    tmp_path: Path, arguments: list[str], video: list[str], name: str, subtitles: str
) -> None:
    """The video stream and the original audio are copied into a container that holds them."""
    make_source(tmp_path, *arguments, video=video)
    tree = run_dub(tmp_path, SEGMENTS[:1]).tree
    path = video_of(tree)
    assert path.name == name
    assert packets(path) == packets(source_path(tmp_path))
    before, after = probe(source_path(tmp_path)), probe(path)
    # The container counts the priming of the dub's AAC and the codec delay of Opus.
    assert after.duration == pytest.approx(before.duration, abs=0.05)
    assert [track.codec for track in after.audio] == ["aac", before.audio[0].codec]
    assert [track.codec for track in after.subtitles] == [subtitles] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c:a", "pcm_bluray", "-mpegts_m2ts_mode", "1", "-f", "mpegts"),
        ("-c:a", "adpcm_ima_wav", "-f", "avi"),
    ],
    ids=["Blu-ray", "an old camera"],
)
def test_audio_that_no_container_holds_becomes_flac(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    make_source(tmp_path, "-ac", "2", *arguments)
    path = video_of(run_dub(tmp_path, SEGMENTS[:1]).tree)
    assert [track.codec for track in probe(path).audio] == ["aac", "flac"]


def test_hevc_in_mp4_has_the_tag_that_players_expect(tmp_path: Path) -> None:
    video = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]
    make_source(tmp_path, "-c:a", "aac", "-tag:v", "hev1", "-f", "mp4", video=video)
    path = video_of(run_dub(tmp_path, SEGMENTS[:1]).tree)
    assert path.name == "dubbed_video.mp4"
    assert b"hvc1" in path.read_bytes()
    assert packets(path) == packets(source_path(tmp_path))


def test_long_audio_is_written_as_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds count as long here; every stage reads what the one before it wrote."""
    monkeypatch.setattr(wav, "MAX_DATA_BYTES", 1000)
    make_source(tmp_path)

    def run(work: Work) -> Outcome:
        if work.request.stage is Stage.SEPARATE:
            return load_stage(Stage.SEPARATE)(work)
        return fake_stages(SEGMENTS)(work)

    tree = run_dub(tmp_path, SEGMENTS, run=run, mix=MixOptions(stems=True)).tree
    for artifact in (Artifact.VOCALS, Artifact.BACKGROUND, Artifact.STEMS, Artifact.DUBBED_AUDIO):
        for path in tree.files(artifact):
            assert soundfile.info(path).format == "RF64"
    head = tree.path(Artifact.AUDIO).read_bytes()[:16]
    assert (head[:4], head[12:]) == (b"RIFF", b"JUNK"), "the header has room for 64-bit sizes"


def test_source_without_video_gets_no_video(tmp_path: Path) -> None:
    """The video of an earlier source is removed."""
    earlier = tmp_path / "outputs/clip/vid/dubbed_video.mkv"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    make_source(tmp_path, "-vn", "-f", "ipod")
    ended = run_dub(tmp_path, SEGMENTS[:1])
    assert not ended.tree.files(Artifact.DUBBED_VIDEO)
    assert soundfile.info(ended.tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(
        SECONDS, abs=0.05
    )
    again = run_stage_in(tmp_path, request_for(Stage.MUX))
    assert again.result.reused, "a dub without a video is complete"


def test_speed_limit_covers_engine_and_stretch() -> None:
    fast = clip_for(0, DubbedSegment(0.0, 0.5, 1.0)).model_copy(update={"spoken_speed": 1.15})
    (planned,) = plan([fast], source_end=0.5)
    assert planned.fit.speed == pytest.approx(1.5)


def test_original_speech_is_inaudible_in_the_dub(ended: Ended) -> None:
    """The original's voice is at 800 Hz, the dub's at 400 Hz."""
    dub, _ = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    part = dub[round(2.2 * RATE) : round(3.2 * RATE), 0]
    spectrum = abs(numpy.fft.rfft(part))
    assert spectrum[800] < 0.02 * spectrum[400]
