"""The real faster-whisper on real speech, and on none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy
import pytest
from conftest import DIARIZER, RATE, WHISPER, Programme, model, run_on, word_error_rate
from numpy.typing import NDArray

from dubstage.contract import EngineChoice, ExitCode, SpeakerRange, Stage
from dubstage.testing import Ended
from dubstage.workspace.layout import Artifact

CHOICE = EngineChoice(engine="faster-whisper", model="base", parameters={"batch_size": 2})


def transcribe(folder: Path, samples: NDArray[numpy.float32], **changes: object) -> Ended:
    if not (folder / "models/faster-whisper/base").exists():
        model(folder, "faster-whisper/base", WHISPER)
    return run_on(folder, samples, Stage.TRANSCRIBE, CHOICE, **changes)


def lines(ended: Ended) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    return found


def spoken(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def test_words_and_times_of_real_speech(tmp_path: Path, programme: Programme) -> None:
    ended = transcribe(tmp_path, programme.samples, source_language=None)
    assert ended.code == ExitCode.OK, ended.result.message
    found = lines(ended)
    heard = spoken(" ".join(str(line["text"]) for line in found))
    assert word_error_rate(spoken(" ".join(programme.texts)), heard) <= 0.1
    assert len(found) == len(programme.texts)
    for line, start in zip(found, programme.starts, strict=True):
        assert start - 0.05 <= float(str(line["start"])) <= start + 0.35
    assert ended.result.source_language == "en"
    assert "language en, 1 speaker" in ended.result.message


def test_missing_diarizer_is_reported(tmp_path: Path, programme: Programme) -> None:
    ended = transcribe(tmp_path, programme.samples[: 8 * RATE], speakers=SpeakerRange(min=2))
    assert "one speaker: the models volume has no diarizer/v1" in ended.result.message


def test_one_reader_is_one_speaker(tmp_path: Path, programme: Programme) -> None:
    model(tmp_path, "diarizer/v1", DIARIZER)
    ended = transcribe(tmp_path, programme.samples)
    assert {line["speaker"] for line in lines(ended)} == {"SPEAKER_00"}
    assert ended.result.message.endswith("language en, 1 speaker")


def music(seconds: float) -> NDArray[numpy.float32]:
    """Chords that come and go."""
    time = numpy.arange(int(seconds * RATE)) / RATE
    sound = sum(numpy.sin(2 * numpy.pi * hertz * time) for hertz in (110, 138.6, 164.8, 220))
    swell = 0.05 * (1 + numpy.sin(2 * numpy.pi * 0.5 * time))
    return numpy.stack([sound * swell] * 2, axis=1).astype(numpy.float32)


@pytest.mark.parametrize("sound", ["silence", "music"])
@pytest.mark.parametrize("language", [None, "en"])
def test_missing_speech_is_reported(tmp_path: Path, sound: str, language: str | None) -> None:
    samples = music(10.0) if sound == "music" else numpy.zeros((10 * RATE, 2), numpy.float32)
    ended = transcribe(tmp_path, samples, source_language=language)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NoSpeech")
    assert "inputs/clip/source.mp4 has no speech" in ended.result.message


def test_telephone_audio_is_transcribed(tmp_path: Path, programme: Programme) -> None:
    """8 kHz mono, as ingest hands it on: nothing above 4 kHz, both channels the same."""
    narrow = programme.samples.mean(axis=1)
    spectrum = numpy.fft.rfft(narrow)
    spectrum[numpy.fft.rfftfreq(len(narrow), 1 / RATE) > 4000] = 0
    narrow = numpy.fft.irfft(spectrum, len(narrow)).astype(numpy.float32)
    ended = transcribe(tmp_path, numpy.stack([narrow, narrow], axis=1))
    heard = spoken(" ".join(str(line["text"]) for line in lines(ended)))
    assert word_error_rate(spoken(" ".join(programme.texts)), heard) <= 0.15


def test_truncated_model_is_named(tmp_path: Path, programme: Programme) -> None:
    folder = model(tmp_path, "faster-whisper/base", WHISPER)
    content = (folder / "model.bin").read_bytes()
    (folder / "model.bin").unlink()
    (folder / "model.bin").write_bytes(content[: len(content) // 2])
    ended = transcribe(tmp_path, programme.samples[:RATE])
    assert ended.code == ExitCode.CONFIG
    assert "model.bin" in ended.result.message
    assert "models pull" in ended.result.message


def test_models_volume_is_read_only(tmp_path: Path, programme: Programme) -> None:
    folder = model(tmp_path, "faster-whisper/base", WHISPER)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "models").rglob("*")}
    folder.chmod(0o555)
    ended = transcribe(tmp_path, programme.samples[: 8 * RATE])
    assert ended.code == ExitCode.OK
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "models").rglob("*")} == before
