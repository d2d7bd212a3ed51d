"""AAC in pieces: the audio and the times of a single encoder, without a click at a joint."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import dubbed_video, ffmpeg, make_video
from numpy.typing import NDArray

from dubstage.media.ahead import run_ahead
from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import probe
from dubstage.video import aac
from dubstage.video.aac import FRAME, count_frames, encode
from dubstage.video.containers import MATROSKA, MOV, MP4, Container
from dubstage.video.dubbed_video import mux_video

Audio = NDArray[numpy.float64]
SECONDS = 12
SAMPLES = SECONDS * SAMPLE_RATE + 777
TIME = numpy.arange(SAMPLES) / SAMPLE_RATE


def music() -> Audio:
    """Chords that decay, each with a drum."""
    random = numpy.random.default_rng(5)
    audio = numpy.zeros(SAMPLES)
    for number in range(2 * SECONDS):
        start = number * SAMPLE_RATE // 2
        time = TIME[: SAMPLES - start]
        hertz = 220 * 2 ** (number * 7 % 12 / 12)
        for harmonic in range(1, 8):
            wave = numpy.sin(2 * numpy.pi * hertz * harmonic * time)
            audio[start:] += 0.08 / harmonic * wave * numpy.exp(-3 * time)
        drum = random.standard_normal(2400) * numpy.exp(-numpy.arange(2400) / 300)
        audio[start:][:2400] += 0.15 * drum[: SAMPLES - start]
    return audio


def transients() -> Audio:
    random = numpy.random.default_rng(5)
    audio = 0.001 * random.standard_normal(SAMPLES)
    audio[random.integers(0, SAMPLES, 15 * SECONDS)] += 0.6
    return audio


def speech() -> Audio:
    """Syllables: a voice whose pitch and level change, then a fricative."""
    random = numpy.random.default_rng(5)
    pitch = numpy.cumsum(120 + 30 * numpy.sin(2 * numpy.pi * 0.7 * TIME)) / SAMPLE_RATE
    voice = sum(numpy.sin(2 * numpy.pi * n * pitch) / n for n in range(1, 20))
    syllables = numpy.clip(numpy.sin(2 * numpy.pi * 3.1 * TIME), 0, 1)
    fricatives = numpy.clip(numpy.sin(2 * numpy.pi * 3.1 * TIME + 3.5), 0.8, 1) - 0.8
    return 0.1 * voice * syllables + 0.2 * fricatives * random.standard_normal(SAMPLES)


SIGNALS: dict[str, Callable[[], Audio]] = {
    "music": music,
    "transients": transients,
    "speech": speech,
    "noise": lambda: 0.1 * numpy.random.default_rng(5).standard_normal(SAMPLES),
    "tone": lambda: 0.3 * numpy.sin(2 * numpy.pi * 440 * TIME),
    "silence": lambda: numpy.zeros(SAMPLES),
}


def wav(path: Path, mono: Audio) -> Path:
    """A stereo file whose channels differ."""
    soundfile.write(path, numpy.stack([mono, 0.7 * numpy.roll(mono, 200)], 1), SAMPLE_RATE)
    return path


def decoded(track: Path) -> Audio:
    """The audio of a track, whose first frame is before it."""
    audio = numpy.frombuffer(
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(track), "-f", "f32le", "pipe:1"],
            check=True, capture_output=True,
        ).stdout, numpy.float32,
    )  # fmt: skip
    return audio.reshape(-1, 2)[FRAME:][:SAMPLES].astype(numpy.float64)


def in_one_piece(audio: Path, target: Path) -> Path:
    ffmpeg("-i", audio, "-c:a", "aac", "-b:a", "192k", target)
    return target


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aac, "PIECE_FRAMES", 150)
    monkeypatch.setattr(aac, "SHORTEST_FRAMES", 140)


@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("name", SIGNALS)
def test_pieces_sound_as_one(tmp_path: Path, name: str) -> None:
    """As long, and as near to the source: everywhere, and at the joints."""
    source = wav(tmp_path / "dub.wav", SIGNALS[name]())
    track = encode(source, tmp_path / "pieces.aac")
    original, _ = soundfile.read(source)
    pieces = decoded(track.file)
    whole = decoded(in_one_piece(source, tmp_path / "whole.aac"))
    assert len(pieces) == len(whole) == SAMPLES
    errors, usual = pieces - original, whole - original
    floor = 1e-9 * SAMPLES
    assert (errors**2).sum() <= 1.25 * (usual**2).sum() + floor
    joints = [piece.first * FRAME for piece in aac._pieces(count_frames(SAMPLES))[1:]]
    assert len(joints) == 3
    near = numpy.concatenate([numpy.arange(j - 30 * FRAME, j + 30 * FRAME) for j in joints])
    near = near[(near >= 0) & (near < SAMPLES)]
    limit = numpy.abs(usual).max() * 1.3 + 1e-4
    assert numpy.abs(errors[near]).max() <= limit, "a click at a joint"
    assert (errors[near] ** 2).sum() <= 1.5 * (usual[near] ** 2).sum() + floor


@pytest.mark.usefixtures("short_pieces")
def test_pieces_that_cannot_be_joined_are_encoded_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aac, "_window", lambda frame: None)
    source = wav(tmp_path / "dub.wav", music())
    track = encode(source, tmp_path / "pieces.aac")
    whole = in_one_piece(source, tmp_path / "whole.aac")
    assert track.file.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("samples", [1, FRAME - 1, FRAME, FRAME + 1, 50 * FRAME + 3])
def test_every_length_has_its_frames(tmp_path: Path, samples: int) -> None:
    audio = tmp_path / "dub.wav"
    soundfile.write(audio, numpy.full((samples, 2), 0.1), SAMPLE_RATE)
    track = encode(audio, tmp_path / "dub.aac")
    frames = list(aac._frames(track.file.read_bytes()))
    assert len(frames) == count_frames(samples)
    assert track.samples == samples


def start_and_length(video: Path) -> tuple[float, float]:
    """Of the first audio track, relative to the video, in seconds."""
    found = probe(video)
    assert found.video
    return found.audio[0].start - found.video.start, found.audio[0].duration or 0.0


@pytest.mark.parametrize("container", [MP4, MOV, MATROSKA], ids=lambda one: one.suffix)
def test_encoded_dub_has_its_time_and_length_in_every_container(
    tmp_path: Path, container: Container
) -> None:
    """Those that ffmpeg gives it if it encodes and muxes at once."""
    dub = wav(tmp_path / "dub.wav", music()[: 3 * SAMPLE_RATE + 777])
    source = make_video(tmp_path / "source.mp4", seconds=3.0)
    video = dubbed_video(source, dub, container)
    ours, theirs = (tmp_path / f"{name}.{container.suffix}" for name in ("ours", "theirs"))
    mux_video(video, ours, lambda _: None)
    maps = ["-map", "0:v", "-map", "1:a", "-map", "0:a"]
    codecs = ["-c", "copy", "-c:a:0", "aac", "-b:a:0", "192k"]
    ffmpeg("-i", source, "-i", dub, *maps, *codecs, theirs)
    assert start_and_length(ours) == pytest.approx(start_and_length(theirs), abs=0.0011)
    first, second = (
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(file), "-map", "0:a:0", "-f", "md5", "-"],
            check=True, capture_output=True,
        ).stdout for file in (ours, theirs)
    )  # fmt: skip
    assert first == second


def test_running_ahead_keeps_the_order() -> None:
    assert list(run_ahead(lambda x: x * x, range(20))) == [x * x for x in range(20)]
    with pytest.raises(ZeroDivisionError):
        list(run_ahead(lambda x: 1 // x, [1, 0, 2]))
