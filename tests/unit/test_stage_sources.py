"""Sources that are not what they declare: ingest and mux on each."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import RATE, ffmpeg, film, source, tone

from dubstage.contract import ExitCode, Stage
from dubstage.layout import Artifact
from dubstage.media import DECODED, MediaError, decoded, input_file
from dubstage.media import ffmpeg as run_ffmpeg
from dubstage.testing import Ended, request_for, run_stage_in

TRANSPORT = ("-c:a", "ac3", "-f", "mpegts")


def joined(target: Path, *parts: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"".join(part.read_bytes() for part in parts))


def ingested(folder: Path, **asked: object) -> Ended:
    ended = run_stage_in(folder, request_for(Stage.INGEST, **asked))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended


def programme_of(ended: Ended) -> numpy.ndarray:
    samples, _ = soundfile.read(ended.tree.path(Artifact.AUDIO), dtype="float32")
    return numpy.asarray(samples)


def hertz(samples: numpy.ndarray, start: float, end: float) -> float:
    """The loudest frequency of the left channel from `start` to `end`, in seconds."""
    part = samples[round(start * RATE) : round(end * RATE), 0]
    return float(numpy.argmax(abs(numpy.fft.rfft(part)))) / (end - start)


def test_sound_that_turns_from_stereo_to_surround_stays_in_its_place(tmp_path: Path) -> None:
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


def test_sound_that_starts_late_stays_late(tmp_path: Path) -> None:
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


def test_of_two_programs_that_fail_the_first_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(MediaError, match="No such file"),
        decoded(input_file(tmp_path / "absent.mp4")) as sound,
    ):
        run_ffmpeg([*DECODED, "-f", "null", "-"], source=sound)
    film(tmp_path / "whole.mp4", seconds=0.5)
    with (
        pytest.raises(MediaError, match="no-folder"),
        decoded([*input_file(tmp_path / "whole.mp4"), "-map", "0:a"]) as sound,
    ):
        run_ffmpeg([*DECODED, tmp_path / "no-folder/out.wav"], source=sound)
