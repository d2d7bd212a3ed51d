"""Ingest on the kinds of files that people have: levels, formats, and the right refusal."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import RATE, SECONDS, ffmpeg, make_video, source_path, tone

from dubstage.contract import ExitCode, Stage
from dubstage.media.audio import mix_to_mono
from dubstage.media.windows import parts_of
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

RAW_VIDEO = ("-f", "lavfi", "-i", f"color=black:s=160x90:r=25:d={SECONDS}")


def ingest(folder: Path, **asked: object) -> Ended:
    return run_stage_in(folder, request_for(Stage.INGEST, **asked))


def facts(ended: Ended) -> dict[str, object]:
    assert ended.code == ExitCode.OK, ended.result.message
    read: dict[str, object] = json.loads(ended.tree.path(Artifact.SOURCE_FACTS).read_text())
    return read


def audio_of(ended: Ended) -> numpy.ndarray:
    assert ended.code == ExitCode.OK, ended.result.message
    samples, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), dtype="float32")
    return numpy.asarray(samples)


def channels(folder: Path, *columns: numpy.ndarray) -> None:
    """A source of these channels, without a layout."""
    soundfile.write(folder / "channels.wav", numpy.stack(columns, 1), RATE)
    source_path(folder).parent.mkdir(parents=True)
    ffmpeg(*RAW_VIDEO, "-i", folder / "channels.wav", "-c:a", "copy", "-f", "mov",
           source_path(folder))  # fmt: skip


def loudness_of(path: Path, *filters: str) -> float:
    """LUFS of the first audio track, as ffmpeg alone measures it."""
    text = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-map", "0:a:0", "-af",
         ",".join([*filters, "ebur128=dualmono=true:framelog=verbose"]), "-f", "null", "-"],
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    return float(text.rpartition("I:")[2].split()[0])


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("aiff", "pcm_s16be"), ("caf", "pcm_s16le"), ("w64", "pcm_s16le"), ("au", "pcm_s16be"),
        ("wv", "wavpack"), ("tta", "tta"), ("ac3", "ac3"), ("eac3", "eac3"), ("dts", "dca"),
        ("truehd", "truehd"), ("voc", "pcm_s16le"), ("ogg", "libvorbis"), ("opus", "libopus"),
    ],
)  # fmt: skip
def test_audio_file_is_accepted(tmp_path: Path, container: str, codec: str) -> None:
    soundfile.write(tmp_path / "tone.wav", numpy.stack([tone(2.0, 330, 0.3)] * 2, 1), RATE)
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg("-i", tmp_path / "tone.wav", "-c:a", codec, "-strict", "-2", "-f", container,
           source_path(tmp_path))  # fmt: skip
    samples = audio_of(ingest(tmp_path))
    assert len(samples) / RATE == pytest.approx(2.0, abs=0.05)
    assert abs(samples).max() == pytest.approx(0.3, abs=0.03)


def test_tape_is_accepted(tmp_path: Path) -> None:
    make_video(tmp_path / "film.mp4")
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg("-i", tmp_path / "film.mp4", "-target", "pal-dv", "-f", "dv", source_path(tmp_path))
    assert len(audio_of(ingest(tmp_path))) / RATE == pytest.approx(SECONDS, abs=0.1)


def test_mono_keeps_its_level(tmp_path: Path) -> None:
    channels(tmp_path, tone(SECONDS, 997, 0.5))
    ended = ingest(tmp_path)
    assert abs(audio_of(ended)).max() == pytest.approx(0.5, abs=0.005)
    assert facts(ended)["loudness"] == pytest.approx(loudness_of(source_path(tmp_path)), abs=0.1)


def test_surround_is_measured_with_its_own_layout(tmp_path: Path) -> None:
    noise = numpy.random.default_rng(1)
    columns = [noise.uniform(-0.2, 0.2, round(SECONDS * RATE)) for _ in range(6)]
    soundfile.write(tmp_path / "six.wav", numpy.stack(columns, 1), RATE)
    source_path(tmp_path).parent.mkdir(parents=True)
    ffmpeg(*RAW_VIDEO, "-i", tmp_path / "six.wav", "-af", "aformat=channel_layouts=5.1",
           "-c:a", "flac", "-f", "matroska", source_path(tmp_path))  # fmt: skip
    ended = ingest(tmp_path)
    own = loudness_of(source_path(tmp_path))
    mixed = loudness_of(ended.tree.path(Artifact.AUDIO))
    assert facts(ended)["loudness"] == pytest.approx(own, abs=0.1)
    assert own - mixed > 3, "the stereo mix is softer: it must not clip"
    assert ended.result.summary.source_loudness_centi_lufs == pytest.approx(own * 100, abs=10)


@pytest.mark.parametrize("count", [10, 12, 16])
def test_many_channels_are_averaged(tmp_path: Path, count: int) -> None:
    channels(tmp_path, *[tone(SECONDS, 997, 0.3)] * count)
    ended = ingest(tmp_path)
    assert abs(audio_of(ended)).max() == pytest.approx(0.3, abs=0.005)
    assert facts(ended)["loudness"] == pytest.approx(
        loudness_of(ended.tree.path(Artifact.AUDIO)), abs=0.1
    )


def test_channels_that_cancel_are_heard_by_the_recognizer(tmp_path: Path) -> None:
    left = tone(2.0, 440, 0.3)
    soundfile.write(tmp_path / "stereo.wav", numpy.stack([left, -left], 1), RATE)
    (part,) = parts_of(tmp_path / "stereo.wav")
    assert abs(part.samples).max() == pytest.approx(0.3, abs=0.01)


def test_mono_mix_is_the_average_of_ordinary_channels() -> None:
    left, right = tone(1.0, 440, 0.3), tone(1.0, 660, 0.2)
    mixed = mix_to_mono(numpy.stack([left, right], 1), RATE)
    assert numpy.allclose(mixed, (left + right) / 2, atol=1e-6)
    assert len(mix_to_mono(numpy.zeros((0, 2), numpy.float32), RATE)) == 0


def test_silence_is_refused_unless_there_is_a_transcript(tmp_path: Path) -> None:
    channels(tmp_path, tone(SECONDS, 440, 0.0002))
    ended = ingest(tmp_path)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NoSpeech")
    cue = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
    (tmp_path / "inputs/clip/transcript.srt").write_text(cue)
    assert ingest(tmp_path).code == ExitCode.OK


def test_soft_speech_is_not_silence(tmp_path: Path) -> None:
    channels(tmp_path, tone(SECONDS, 440, 0.001))
    assert ingest(tmp_path).code == ExitCode.OK


def second_track(folder: Path, codec: str) -> None:
    """A video whose second audio track calls itself `codec`, which nothing decodes."""
    make_video(folder / "film.mov", "-c:a", "aac")
    ffmpeg(*("-i", folder / "film.mov", "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"),
           *("-metadata:s:a:1", "language=eng", "-f", "mov", folder / "two.mov"))  # fmt: skip
    content = bytearray((folder / "two.mov").read_bytes())
    entry = content.find(b"mp4a", content.rfind(b"stsd"))
    content[entry : entry + 4] = codec.encode()
    for box in (b"wave", b"esds"):
        place = content.find(box, entry)
        while place != -1 and place < entry + 400:
            content[place : place + 4] = b"free"
            place = content.find(box, place + 4)
    source_path(folder).parent.mkdir(parents=True, exist_ok=True)
    source_path(folder).write_bytes(content)


def test_track_without_a_decoder_is_neither_dubbed_nor_carried(tmp_path: Path) -> None:
    second_track(tmp_path, "apac")
    ended = ingest(tmp_path, source_language="en")
    assert facts(ended)["track"] == 1, "though the other one is tagged English"
    plan = facts(ended)["video"]
    assert isinstance(plan, dict)
    assert (plan["omitted"], plan["converted"]) == ([2], [])
    assert "leaves out audio track 2 (unknown codec)" in ended.result.message


def test_codec_that_the_container_refuses_is_carried_somehow(tmp_path: Path) -> None:
    """FLAC, which ffmpeg 5 writes to mp4 only as an experiment."""
    make_video(source_path(tmp_path), "-c:a", "flac", "-f", "mp4", "-strict", "-2")
    plan = facts(ingest(tmp_path))["video"]
    assert isinstance(plan, dict)
    assert (plan["omitted"], plan["converted"]) == ([], [])


def encrypted(folder: Path) -> None:
    make_video(source_path(folder), "-encryption_scheme", "cenc-aes-ctr", "-encryption_key",
               "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid",
               "a7e61c373e219033c21091fa607bf3b8")  # fmt: skip


def scrambled(folder: Path) -> None:
    make_video(source_path(folder), "-f", "mpegts")
    content = bytearray(source_path(folder).read_bytes())
    noise = numpy.random.default_rng(1)
    for start in range(0, len(content), 188):
        if int.from_bytes(content[start + 1 : start + 3], "big") & 0x1FFF in (256, 257):
            content[start + 3] |= 0xC0
            content[start + 4 : start + 188] = noise.bytes(184)
    source_path(folder).write_bytes(content)


def playlist(folder: Path) -> None:
    source_path(folder).parent.mkdir(parents=True)
    source_path(folder).write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n")


def picture(folder: Path) -> None:
    source_path(folder).parent.mkdir(parents=True)
    ffmpeg(*RAW_VIDEO, "-frames:v", "1", "-f", "apng", source_path(folder))


def written(content: bytes) -> Callable[[Path], None]:
    """A maker of a source with this content, whatever its name says."""

    def make(folder: Path) -> None:
        source_path(folder).parent.mkdir(parents=True)
        source_path(folder).write_bytes(content)

    return make


def archive(folder: Path) -> None:
    source_path(folder).parent.mkdir(parents=True)
    with zipfile.ZipFile(source_path(folder), "w") as file:
        file.writestr("talk.mp4", "video")


def still(folder: Path) -> None:
    source_path(folder).parent.mkdir(parents=True)
    ffmpeg(*RAW_VIDEO, "-frames:v", "1", "-f", "mjpeg", source_path(folder))


def only_unknown_codec(folder: Path) -> None:
    second_track(folder, "apac")
    ffmpeg("-i", source_path(folder), "-map", "0:v", "-map", "0:2", "-c", "copy", "-f", "mov",
           folder / "one.mov")  # fmt: skip
    (folder / "one.mov").replace(source_path(folder))


def gray(folder: Path) -> None:
    """A video that is a text throughout."""
    source = source_path(folder)
    source.parent.mkdir(parents=True)
    source.write_bytes(b"YUV4MPEG2 W64 H64 F25:1 C420\n" + (b"FRAME\n" + b"@" * 6144) * 4)


@pytest.mark.parametrize(
    ("make", "reason", "says"),
    [
        (gray, "FormatUnsupported", "(yuv4mpegpipe)"),
        (encrypted, "SourceEncrypted", "encrypted"),
        (scrambled, "SourceEncrypted", "encrypted"),
        (playlist, "FormatUnsupported", "a playlist"),
        (picture, "FormatUnsupported", "a PNG picture"),
        (still, "FormatUnsupported", "a JPEG picture"),
        (archive, "FormatUnsupported", "a ZIP archive"),
        (written(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"), "FormatUnsupported", "a PDF document"),
        (written(b"Not a video.\n"), "FormatUnsupported", "a text file, not a video"),
        (written("Kein Vídeo, 視頻 ".encode() * 5000), "FormatUnsupported", "a text file"),
        (written("Notes".encode("utf-16")), "FormatUnsupported", "a text file"),
        (written(b"<!DOCTYPE html>\n<title>404"), "FormatUnsupported", "a web page"),
        (written(b"\x00" * 70000), "SourceUnreadable", "nothing but zeros"),
        (written(bytes(range(256)) * 99), "SourceUnreadable", "or not a media file"),
        (only_unknown_codec, "AudioCodecUnsupported", "apac"),
    ],
)
def test_refusal_says_what_the_file_is(
    tmp_path: Path, make: object, reason: str, says: str
) -> None:
    assert callable(make)
    make(tmp_path)
    ended = ingest(tmp_path)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason), ended.result.message
    assert says in ended.result.message
    assert "cut off" not in ended.result.message


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        ("kill -9 $$", ExitCode.TEMPFAIL, "ProgramKilled"),
        ("kill -11 $$", ExitCode.TEMPFAIL, "ProgramKilled"),
        ("exit 255", ExitCode.TEMPFAIL, "ProgramKilled"),
        ("echo 'out.wav: Disk quota exceeded' >&2; exit 1", ExitCode.TEMPFAIL, "VolumeFull"),
        ("echo 'out.wav: Permission denied' >&2; exit 1", ExitCode.CONFIG, "VolumeRefused"),
        ("echo 'out.wav: Read-only file system' >&2; exit 1", ExitCode.CONFIG, "VolumeRefused"),
        ("echo 'in.mp4: Stale file handle' >&2; exit 1", ExitCode.TEMPFAIL, "TemporaryFailure"),
        (
            "echo 'av_interleaved_write_frame(): Input/output error' >&2; exit 1",
            ExitCode.TEMPFAIL,
            "TemporaryFailure",
        ),
        (
            "echo 'in.mp4: Input/output error' >&2; exit 1",
            ExitCode.DATAERR,
            "SourceUnreadable",
        ),
    ],
)
def test_trouble_of_the_machine_is_not_the_fault_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, code: ExitCode, reason: str
) -> None:
    """The last: ffmpeg also reports an I/O error where a whole volume has a damaged file."""
    make_video(source_path(tmp_path))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ffmpeg").write_text(f"#!/bin/sh\n{end}\n")
    (programs / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    ended = ingest(tmp_path)
    assert (ended.code, ended.result.reason) == (code, reason), ended.result.message
    assert list((tmp_path / "interim/clip/text/vid/speaks").iterdir()) == []


@pytest.mark.parametrize(
    ("language", "start", "reason", "says"),
    [
        (None, "00:00:01,000", "LanguageUnknown", "spec.sourceLanguage"),
        ("en", "00:01:01,000", "BadCorrection", "61.0 s"),
    ],
)
def test_transcript_is_checked_before_a_gpu_is_requested(
    tmp_path: Path, language: str | None, start: str, reason: str, says: str
) -> None:
    """Also if ingest's own work is done already."""
    make_video(source_path(tmp_path))
    assert ingest(tmp_path, source_language=language).code == ExitCode.OK
    transcript = tmp_path / "inputs/clip/transcript.srt"
    transcript.write_text(f"1\n{start} --> 00:01:02,000\nHello.\n")
    ended = ingest(tmp_path, source_language=language)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason)
    assert says in ended.result.message


def test_own_translation_needs_no_engine_for_its_language(tmp_path: Path) -> None:
    make_video(source_path(tmp_path))
    refused = ingest(tmp_path, target_language="de")
    assert refused.result.reason == "LanguageUnsupported"
    translation = tmp_path / "inputs/clip/translation.srt"
    translation.write_text("1\n00:00:00,100 --> 00:00:00,900\nGuten Tag.\n")
    assert ingest(tmp_path, target_language="de").code == ExitCode.OK
