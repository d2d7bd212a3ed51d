"""Ingest and mux on real media, made in a moment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy
import pytest
import soundfile

from dubstage.contract import ExitCode, Stage
from dubstage.layout import Artifact
from dubstage.media import probe
from dubstage.mux.mix import Placed, mix
from dubstage.mux.stage import plan
from dubstage.testing import request_for, run_stage_in
from dubstage.transcript import Clip, Sentence, TranslatedSentence
from dubstage.work import Outcome, Work

RATE = 48000
SECONDS = 4.0


def film(path: Path, *arguments: str, seconds: float = SECONDS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size=160x90:rate=25:duration={seconds}", "-f", "lavfi", "-i",
         f"sine=frequency=330:duration={seconds}:sample_rate=48000", "-c:v", "libx264",
         "-preset", "ultrafast", "-c:a", "aac", "-shortest", *arguments, str(path)],
        check=True,
    )  # fmt: skip
    return path


def source(folder: Path) -> Path:
    return folder / "inputs/clip/source.mp4"


def test_ingest_writes_48_khz_stereo(tmp_path: Path) -> None:
    film(source(tmp_path), "-ar", "22050", "-ac", "1")
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
        (["-vn"], 1.0, "NoVideoStream"),
    ],
)
def test_ingest_refuses(tmp_path: Path, arguments: list[str], keep: float, reason: str) -> None:
    path = film(source(tmp_path), *arguments)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason)
    assert "inputs/clip/source.mp4" in ended.result.message
    assert str(tmp_path) not in ended.result.message


def test_ingest_refuses_a_playlist_in_disguise(tmp_path: Path) -> None:
    path = source(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code == ExitCode.DATAERR


def test_names_with_spaces_and_quotes(tmp_path: Path) -> None:
    name = 'clip/it\'s "a" 한국어 -i film.mp4'
    film(tmp_path / "inputs" / name)
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST, source=name))
    assert ended.code == ExitCode.OK, ended.result.message


def sentence(number: int, start: float, end: float) -> TranslatedSentence:
    line = Sentence(
        segment_id=f"segment_{number:04d}", start=start, end=end, text="one", duration=end - start
    )
    return TranslatedSentence(**line.model_dump(), translation="uno")


def lay_lines(work: Work, spoken: list[tuple[float, float]]) -> Outcome:
    """Writes whatever the stage writes: lines at (start, seconds of the clip)."""
    lines = [sentence(n, start, start + 0.5) for n, (start, _) in enumerate(spoken)]
    rows = json.dumps([line.model_dump(mode="json") for line in lines])
    match work.request.stage:
        case Stage.SEPARATE:
            for artifact in (Artifact.VOCALS, Artifact.BACKGROUND):
                bed = 0.1 * numpy.ones((int(3.5 * RATE), 2), numpy.float32)
                soundfile.write(work.staging(artifact, None), bed, RATE, format="WAV")
        case Stage.TRANSCRIBE:
            work.staging(Artifact.TRANSCRIPT, None).write_text(rows)
            work.staging(Artifact.SRC_TRANSCRIPT, None).write_text(rows)
            work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(
                '{"language": "en", "word_segments": []}'
            )
        case Stage.TRANSLATE:
            work.staging(Artifact.TRANSLATED, None).write_text(rows)
            work.staging(Artifact.TRG_TRANSCRIPT, None).write_text(rows)
        case Stage.SYNTHESIZE:
            clips = []
            for line, (_, seconds) in zip(lines, spoken, strict=True):
                name = f"{line.segment_id}.wav"
                time = numpy.arange(int(seconds * 22050)) / 22050
                voice = 0.3 * numpy.sin(2 * numpy.pi * 200 * time)
                soundfile.write(work.staging(Artifact.TTS_CLIPS, name), voice, 22050, format="WAV")
                clips.append(clip(line, seconds, name))
            work.staging(Artifact.TTS_SEGMENTS, None).write_text(
                json.dumps([item.model_dump(mode="json") for item in clips])
            )
    return Outcome()


def clip(line: Sentence, seconds: float, name: str = "") -> Clip:
    return Clip(
        segment_id=line.segment_id, speaker=line.speaker, start=line.start, end=line.end,
        target_duration=line.duration, audio_file=name, duration=seconds, tts_backend="test",
    )  # fmt: skip


def test_mux_places_every_line_where_the_original_starts(tmp_path: Path) -> None:
    """One line fits, one is stretched, one is trimmed; the picture is not touched."""
    film(source(tmp_path))
    model = tmp_path / "models/faster-whisper/base/SHA256SUMS"
    model.parent.mkdir(parents=True)
    model.touch()
    spoken = [(0.5, 0.4), (1.25, 0.9), (2.0, 4.0)]
    run_stage_in(tmp_path, request_for(Stage.INGEST))
    for stage in (Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        run_stage_in(tmp_path, request_for(stage), lambda work: lay_lines(work, spoken))
    ended = run_stage_in(tmp_path, request_for(Stage.MUX))
    assert ended.code == ExitCode.OK, ended.result.message

    report = json.loads(ended.tree.path(Artifact.REPORT).read_text())
    assert [line["start"] for line in report["lines"]] == [0.5, 1.25, 2.0]
    assert [line["speed"] for line in report["lines"]] == pytest.approx(
        [0.9, 0.9 / 0.7, 1.5], abs=0.01
    )
    assert report["lines"][2]["flags"] == ["very-fast", "trimmed"]
    for line in report["lines"]:
        assert abs(line["onset_error"]) <= 0.02
        assert line["dub_end"] <= line["start"] + line["slot"] + 0.001

    audio, rate = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    assert (rate, audio.shape[1]) == (RATE, 2)
    assert len(audio) / rate == pytest.approx(SECONDS, abs=0.04)
    assert audio[: int(0.49 * RATE)] == pytest.approx(0.1, abs=1e-3)
    assert abs(audio[int(0.6 * RATE) : int(0.8 * RATE)] - 0.1).max() > 0.1

    video = ended.tree.path(Artifact.DUBBED_VIDEO)
    assert packets(video) == packets(source(tmp_path))
    assert [track.language for track in probe(video).audio] == ["spa", "eng"]


def packets(path: Path) -> str:
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0", "-c", "copy",
         "-f", "md5", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_the_cap_is_on_engine_and_stretch_together() -> None:
    fast = clip(sentence(0, 0.0, 0.5), 1.0).model_copy(update={"spoken_speed": 1.15})
    (planned,) = plan([fast], programme_end=0.5)
    assert planned.fit.speed == pytest.approx(1.5)


def test_mix_reads_lines_when_they_are_reached(tmp_path: Path) -> None:
    """A line over a block's edge is whole; a short background is followed by silence."""
    bed = tmp_path / "bed.wav"
    soundfile.write(bed, numpy.zeros((RATE, 2)), RATE, subtype="PCM_16")
    line = Placed(RATE // 2, 0.25 * numpy.ones(RATE, numpy.float32))
    held = mix(bed, iter([line]), 2 * RATE, tmp_path / "out.wav", lambda _: None)
    out, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert held == 0
    assert len(out) == 2 * RATE
    assert out[RATE // 2 : RATE // 2 + RATE] == pytest.approx(0.25, abs=1e-3)
    assert abs(out[RATE // 2 + RATE :]).max() == 0


def test_mix_never_wraps_around(tmp_path: Path) -> None:
    bed = tmp_path / "bed.wav"
    soundfile.write(bed, 0.9 * numpy.ones((100, 2)), RATE, subtype="PCM_16")
    line = Placed(0, 0.9 * numpy.ones(100, numpy.float32))
    assert mix(bed, iter([line]), 100, tmp_path / "out.wav", lambda _: None) == 200
    out, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert out.min() > 0.99
