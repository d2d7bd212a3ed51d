"""Sources that are not what they declare: ingest and mux on each."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import RATE, SECONDS, Spoken, dubbed, ffmpeg, film, source, tone

from dubstage.contract import ExitCode, Stage
from dubstage.media.ffmpeg import MediaError, probe, run_on_track
from dubstage.media.probe import AudioTrack, parse_probe
from dubstage.media.tracks import dubbed_track
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

TRANSPORT = ("-c:a", "ac3", "-f", "mpegts")


def joined(target: Path, *parts: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"".join(part.read_bytes() for part in parts))


def ingested(folder: Path, **asked: object) -> Ended:
    ended = run_stage_in(folder, request_for(Stage.INGEST, **asked))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended


def ffmpeg_into(target: Path, sound: Path, *arguments: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg("-i", sound, *arguments, target)


def programme_of(ended: Ended) -> numpy.ndarray:
    samples, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), dtype="float32")
    return numpy.asarray(samples)


def hertz(samples: numpy.ndarray, start: float, end: float) -> float:
    """The loudest frequency of the left channel from `start` to `end`, in seconds."""
    part = samples[round(start * RATE) : round(end * RATE), 0]
    return float(numpy.argmax(abs(numpy.fft.rfft(part)))) / (end - start)


def test_audio_that_changes_from_stereo_to_surround_keeps_its_timing(tmp_path: Path) -> None:
    """A broadcast: from 2 s on there are six channels, and another tone."""
    for name, pitch in (("low", 330), ("high", 660)):
        soundfile.write(tmp_path / f"{name}.wav", tone(2.0, pitch, 0.2), RATE)
    stereo = film(
        tmp_path / "a.ts", *TRANSPORT, "-ac", "2", seconds=2.0, sound=tmp_path / "low.wav"
    )
    surround = film(
        tmp_path / "b.ts",
        *(*TRANSPORT, "-ac", "6", "-output_ts_offset", "2"),
        seconds=2.0,
        sound=tmp_path / "high.wav",
    )
    joined(source(tmp_path), stereo, surround)
    programme = programme_of(ingested(tmp_path))
    assert len(programme) / RATE == pytest.approx(4.0, abs=0.1)
    assert hertz(programme, 0.5, 1.5) == pytest.approx(330, abs=2)
    assert hertz(programme, 2.5, 3.5) == pytest.approx(660, abs=2)


def test_audio_that_starts_late_keeps_its_timing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "late.wav", tone(1.0, 330, 0.2), RATE)
    film(tmp_path / "early.mp4", "-an", seconds=2.0)
    path = source(tmp_path)
    path.parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "early.mp4", "-itsoffset", "0.5", "-i", tmp_path / "late.wav"),
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", path),
    )
    programme = programme_of(ingested(tmp_path))
    assert abs(programme[: round(0.45 * RATE)]).max() < 0.01
    assert hertz(programme, 0.6, 1.4) == pytest.approx(330, abs=2)


def test_error_names_the_first_process_that_failed(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No such file"):
        run_on_track(tmp_path / "absent.mp4", 0, ["-f", "null", "-"])
    film(tmp_path / "whole.mp4", seconds=0.5)
    with pytest.raises(MediaError, match="no-folder"):
        run_on_track(tmp_path / "whole.mp4", 1, [tmp_path / "no-folder/out.wav"])


def loud_and_silent(folder: Path, loud: float, silent: float, *, loud_first: bool) -> Path:
    """Noise and silence: of a rate that changes, a length is guessed wrong."""
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, round(loud * RATE))
    parts = [noise, numpy.zeros(round(silent * RATE))]
    path = folder / "sound.wav"
    soundfile.write(path, numpy.concatenate(parts if loud_first else parts[::-1]), RATE)
    return path


@pytest.mark.parametrize(
    "arguments", [("-f", "adts"), ("-f", "mp3", "-q:a", "2", "-write_xing", "0")]
)
def test_audio_with_an_estimated_duration_is_accepted(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    sound = loud_and_silent(tmp_path, 1.0, 3.0, loud_first=False)
    ffmpeg_into(source(tmp_path), sound, *arguments)
    assert probe(source(tmp_path)).duration > 6.0
    ended = ingested(tmp_path)
    assert ended.result.summary.duration_milliseconds == pytest.approx(4000, abs=100)
    assert "4.0 s of audio without a video stream, 1 audio track" in ended.result.message


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_subtitle_after_the_video_is_not_a_truncation(tmp_path: Path, container: str) -> None:
    cue = tmp_path / "cue.srt"
    cue.write_text("1\n00:00:05,000 --> 00:00:05,500\nend\n")
    film(tmp_path / "film.mp4")
    source(tmp_path).parent.mkdir(parents=True)
    codec = "mov_text" if container == "mp4" else "srt"
    ffmpeg(
        *("-i", tmp_path / "film.mp4", "-i", cue, "-map", "0", "-map", "1", "-c", "copy"),
        *("-c:s", codec, "-f", container, source(tmp_path)),
    )
    assert ingested(tmp_path).result.summary.duration_milliseconds == pytest.approx(
        SECONDS * 1000, abs=100
    )
    content = source(tmp_path).read_bytes()
    if container == "matroska":
        source(tmp_path).write_bytes(content[: len(content) * 6 // 10])
        ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
        assert ended.result.reason == "SourceTruncated"


LINE = Spoken(0.5, 1.0, 0.5)


def test_source_in_joined_parts_is_dubbed_completely(tmp_path: Path) -> None:
    """A transport stream of three parts, each of whose clocks starts anew, declares one."""
    part = film(tmp_path / "part.ts", *TRANSPORT, seconds=2.0)
    joined(source(tmp_path), part, part, part)
    assert probe(source(tmp_path)).duration < 3.0
    tree = dubbed(tmp_path, [LINE], seconds=6.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(6.0, abs=0.1)
    (video,) = tree.files(Artifact.DUBBED_VIDEO)
    assert probe(video).duration == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("heard", "shown", "length"),
    [(10.2, 10.0, 10.0), (9.8, 10.0, 10.0), (12.0, 10.0, 12.0), (4.0, 10.0, 10.0)],
)
def test_duration_is_that_of_the_longer_stream(heard: float, shown: float, length: float) -> None:
    """What a codec adds to fill its last frame is no longer sound."""
    video = {"index": 0, "codec_type": "video", "codec_name": "h264", "duration": str(shown)}
    found = parse_probe({"format": {"format_name": "mov,mp4"}, "streams": [video]})
    assert found.source_seconds(heard) == length


def test_audio_longer_than_declared_is_dubbed_completely(tmp_path: Path) -> None:
    sound = loud_and_silent(tmp_path, 1.0, 5.0, loud_first=True)
    ffmpeg_into(source(tmp_path), sound, "-f", "adts")
    assert probe(source(tmp_path)).duration < 3.0
    tree = dubbed(tmp_path, [LINE], seconds=6.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(6.0, abs=0.1)


def test_video_longer_than_the_audio_is_dubbed_completely(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", tone(2.0, 330, 0.2), RATE)
    film(tmp_path / "film.mp4", "-an")
    source(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "film.mp4", "-i", tmp_path / "short.wav", "-map", "0:v", "-map", "1"),
        *("-c:v", "copy", "-c:a", "aac", source(tmp_path)),
    )
    tree = dubbed(tmp_path, [LINE], seconds=2.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(SECONDS)


def tracks(*languages: str | None, default: int = 0) -> list[AudioTrack]:
    return [
        AudioTrack(n, "aac", 2, RATE, language, is_default=n == default)
        for n, language in enumerate(languages)
    ]


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        pytest.param(tracks("deu", "eng"), "en", 1, id="the source language"),
        pytest.param(tracks("eng", "ger"), "de-AT", 1, id="a file's other code"),
        pytest.param(tracks("eng", "eng", "deu", default=1), "en", 1, id="of two the default"),
        pytest.param(tracks("deu", "eng", default=1), None, 1, id="to be detected: the default"),
        pytest.param(tracks("deu", "fra", default=1), "en", 1, id="none is: the default"),
        pytest.param(tracks(None, None, default=9), "en", 0, id="nothing is tagged: the first"),
    ],
)
def test_dubbed_audio_track(found: list[AudioTrack], wanted: str | None, chosen: int) -> None:
    assert dubbed_track(found, wanted).index == chosen


def test_track_in_the_source_language_is_dubbed(tmp_path: Path) -> None:
    """A German film with its English sound: 330 Hz is German, 660 Hz English."""
    soundfile.write(tmp_path / "en.wav", tone(SECONDS, 660, 0.2), RATE)
    film(tmp_path / "de.mp4")
    source(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "de.mp4", "-i", tmp_path / "en.wav", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=eng"),
        *("-f", "matroska", source(tmp_path)),
    )
    ended = ingested(tmp_path)
    assert hertz(programme_of(ended), 1.0, 3.0) == pytest.approx(660, abs=2)
    assert ended.result.message.endswith("2 audio tracks: number 2 (eng) is dubbed")
    ended = ingested(tmp_path, source_language=None)
    assert not ended.result.reused, "another track is asked for"
    assert hertz(programme_of(ended), 1.0, 3.0) == pytest.approx(330, abs=2)
    tree = dubbed(tmp_path, [LINE]).tree
    (video,) = tree.files(Artifact.DUBBED_VIDEO)
    assert [track.language for track in probe(video).audio] == ["spa", "ger", "eng"]
