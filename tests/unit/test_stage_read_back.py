"""The dubbed video is read back: what a player could not play is not published."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import dubbed_video, make_video

from dubstage.errors import BadInput
from dubstage.media.audio import SAMPLE_RATE
from dubstage.video.aac import encode
from dubstage.video.containers import MP4
from dubstage.video.dubbed_video import DubbedVideo, mux_video
from dubstage.video.read_back import verify

SECONDS = 6.0


def noise(seed: int, seconds: float = SECONDS) -> numpy.ndarray:
    """Noise as low as a voice, which AAC keeps."""
    walk = numpy.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    low = numpy.convolve(walk, numpy.ones(24) / 24, "same")
    voice: numpy.ndarray = (0.2 * low / low.std()).astype(numpy.float32)
    return voice


@pytest.fixture
def dubbed(tmp_path: Path) -> DubbedVideo:
    source, dub = tmp_path / "source.mp4", tmp_path / "dub.wav"
    make_video(source, seconds=SECONDS)
    soundfile.write(dub, noise(1), SAMPLE_RATE)
    return dubbed_video(source, dub, MP4)


def altered(video: DubbedVideo, *arguments: str) -> Path:
    """The dubbed video, changed as ffmpeg's arguments say."""
    target, changed = video.dub.parent / "out.mp4", video.dub.parent / "changed.mp4"
    current = replace(video, encoded=encode(video.dub, video.encoded.file))
    mux_video(current, target, lambda _: None)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", target, "-map", "0", "-c", "copy", *arguments,
         changed],
        check=True,
    )  # fmt: skip
    return changed


def test_good_dub_passes(dubbed: DubbedVideo) -> None:
    verify(dubbed, altered(dubbed), SECONDS)


def test_silent_dub_passes(dubbed: DubbedVideo) -> None:
    soundfile.write(dubbed.dub, numpy.zeros(round(SECONDS * SAMPLE_RATE)), SAMPLE_RATE)
    verify(dubbed, altered(dubbed), SECONDS)


@pytest.mark.parametrize("level", [0.3, 0.01, 0.0015])
def test_white_noise_passes(dubbed: DubbedVideo, level: float) -> None:
    """AAC keeps its spectrum, and only its lower part as it is."""
    samples = numpy.random.default_rng(3).standard_normal((round(SECONDS * SAMPLE_RATE), 2))
    soundfile.write(dubbed.dub, level * numpy.clip(samples, -3, 3), SAMPLE_RATE)
    verify(dubbed, altered(dubbed), SECONDS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-map", "-0:a:1"], "1 audio tracks, expected 2"),
        (["-map", "-0:v"], "its video is missing"),
        (["-t", "3"], "it ends at 3"),
        (["-bsf:v", "noise=amount=1"], "its stream v:0 does not decode"),
        (["-bsf:a:1", "noise=amount=1"], "its stream a:1 does not decode"),
        (["-metadata:s:a:0", "language=fra"], "is in fra, expected spa"),
    ],
)
def test_what_is_missing_or_broken_is_named(
    dubbed: DubbedVideo, arguments: list[str], says: str
) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        verify(dubbed, altered(dubbed, *arguments), SECONDS)
    assert caught.value.reason == "VideoUnsupported"
    assert "source.mp4" in str(caught.value)


@pytest.mark.parametrize("change", [lambda x: noise(2), lambda x: numpy.roll(x, SAMPLE_RATE // 4)])
def test_another_audio_than_the_dub_is_found(
    dubbed: DubbedVideo, change: Callable[[numpy.ndarray], numpy.ndarray]
) -> None:
    """Another signal, or the dub at another time."""
    expected = dubbed.dub.parent / "expected.wav"
    samples, _ = soundfile.read(dubbed.dub, dtype="float32")
    soundfile.write(expected, change(samples), SAMPLE_RATE)
    target = altered(dubbed)
    with pytest.raises(BadInput, match="not the dub"):
        verify(replace(dubbed, dub=expected), target, SECONDS)


def test_cut_off_file_cannot_be_played(dubbed: DubbedVideo) -> None:
    target = altered(dubbed)
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    with pytest.raises(BadInput, match="cannot be played"):
        verify(dubbed, target, SECONDS)


def test_source_that_does_not_decode_is_not_the_fault_of_the_dub(dubbed: DubbedVideo) -> None:
    broken = dubbed.dub.parent / "broken.mp4"
    places = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pos,size",
         "-of", "csv=p=0", dubbed.source],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    content = bytearray(dubbed.source.read_bytes())
    for packet in places[50:]:
        size, start = map(int, packet.strip(",").split(","))
        content[start : start + size] = b"\xff" * size
    broken.write_bytes(content)
    of_broken = replace(dubbed, source=broken)
    verify(of_broken, altered(of_broken), SECONDS)
