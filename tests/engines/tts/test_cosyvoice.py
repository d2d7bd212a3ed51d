"""The synthesize stage with CosyVoice's own code, and small models with random weights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
from conftest import choice_of
from speech_world import segment, tone, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.synthesize.cosyvoice import engine as engine_module
from dubstage.synthesize.cosyvoice import language_model
from dubstage.synthesize.cosyvoice.engine import CosyVoice, Line
from dubstage.synthesize.engine import Voice
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

SEGMENTS = [
    segment(0, 0.5, 5.0, "Buenos días a todos."),
    segment(1, 6.0, 9.0, "Son 1984 euros.", speaker="BOB"),
    segment(2, 10.0, 11.0, "Adiós."),
]
GENERATIONS = pytest.mark.parametrize("generation", [2, 3])
MODES = pytest.mark.parametrize("mode", ["cross-lingual", "zero-shot"])
TEXTS = ["Adiós.", "Buenos días a todos, y bienvenidos al programa de hoy.", "No.", "Son tres."]


def synthesize(folder: Path, models: Path, choice: EngineChoice) -> Ended:
    write_job(folder, SEGMENTS, seconds=12.0)
    link = folder / "models/cosyvoice"
    link.symlink_to(models / "cosyvoice")
    engines = {**ENGINES, Stage.SYNTHESIZE: choice}
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE, engines=engines))


def rows(ended: Ended) -> list[dict[str, Any]]:
    assert ended.code == ExitCode.OK, ended.result
    read: list[dict[str, Any]] = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    return read


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def voice(tmp_path: Path) -> Voice:
    file = tmp_path / "voice.wav"
    soundfile.write(file, tone(4.0), 16000)
    return Voice("ANN", 0, sample=file, sample_text="one two three", sample_sha256="0" * 64)


def loaded(models: Path, generation: int, **parameters: object) -> CosyVoice:
    choice = choice_of(generation, **parameters)
    return CosyVoice(models / "cosyvoice" / str(choice.model), choice)


@GENERATIONS
@MODES
def test_stage_speaks_every_segment(
    tmp_path: Path, models: Path, generation: int, mode: str
) -> None:
    """Nothing is written to the models volume, and no socket is opened."""
    before = state(models)
    ended = synthesize(tmp_path, models, choice_of(generation, mode=mode))
    for row in rows(ended):
        info = soundfile.info(ended.tree.path(Artifact.TTS_CLIPS).parent / row["audio_file"])
        assert (info.samplerate, info.channels) == (24000, 1)
        assert info.duration > 0.2
    assert state(models) == before


@GENERATIONS
@pytest.mark.parametrize(
    ("error", "tokens", "code", "reason"),
    [
        ("CUDA out of memory. Tried to allocate", 10, ExitCode.TEMPFAIL, "OutOfMemory"),
        ("CUDA out of memory. Tried to allocate", 0, ExitCode.TEMPFAIL, "OutOfMemory"),
        ("CUDA error: no kernel image is available", 0, ExitCode.CONFIG, "GPUUnsupported"),
    ],
)
def test_error_in_upstreams_thread_is_reported(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch,
    generation: int, error: str, tokens: int, code: ExitCode, reason: str,
) -> None:  # fmt: skip
    patch_inference(monkeypatch, range(100, 100 + tokens), RuntimeError(error))
    ended = synthesize(tmp_path, models, choice_of(generation, batch_size=1))
    assert (ended.code, ended.result.reason) == (code, reason), ended.result


@GENERATIONS
def test_text_without_speech_tokens_is_no_sound(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, generation: int
) -> None:
    """It reaches the stage as audio that was not made, and not as an error of the vocoder."""
    patch_inference(monkeypatch, range(0), None)
    ended = synthesize(tmp_path, models, choice_of(generation, batch_size=1))
    assert ended.result.reason == "NoSpeechMade", ended.result


def patch_inference(
    monkeypatch: pytest.MonkeyPatch, tokens: Sequence[int], error: Exception | None
) -> None:
    def inference(**_: object) -> Iterator[int]:
        yield from tokens
        if error:
            raise error

    load_model = engine_module.load_model

    def load(*arguments: Any) -> Any:
        model = load_model(*arguments)
        model.model.llm.inference = inference
        return model

    monkeypatch.setattr(engine_module, "load_model", load)


@GENERATIONS
@pytest.mark.parametrize("together", [1, 4])
def test_text_has_its_least_tokens(
    tmp_path: Path, models: Path, voice: Voice, generation: int, together: int
) -> None:
    """Of CosyVoice 3's own decoding, most random texts are shorter."""
    engine = loaded(models, generation, batch_size=together)
    for _ in range(5):
        engine.announce([(text, voice) for text in TEXTS] if together > 1 else [], "es")
        for text in TEXTS:
            engine.speak(text, "es", voice, 1.0, tmp_path / "a.wav")
            ((line, tokens),) = engine._spoken
            assert len(tokens) >= 2 * engine._text_tokens(line) - silence(engine, tokens)


def silence(engine: CosyVoice, tokens: Sequence[int]) -> int:
    """More than the silent tokens that can have been left out of a random text."""
    return 3 if engine._model.model.silent_tokens else 0


def greedy(scores: Any, decoded: Sequence[int], sampling: int, **_: object) -> int:
    """The best token that is not one of the last four: a random model repeats itself."""
    scores = scores.clone()
    if decoded:
        scores[list(decoded[-4:])] = -float("inf")
    return int(scores.argmax())


@GENERATIONS
@MODES
def test_batch_equals_upstreams_own_decoding(
    tmp_path: Path, models: Path, voice: Voice, generation: int, mode: str
) -> None:
    """Token for token, for texts of different lengths."""
    engine = loaded(models, generation, mode=mode)
    core = engine._model.model
    core.llm.sampling = engine._guard._sample = greedy
    alone = []
    for text in TEXTS:
        engine.announce([], "es")
        engine.speak(text, "es", voice, 1.0, tmp_path / "a.wav")
        alone.append(engine._spoken[0][1])
    lines = [Line(text, voice) for text in TEXTS]
    prompts = [
        language_model.Prompt(engine._inputs(line), engine._text_tokens(line)) for line in lines
    ]
    assert language_model.decode(core, prompts) == alone
    assert len({len(tokens) for tokens in alone}) > 1


@GENERATIONS
def test_cached_equals_uncached_decoding(
    tmp_path: Path, models: Path, voice: Voice, generation: int
) -> None:
    """From transformers 4.53 on it does not, and the speech is garbled."""
    import torch

    engine = loaded(models, generation, batch_size=1)
    core = engine._model.model
    cached: list[Any] = []

    def record(scores: Any, decoded: Sequence[int], sampling: int) -> int:
        cached.append(torch.where(torch.isinf(scores), torch.nan, scores).clone())
        return greedy(scores, decoded, sampling)

    engine._guard._sample = record
    engine.speak(TEXTS[1], "es", voice, 1.0, tmp_path / "a.wav")
    ((line, tokens),) = engine._spoken
    with torch.inference_mode():
        row = language_model._embed(core, engine._inputs(line))
        for number, scores in enumerate(cached[:8]):
            hidden = core.llm.llm.model(
                inputs_embeds=row, output_hidden_states=True, use_cache=False
            ).hidden_states[-1]
            whole = core.llm.llm_decoder(hidden[:, -1]).log_softmax(-1)[0].cpu()
            known = ~torch.isnan(scores)
            assert float((whole - scores)[known].abs().max()) < 1e-4, number
            token = core.llm.speech_embedding.weight[tokens[number]].reshape(1, 1, -1)
            row = torch.cat([row, token], dim=1)


@GENERATIONS
@pytest.mark.parametrize("speed", [0.85, 1.15])
def test_other_speed_repeats_the_same_speech(
    tmp_path: Path, models: Path, voice: Voice, generation: int, speed: float
) -> None:
    engine = loaded(models, generation, batch_size=1)
    first, again = tmp_path / "a.wav", tmp_path / "b.wav"
    engine.speak(TEXTS[1], "es", voice, 1.0, first)
    tokens = [spoken for _, spoken in engine._spoken]
    engine.repeat(speed, again)
    assert [spoken for _, spoken in engine._spoken] == tokens
    lengths = [soundfile.info(file).duration for file in (first, again)]
    assert lengths[1] == pytest.approx(lengths[0] / speed, abs=0.021)


@GENERATIONS
def test_other_weights_are_loaded(models: Path, generation: int) -> None:
    base, other = (loaded(models, generation, weights=name) for name in ("base", "rl"))
    first, second = (
        numpy.asarray(engine._model.model.llm.speech_embedding.weight.detach().cpu())
        for engine in (base, other)
    )
    assert numpy.allclose(first + 1.0, second)
