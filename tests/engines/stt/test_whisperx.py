"""The real WhisperX on real speech: text, times and speakers, without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aligners
import diarizers
import numpy
import pytest
from conftest import DIARIZER as DIARIZER_SEED
from conftest import RATE, WHISPER, Programme, model, run_on, word_error_rate
from numpy.typing import NDArray

from dubstage.contract import EngineChoice, ExitCode, SpeakerRange, Stage
from dubstage.engines.repositories import DIARIZER, LOCAL_DIARIZER
from dubstage.models.pull import TOKENS
from dubstage.models.volume import write_sums
from dubstage.testing import Ended
from dubstage.text.transcript import AlignedSegments
from dubstage.workspace.layout import Artifact

CHOICE = EngineChoice(
    engine="whisperx", model="base", parameters={"device": "cpu", "batch_size": 2, "beam_size": 1}
)


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKENS:
        monkeypatch.delenv(name, raising=False)


def transcribe(folder: Path, samples: NDArray[numpy.float32], **changes: Any) -> Ended:
    if not (folder / "models/whisperx").exists():
        model(folder, "whisperx/base", WHISPER)
    choice = changes.pop("choice", CHOICE)
    return run_on(folder, samples, Stage.TRANSCRIBE, choice, **changes)


def lay_aligner(folder: Path) -> Path:
    aligner = folder / "models/wav2vec2/en"
    aligners.save(aligner)
    write_sums(aligner)
    return aligner


def heard(ended: Ended) -> AlignedSegments:
    assert ended.code == ExitCode.OK, ended.result.message
    text = ended.tree.path(Artifact.ALIGNED_SEGMENTS).read_text()
    return AlignedSegments.model_validate_json(text)


def spoken(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower()).split()


def test_aligned_words_of_real_speech(tmp_path: Path, programme: Programme) -> None:
    lay_aligner(tmp_path)
    ended = transcribe(tmp_path, programme.samples, source_language=None)
    found = heard(ended)
    words = spoken(" ".join(word.word for word in found.word_segments))
    assert word_error_rate(spoken(" ".join(programme.texts)), words) <= 0.12
    assert found.language == "en"
    assert found.language_probability > 0.9
    starts = [word.start for word in found.word_segments]
    assert starts == sorted(starts)
    seconds = len(programme.samples) / RATE
    assert all(0 <= word.start <= word.end <= seconds for word in found.word_segments)
    # The aligner's, not Whisper's: scores of letters under made weights are small.
    assert max(word.score or 0.0 for word in found.word_segments) < 0.5
    assert (
        "1 speaker; all speech is attributed to one speaker: the models volume has no pyannote/"
        in ended.result.message
    )
    lines = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    assert max(line["duration"] for line in lines) <= 9.0


def test_language_without_an_aligner_uses_times_of_whisper(
    tmp_path: Path, programme: Programme
) -> None:
    ended = transcribe(tmp_path, programme.samples)
    assert "en has no aligner: its words have Whisper's own times" in ended.result.message
    lines = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    assert len(lines) == len(programme.texts)
    for line, start in zip(lines, programme.starts, strict=True):
        assert start - 0.05 <= line["start"] <= start + 0.35


def two_voices(programme: Programme) -> NDArray[numpy.float32]:
    """The first sentence, and the second a third higher and faster."""
    first, second, third = (int(start * RATE) for start in programme.starts[:3])
    other = programme.samples[second : third - RATE]
    places = numpy.arange(0, len(other), 1.25)
    left = numpy.interp(places, numpy.arange(len(other)), other[:, 0]).astype(numpy.float32)
    return numpy.concatenate(
        [programme.samples[: second - first + RATE], numpy.stack([left, left], axis=1)]
    )


def test_diarization_uses_the_pipeline_on_the_volume(tmp_path: Path, programme: Programme) -> None:
    """With Whisper's own times: those of a made aligner are nowhere near."""
    diarizers.save(tmp_path / "models" / DIARIZER)
    write_sums(tmp_path / "models" / DIARIZER)
    samples = two_voices(programme)
    ended = transcribe(tmp_path, samples, speakers=SpeakerRange(min=2, max=2))
    speakers = [word.speaker for word in heard(ended).word_segments]
    assert set(speakers) == {"SPEAKER_00", "SPEAKER_01"}
    assert speakers[0] != speakers[-1]
    assert "2 speakers" in ended.result.message
    assert ended.result.summary.speakers == 2
    alone = transcribe(tmp_path, samples, speakers=SpeakerRange(min=1, max=1))
    assert "1 speaker" in alone.result.message
    assert "taken for" not in alone.result.message


def test_without_a_token_the_local_diarizer_is_used_and_named(
    tmp_path: Path, programme: Programme
) -> None:
    model(tmp_path, LOCAL_DIARIZER, DIARIZER_SEED)
    ended = transcribe(tmp_path, two_voices(programme))
    speakers = [word.speaker for word in heard(ended).word_segments]
    assert list(dict.fromkeys(speakers)) == ["SPEAKER_00", "SPEAKER_01"]
    assert (
        f"speakers by {LOCAL_DIARIZER}: the models volume has no {DIARIZER}, and there is no "
        "Hugging Face token for it"
    ) in ended.result.message


def test_missing_speech_is_reported(tmp_path: Path) -> None:
    lay_aligner(tmp_path)
    silence = numpy.zeros((5 * RATE, 2), numpy.float32)
    ended = transcribe(tmp_path, silence, source_language=None)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NoSpeech")


def test_exhausted_gpu_memory_halves_the_batch(
    tmp_path: Path, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whisperx.asr import WhisperModel

    lay_aligner(tmp_path)
    tried: list[int] = []
    generate = WhisperModel.generate_segment_batched

    def with_little_memory(self: Any, features: Any, *rest: Any, **options: Any) -> Any:
        tried.append(features.shape[0])
        if len(tried) == 1:
            raise RuntimeError("CUDA failed with error out of memory")
        return generate(self, features, *rest, **options)

    monkeypatch.setattr(WhisperModel, "generate_segment_batched", with_little_memory)
    ended = transcribe(tmp_path, programme.samples[: 8 * RATE])
    assert heard(ended).word_segments
    assert len(tried) == 2


@pytest.mark.parametrize("part", ["whisperx/base/model.bin", "wav2vec2/en/model.safetensors"])
def test_truncated_model_is_named(tmp_path: Path, programme: Programme, part: str) -> None:
    lay_aligner(tmp_path)
    model(tmp_path, "whisperx/base", WHISPER)
    path = tmp_path / "models" / part
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])
    ended = transcribe(tmp_path, programme.samples[: 8 * RATE])
    assert ended.code == ExitCode.CONFIG
    assert path.name in ended.result.message
    assert part.rpartition("/")[0] in ended.result.message


def test_models_volume_is_read_only(tmp_path: Path, programme: Programme) -> None:
    lay_aligner(tmp_path)
    model(tmp_path, "whisperx/base", WHISPER)
    models = tmp_path / "models"
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    assert heard(transcribe(tmp_path, programme.samples[: 8 * RATE]))
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before


def test_pyannote_sends_no_telemetry() -> None:
    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    assert not is_metrics_enabled()
