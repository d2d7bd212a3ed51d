"""Ingest and mux on sources that differ from what they declare."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import RATE, SECONDS, DubbedSegment, ffmpeg, make_video, run_dub, source_path, tone

from dubstage.contract import ExitCode, Stage
from dubstage.media.ffmpeg import probe
from dubstage.media.probe import AudioTrack, parse_probe
from dubstage.media.tracks import dubbed_track, other_tracks
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

TRANSPORT = ("-c:a", "ac3", "-f", "mpegts")


def join(target: Path, *parts: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"".join(part.read_bytes() for part in parts))


def ingest(folder: Path, **asked: object) -> Ended:
    ended = run_stage_in(folder, request_for(Stage.INGEST, **asked))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended


def encode(target: Path, audio: Path, *arguments: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg("-i", audio, *arguments, target)


def audio_of(ended: Ended) -> numpy.ndarray:
    samples, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), dtype="float32")
    return numpy.asarray(samples)


def hertz(samples: numpy.ndarray, start: float, end: float) -> float:
    """The loudest frequency of the left channel from `start` to `end` (seconds)."""
    part = samples[round(start * RATE) : round(end * RATE), 0]
    return float(numpy.argmax(abs(numpy.fft.rfft(part)))) / (end - start)


def test_audio_that_changes_to_surround_keeps_its_time(tmp_path: Path) -> None:
    """A broadcast with six channels and another tone from 2 s on."""
    for name, pitch in (("low", 330), ("high", 660)):
        soundfile.write(tmp_path / f"{name}.wav", tone(2.0, pitch, 0.2), RATE)
    stereo = make_video(
        tmp_path / "a.ts", *TRANSPORT, "-ac", "2", seconds=2.0, audio=tmp_path / "low.wav"
    )
    surround = make_video(
        tmp_path / "b.ts",
        *(*TRANSPORT, "-ac", "6", "-output_ts_offset", "2"),
        seconds=2.0,
        audio=tmp_path / "high.wav",
    )
    join(source_path(tmp_path), stereo, surround)
    samples = audio_of(ingest(tmp_path))
    assert len(samples) / RATE == pytest.approx(4.0, abs=0.1)
    assert hertz(samples, 0.5, 1.5) == pytest.approx(330, abs=2)
    assert hertz(samples, 2.5, 3.5) == pytest.approx(660, abs=2)


def test_audio_that_starts_late_keeps_its_time(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "late.wav", tone(1.0, 330, 0.2), RATE)
    make_video(tmp_path / "early.mp4", "-an", seconds=2.0)
    path = source_path(tmp_path)
    path.parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "early.mp4", "-itsoffset", "0.5", "-i", tmp_path / "late.wav"),
        *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", path),
    )
    samples = audio_of(ingest(tmp_path))
    assert abs(samples[: round(0.45 * RATE)]).max() < 0.01
    assert hertz(samples, 0.6, 1.4) == pytest.approx(330, abs=2)


def loud_and_silent(folder: Path, loud: float, silent: float, *, loud_first: bool) -> Path:
    """Noise and silence: if the bit rate changes, the estimated duration is wrong."""
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, round(loud * RATE))
    parts = [noise, numpy.zeros(round(silent * RATE))]
    path = folder / "noise.wav"
    soundfile.write(path, numpy.concatenate(parts if loud_first else parts[::-1]), RATE)
    return path


@pytest.mark.parametrize(
    "arguments", [("-f", "adts"), ("-f", "mp3", "-q:a", "2", "-write_xing", "0")]
)
def test_estimated_duration_is_no_truncation(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    audio = loud_and_silent(tmp_path, 1.0, 3.0, loud_first=False)
    encode(source_path(tmp_path), audio, *arguments)
    assert probe(source_path(tmp_path)).duration > 6.0
    ended = ingest(tmp_path)
    assert ended.result.summary.duration_milliseconds == pytest.approx(4000, abs=100)
    assert "4.0 s of audio without a video stream, 1 audio track" in ended.result.message


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_subtitle_after_the_video_is_no_truncation(tmp_path: Path, container: str) -> None:
    cue = tmp_path / "cue.srt"
    cue.write_text("1\n00:00:05,000 --> 00:00:05,500\nend\n")
    make_video(tmp_path / "video.mp4")
    source_path(tmp_path).parent.mkdir(parents=True)
    codec = "mov_text" if container == "mp4" else "srt"
    ffmpeg(
        *("-i", tmp_path / "video.mp4", "-i", cue, "-map", "0", "-map", "1", "-c", "copy"),
        *("-c:s", codec, "-f", container, source_path(tmp_path)),
    )
    assert ingest(tmp_path).result.summary.duration_milliseconds == pytest.approx(
        SECONDS * 1000, abs=100
    )
    content = source_path(tmp_path).read_bytes()
    if container == "matroska":
        source_path(tmp_path).write_bytes(content[: len(content) * 6 // 10])
        ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
        assert ended.result.reason == "SourceTruncated"


SEGMENT = DubbedSegment(0.5, 1.0, 0.5)


def test_joined_recordings_are_dubbed_to_the_end(tmp_path: Path) -> None:
    """A transport stream of three parts, whose clock restarts in each, declares one part."""
    part = make_video(tmp_path / "part.ts", *TRANSPORT, seconds=2.0)
    join(source_path(tmp_path), part, part, part)
    assert probe(source_path(tmp_path)).duration < 3.0
    tree = run_dub(tmp_path, [SEGMENT], seconds=6.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(6.0, abs=0.1)
    (video,) = tree.files(Artifact.DUBBED_VIDEO)
    assert probe(video).duration == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("audio_seconds", "video_seconds", "expected"),
    [(10.2, 10.0, 10.0), (9.8, 10.0, 10.0), (12.0, 10.0, 12.0), (4.0, 10.0, 10.0)],
)
def test_source_is_as_long_as_its_video_or_its_longer_audio(
    audio_seconds: float, video_seconds: float, expected: float
) -> None:
    """The padding of a codec's last frame does not count."""
    video = {
        "index": 0,
        "codec_type": "video",
        "codec_name": "h264",
        "duration": str(video_seconds),
    }
    declared = parse_probe({"format": {"format_name": "mov,mp4"}, "streams": [video]})
    assert declared.source_seconds(audio_seconds) == expected


def test_audio_longer_than_declared_is_dubbed_to_the_end(tmp_path: Path) -> None:
    audio = loud_and_silent(tmp_path, 1.0, 5.0, loud_first=True)
    encode(source_path(tmp_path), audio, "-f", "adts")
    assert probe(source_path(tmp_path)).duration < 3.0
    tree = run_dub(tmp_path, [SEGMENT], seconds=6.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(6.0, abs=0.1)


def test_video_longer_than_its_audio_is_dubbed_to_the_end(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", tone(2.0, 330, 0.2), RATE)
    make_video(tmp_path / "video.mp4", "-an")
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "video.mp4", "-i", tmp_path / "short.wav", "-map", "0:v", "-map", "1"),
        *("-c:v", "copy", "-c:a", "aac", source_path(tmp_path)),
    )
    tree = run_dub(tmp_path, [SEGMENT], seconds=2.0).tree
    assert soundfile.info(tree.path(Artifact.DUBBED_AUDIO)).duration == pytest.approx(SECONDS)


def tracks(*languages: str | None, default: int = 0) -> list[AudioTrack]:
    return [
        AudioTrack(n, "aac", 2, RATE, language, is_default=n == default)
        for n, language in enumerate(languages)
    ]


@pytest.mark.parametrize(
    ("available", "source_language", "chosen"),
    [
        pytest.param(tracks("deu", "eng"), "en", 1, id="the source language"),
        pytest.param(tracks("eng", "ger"), "de-AT", 1, id="a file's other code"),
        pytest.param(tracks("eng", "eng", "deu", default=1), "en", 1, id="two match: the default"),
        pytest.param(
            tracks("deu", "eng", default=1), None, 1, id="language to be detected: the default"
        ),
        pytest.param(tracks("deu", "fra", default=1), "en", 1, id="none matches: the default"),
        pytest.param(tracks(None, None, default=9), "en", 0, id="none is tagged: the first"),
    ],
)
def test_dubbed_track_is_the_one_in_the_source_language(
    available: list[AudioTrack], source_language: str | None, chosen: int
) -> None:
    assert dubbed_track(available, source_language).index == chosen


@pytest.mark.parametrize(
    ("languages", "number", "message"),
    [
        (["spa"], 1, ""),
        (["spa", "eng"], 1, "It has 2 audio tracks, of which 1 (spa) was chosen; the other is 2 "
         "(eng). To dub another one, set spec.sourceLanguage to en (dub submit --from en)."),
        (["eng", None, "spa", "ger", "en-GB"], 3, "the others are 1 (eng), 2 (language not "
         "tagged), 4 (ger), 5 (en-GB). To dub another one, set spec.sourceLanguage to en or de"),
        ([None, None], 2, "of which 2 (language not tagged) was chosen; the other is 1 (language "
         "not tagged). A track is chosen by its language: tag it, or"),
        (["eng", "eng"], 1, "the other is 2 (eng). A track is chosen by its language: tag it, or"),
        (["en-US", "en-GB", "fre"], 2, "spec.sourceLanguage to fr (dub submit --from fr)."),
        (["zxx", "spa", "mul", "qaa", "xx"], 2, "A track is chosen by its language: tag it, or"),
        (["es-MX", "spa"], 1, "tag it, or provide a source with that track alone."),
    ],
)  # fmt: skip
def test_other_audio_tracks_are_named_with_the_way_to_choose_one(
    languages: list[str | None], number: int, message: str
) -> None:
    assert message in other_tracks(languages, number, "es")
    assert bool(message) is bool(other_tracks(languages, number, "es"))


def two_tracks(tmp_path: Path, first: str, second: str) -> None:
    """A source with two audio tracks in these languages."""
    soundfile.write(tmp_path / "second.wav", tone(SECONDS, 660, 0.2), RATE)
    make_video(tmp_path / "first.mp4")
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "first.mp4", "-i", tmp_path / "second.wav", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-metadata:s:a:0", f"language={first}"),
        *("-metadata:s:a:1", f"language={second}", "-f", "matroska", source_path(tmp_path)),
    )


def test_track_in_the_target_language_is_refused_if_another_one_can_be_dubbed(
    tmp_path: Path,
) -> None:
    """In ingest, before a GPU is requested."""
    two_tracks(tmp_path, "spa", "eng")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST, source_language=None))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "SameLanguage")
    assert ended.result.message.startswith("The audio of inputs/clip/source.mp4 is tagged spa,")
    assert "the other is 2 (eng)" in ended.result.message
    assert "(dub submit --from en)" in ended.result.message
    assert ended.result.message.endswith(
        "If the tag is wrong, set spec.sourceLanguage to the language that is spoken."
    )
    ended = ingest(tmp_path)
    assert ended.code == ExitCode.OK, "spec.sourceLanguage chooses it"
    assert ended.result.message.endswith("number 2 (eng) is dubbed")


@pytest.mark.parametrize("other", ["spa", "zxx", "mul", "mis", "qaa", "xx"])
def test_track_is_not_refused_for_its_tag_if_no_other_is_offered(
    other: str, tmp_path: Path
) -> None:
    """The tag may be wrong."""
    two_tracks(tmp_path, "spa", other)
    assert ingest(tmp_path, source_language=None).code == ExitCode.OK


def test_source_language_selects_the_dubbed_track(tmp_path: Path) -> None:
    """A German source with a second, English track: 330 Hz is German, 660 Hz English."""
    soundfile.write(tmp_path / "en.wav", tone(SECONDS, 660, 0.2), RATE)
    make_video(tmp_path / "de.mp4")
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(
        *("-i", tmp_path / "de.mp4", "-i", tmp_path / "en.wav", "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=eng"),
        *("-f", "matroska", source_path(tmp_path)),
    )
    ended = ingest(tmp_path)
    assert hertz(audio_of(ended), 1.0, 3.0) == pytest.approx(660, abs=2)
    assert ended.result.message.endswith("2 audio tracks: number 2 (eng) is dubbed")
    ended = ingest(tmp_path, source_language=None)
    assert not ended.result.reused, "another track is dubbed"
    assert hertz(audio_of(ended), 1.0, 3.0) == pytest.approx(330, abs=2)
    tree = run_dub(tmp_path, [SEGMENT]).tree
    (video,) = tree.files(Artifact.DUBBED_VIDEO)
    assert [track.language for track in probe(video).audio] == ["spa", "ger", "eng"]
