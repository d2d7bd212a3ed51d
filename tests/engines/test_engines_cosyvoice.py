"""CosyVoice's loading and calling code, against a stand-in with upstream's signatures."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import soundfile
from speech_world import segment, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.errors import BadInput, Misconfigured
from dubstage.synthesize.cosyvoice import language_model, loading
from dubstage.synthesize.cosyvoice.engine import CosyVoice
from dubstage.synthesize.cosyvoice.loading import ENVIRONMENT
from dubstage.synthesize.spoken_text import spoken_chunks
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.text.language_check import check
from dubstage.text.spoken import in_words
from dubstage.workspace.layout import Artifact

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SEGMENTS = [
    segment(0, 0.5, 7.0, "Buenos días a todos.", speaker="ANN"),
    segment(1, 8.0, 12.0, "Son 1984 euros [laughter].", speaker="BOB"),
    segment(2, 13.0, 14.0, "Adiós.", speaker="ANN"),
]


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The stand-in for the CosyVoice repository."""
    monkeypatch.syspath_prepend(HERE / "cosyvoice_standin")
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "")
    stand_in = importlib.import_module("cosyvoice.cli.cosyvoice")
    monkeypatch.setattr(language_model, "decode", stand_in.decode)
    monkeypatch.setattr(loading, "seed_for_this_pod", lambda: None)
    yield stand_in
    for name in [name for name in sys.modules if name.partition(".")[0] == "cosyvoice"]:
        del sys.modules[name]


def lay_model(models: Path, name: str, yaml: str, weights: bytes = b"weights") -> EngineChoice:
    folder = models / "cosyvoice" / name
    folder.mkdir(parents=True)
    files = {yaml: b"sample_rate: 24000\n", "llm.pt": weights}
    for file, content in files.items():
        (folder / file).write_bytes(content)
    (folder / "SHA256SUMS").write_text(
        "".join(f"{hashlib.sha256(x).hexdigest()}  {file}\n" for file, x in files.items())
    )
    return EngineChoice(engine="cosyvoice", model=name)


def synthesize(folder: Path, choice: EngineChoice) -> Ended:
    engines = {**ENGINES, Stage.SYNTHESIZE: choice}
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE, engines=engines))


def test_stand_in_has_the_signatures_of_upstream(upstream: ModuleType) -> None:
    record = json.loads((HERE / "cosyvoice_signatures.json").read_text())
    for name, signature in record["signatures"].items():
        result: Any = upstream
        for part in name.split("."):
            result = getattr(result, part)
        assert re.sub(r" -> .*", "", str(inspect.signature(result)).replace(") -> None", ")")) == (
            signature
        ), name


def test_model_in_the_image_is_loaded(tmp_path: Path, upstream: ModuleType) -> None:
    """An image that was built with weights needs none on the models volume."""
    write_job(tmp_path, SEGMENTS, seconds=15.0)
    choice = lay_model(tmp_path / "image-models", "CosyVoice2-0.5B", "cosyvoice2.yaml")
    ended = synthesize(tmp_path, choice)
    assert ended.code == ExitCode.OK, ended.result
    assert len(upstream.loaded) == 1
    assert not (tmp_path / "models/cosyvoice").exists()


def test_signatures_are_from_the_revision_in_the_image() -> None:
    record = json.loads((HERE / "cosyvoice_signatures.json").read_text())
    dockerfile = (ROOT / "stage-images/Dockerfile").read_text()
    assert f"COSYVOICE_REVISION={record['revision']}" in dockerfile


@pytest.mark.parametrize(
    ("name", "yaml", "lead"),
    [
        ("CosyVoice2-0.5B", "cosyvoice2.yaml", ""),
        ("Fun-CosyVoice3-0.5B-2512", "cosyvoice3.yaml",
         "You are a helpful assistant.<|endofprompt|>"),
    ],
)  # fmt: skip
def test_segments_use_the_voice_of_their_speaker(
    tmp_path: Path, upstream: ModuleType, name: str, yaml: str, lead: str
) -> None:
    """The model is loaded once, a voice worked out once, nothing written to its folder."""
    write_job(tmp_path, SEGMENTS, seconds=15.0)
    choice = lay_model(tmp_path / "models", name, yaml)
    before = sorted((tmp_path / "models/cosyvoice").rglob("*"))
    ended = synthesize(tmp_path, choice)
    assert ended.code == ExitCode.OK, ended.result
    (model,) = upstream.loaded
    assert type(model).yaml == yaml
    assert [(text, Path(wav).is_absolute()) for text, wav, _ in model.introduced] == [
        ("", True),
        ("", True),
    ]
    assert {(kind, text) for kind, text, _ in model.calls} == {
        ("cross-lingual", f"{lead}Buenos días a todos."),
        ("cross-lingual", f"{lead}Son mil novecientos ochenta y cuatro euros."),
        ("cross-lingual", f"{lead}Adiós."),
    }
    assert all(0.85 <= speed <= 1.15 for _, _, speed in model.calls)
    rows = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    assert [row["tts_backend"] for row in rows] == ["cosyvoice"] * 3
    assert rows[0]["voice_sample"] == rows[2]["voice_sample"] != rows[1]["voice_sample"]
    for row in rows:
        info = soundfile.info(ended.tree.path(Artifact.TTS_CLIPS).parent / row["audio_file"])
        assert (info.samplerate, info.channels) == (24000, 1)
    assert sorted((tmp_path / "models/cosyvoice").rglob("*")) == before
    assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT


@pytest.mark.parametrize(
    ("yaml", "prompt"),
    [
        ("cosyvoice2.yaml", "one two"),
        ("cosyvoice3.yaml", "You are a helpful assistant.<|endofprompt|>one two"),
    ],
)
def test_zero_shot_passes_the_text_of_the_reference(
    tmp_path: Path, upstream: ModuleType, yaml: str, prompt: str
) -> None:
    write_job(tmp_path, SEGMENTS[:1], seconds=15.0)
    choice = lay_model(tmp_path / "models", "M", yaml)
    choice = choice.model_copy(update={"parameters": {"mode": "zero-shot", "fp16": True}})
    ended = synthesize(tmp_path, choice)
    assert ended.code == ExitCode.OK, ended.result
    (model,) = upstream.loaded
    assert model.fp16 is True
    assert [text for text, _, _ in model.introduced] == [prompt]
    assert {(kind, text) for kind, text, _ in model.calls} == {
        ("zero-shot", "Buenos días a todos.")
    }


def test_voice_file_has_no_text_and_is_no_prompt(tmp_path: Path, upstream: ModuleType) -> None:
    write_job(tmp_path, SEGMENTS[:1], seconds=15.0)
    voices = tmp_path / "inputs/clip/voices"
    voices.mkdir()
    soundfile.write(voices / "ANN.wav", soundfile.read(tmp_path / VOCALS)[0][16000:80000], 16000)
    choice = lay_model(tmp_path / "models", "M", "cosyvoice3.yaml")
    choice = choice.model_copy(update={"parameters": {"mode": "zero-shot"}})
    assert synthesize(tmp_path, choice).code == ExitCode.OK
    (model,) = upstream.loaded
    assert model.introduced[0][:2] == ("", str(voices / "ANN.wav"))
    assert {kind for kind, _, _ in model.calls} == {"cross-lingual"}


VOCALS = "interim/clip/text/vid/speaks/vocals.wav"


@pytest.mark.parametrize(
    ("yaml", "weights", "parameters", "says"),
    [
        ("cosyvoice.yaml", b"weights", {}, "not CosyVoice 2 or 3"),
        ("cosyvoice2.yaml", b"weig", {}, "cannot be loaded (RuntimeError: PytorchStream"),
        ("cosyvoice2.yaml", b"weights", {"mode": "sft"}, "no mode 'sft'"),
    ],
)
def test_unusable_model_is_reported(
    tmp_path: Path,
    upstream: ModuleType,
    yaml: str,
    weights: bytes,
    parameters: dict[str, str],
    says: str,
) -> None:
    write_job(tmp_path, SEGMENTS, seconds=15.0)
    choice = lay_model(tmp_path / "models", "M", yaml, weights)
    ended = synthesize(tmp_path, choice.model_copy(update={"parameters": parameters}))
    assert ended.code == ExitCode.CONFIG
    assert says in ended.result.message


def test_each_pod_draws_numbers_of_its_own(
    tmp_path: Path, upstream: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of a model set the same seed each time: a retry would fail in the same place."""
    seeds: list[int] = []
    torch = ModuleType("torch")
    torch.cuda = SimpleNamespace(is_available=lambda: False)  # type: ignore[attr-defined]
    torch.manual_seed = seeds.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(loading, "seed_for_this_pod", language_model.seed_for_this_pod)
    choice = lay_model(tmp_path, "M", "cosyvoice2.yaml")
    for pod in ("clip-synthesize-abcde", "clip-synthesize-fghij", "clip-synthesize-abcde"):
        monkeypatch.setattr("socket.gethostname", lambda pod=pod: pod)
        CosyVoice(tmp_path / "cosyvoice/M", choice)
    assert len(upstream.loaded) == 3
    assert seeds[0] == seeds[2] != seeds[1]


def test_image_without_cosyvoice_is_reported(tmp_path: Path) -> None:
    choice = lay_model(tmp_path, "M", "cosyvoice2.yaml")
    with pytest.raises(Misconfigured, match="CLONE_COSYVOICE") as caught:
        CosyVoice(tmp_path / "cosyvoice/M", choice)
    assert caught.value.reason == "EngineMissing"


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("a memory that is full", ExitCode.TEMPFAIL, "OutOfMemory"),
        ("the vocoder", ExitCode.TEMPFAIL, "OutOfMemory"),
        ("no kernel", ExitCode.CONFIG, "GPUUnsupported"),
    ],
)
def test_error_of_the_gpu_is_reported(
    tmp_path: Path, upstream: ModuleType, text: str, code: ExitCode, reason: str
) -> None:
    """Two of the three are in a thread whose errors upstream loses: the first one would be a
    clip of 0.4 s."""
    write_job(tmp_path, [segment(0, 0.5, 7.0, text)], seconds=15.0)
    ended = synthesize(tmp_path, lay_model(tmp_path / "models", "M", "cosyvoice2.yaml"))
    assert (ended.code, ended.result.reason) == (code, reason), ended.result
    assert not upstream.loaded[-1].model.tts_speech_token_dict


def test_segment_without_speech_tokens_is_flagged(tmp_path: Path, upstream: ModuleType) -> None:
    """The others are spoken, and it was tried three times."""
    segments = [*SEGMENTS, segment(3, 14.2, 14.8, "mute")]
    write_job(tmp_path, segments, seconds=15.0)
    choice = lay_model(tmp_path / "models", "M", "cosyvoice3.yaml")
    choice = choice.model_copy(update={"parameters": {"batch_size": 1}})
    ended = synthesize(tmp_path, choice)
    assert ended.code == ExitCode.OK, ended.result
    rows = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    assert [row["flag"] for row in rows] == [None, None, None, "no-sound"]
    assert upstream.loaded[-1].model.llm.decoded.count("mute.") == 3


def test_text_does_not_end_before_its_least_tokens(tmp_path: Path, upstream: ModuleType) -> None:
    """The model wants to end at once: it has to speak two tokens for each of the text's own,
    without those of the instruction."""
    write_job(tmp_path, [segment(0, 0.5, 7.0, "hasty words here")], seconds=15.0)
    ended = synthesize(tmp_path, lay_model(tmp_path / "models", "M", "cosyvoice3.yaml"))
    (row,) = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    natural = row["duration"] * row["spoken_speed"]
    assert natural == pytest.approx(2 * 6 / upstream.TOKENS_PER_SECOND, abs=0.05)


def test_new_pace_repeats_the_same_speech_tokens(tmp_path: Path, upstream: ModuleType) -> None:
    """The model speaks half of what is expected, so the speed changes; the words are decoded
    once, and the clip has exactly the length that the slot requires."""
    write_job(
        tmp_path, [segment(0, 0.5, 2.0, "a hasty one, and a long one"), segment(1, 2.05, 3.0, "x")],
        seconds=15.0,
    )  # fmt: skip
    choice = lay_model(tmp_path / "models", "M", "cosyvoice2.yaml")
    choice = choice.model_copy(update={"parameters": {"batch_size": 1}})
    ended = synthesize(tmp_path, choice)
    row = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())[0]
    (model,) = upstream.loaded
    speeds = [speed for _, text, speed in model.calls if text.startswith("a hasty")]
    assert len(speeds) == 2
    assert model.model.llm.decoded.count("a hasty one, and a long one.") == 1
    assert row["spoken_speed"] == speeds[1] != speeds[0]
    tokens = 2 * 10
    assert row["duration"] == pytest.approx(tokens / 25 / speeds[1], abs=0.03)


def test_segments_are_decoded_in_batches(tmp_path: Path, upstream: ModuleType) -> None:
    """Only those without a kept clip, in their order; another run decodes the changed one."""
    segments = [segment(n, n + 0.1, n + 0.9, f"line number {n}") for n in range(11)]
    write_job(tmp_path, segments, seconds=15.0)
    choice = lay_model(tmp_path / "models", "M", "cosyvoice3.yaml")
    assert synthesize(tmp_path, choice).code == ExitCode.OK
    assert [len(texts) for texts in upstream.batches] == [8, 3]
    spoken = [text for texts in upstream.batches for text in texts]
    said = [in_words(one.translation, "es") for one in segments]
    assert spoken == [chunk for text in said for chunk in spoken_chunks(text, "es")]
    assert upstream.loaded[-1].model.llm.decoded == []
    upstream.batches.clear()
    changed = [segment(3, 3.1, 3.9, "changed"), segment(5, 5.1, 5.9, "as well")]
    segments[3], segments[5] = changed
    write_job(tmp_path, segments, seconds=15.0)
    assert synthesize(tmp_path, choice).code == ExitCode.OK
    assert upstream.batches == [["changed.", "as well."]]


def test_batch_is_halved_if_the_memory_is_full(tmp_path: Path, upstream: ModuleType) -> None:
    segments = [segment(n, n + 0.1, n + 0.9, f"crowd {n}") for n in range(5)]
    write_job(tmp_path, segments, seconds=15.0)
    ended = synthesize(tmp_path, lay_model(tmp_path / "models", "M", "cosyvoice2.yaml"))
    assert ended.code == ExitCode.OK, ended.result
    assert [len(texts) for texts in upstream.batches] == [2, 2]
    assert len(upstream.loaded[-1].model.llm.decoded) == 1


def test_batch_size_does_not_change_the_content_key(tmp_path: Path, upstream: ModuleType) -> None:
    write_job(tmp_path, SEGMENTS, seconds=15.0)
    choice = lay_model(tmp_path / "models", "M", "cosyvoice3.yaml")
    synthesize(tmp_path, choice)
    again = synthesize(tmp_path, choice.model_copy(update={"parameters": {"batch_size": 16}}))
    assert again.result.reused


@pytest.mark.parametrize(
    ("line", "is_allowed"),
    [
        ("__set_seed1: !apply:random.seed [1986]", True),
        ("qwen: !ref <qwen_pretrain_path>", True),
        ("llm: !new:cosyvoice.llm.llm.CosyVoice3LM", True),
        ("estimator: !new:cosyvoice.flow.DiT.dit.DiT", True),
        ("sampling: !name:cosyvoice.utils.common.ras_sampling", True),
        ("feat: !name:matcha.utils.audio.mel_spectrogram", True),
        ("name: Hola! dice", True),
        ("# !apply:os.system [x]", True),
        ("a: !apply:os.system [id]", False),
        ("a: !new:subprocess.Popen [id]", False),
        ("a: !name:cosyvoice.utils.file_utils.os.system", False),
        ("a: !name:cosyvoice.utils.file_utils.os", False),
        ("a: !module:os", False),
        ("a: !include:/etc/passwd", False),
        ("a: !!python/object/apply:os.system [id]", False),
        ("a: !<tag:yaml.org,2002:python/object/apply:os.system> [id]", False),
        ("a: [1,!apply:os.system [id]]", False),
    ],
)
def test_yaml_of_a_model_runs_only_code_of_cosyvoice(
    tmp_path: Path, line: str, is_allowed: bool
) -> None:
    choice = lay_model(tmp_path, "M", "cosyvoice3.yaml")
    folder = tmp_path / "cosyvoice/M"
    (folder / "cosyvoice3.yaml").write_text(f"sample_rate: 24000\n{line}\n")
    if is_allowed:
        assert loading.generation_of(folder, choice) == 3
        return
    with pytest.raises(Misconfigured, match=r"would run code that is not CosyVoice's") as caught:
        loading.generation_of(folder, choice)
    assert caught.value.reason == "ModelUnusable"


def test_texts_are_not_logged(tmp_path: Path, upstream: ModuleType) -> None:
    """Upstream logs what it speaks, by the root logger."""
    import subprocess

    code = (
        "import logging\nfrom dubstage.logs import configure, logger\n"
        "from dubstage.testing import request_for\nfrom dubstage.contract import Stage\n"
        "configure(request_for(Stage.SYNTHESIZE))\n"
        "logging.info('synthesis text %s', 'a secret')\nlogger.info('ours')\n"
        "logging.warning('theirs')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "secret" not in done.stderr
    assert "ours" in done.stderr
    assert "theirs" in done.stderr


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It was <one [of] two>!", "en", ["It was one two !"]),
        ("他有三本书", "zh", ["他有三本书。"]),
        ("a <|endofprompt|> b [laughter] <strong>c</strong>", "es", ["a b c."]),
        ("… ¡!", "es", []),
        ("Dos más. " * 60, "es", [("Dos más. " * count).strip() for count in (26, 26, 8)]),
    ],
)
def test_text_has_no_control_tokens_and_short_chunks(
    text: str, language: str, expected: list[str]
) -> None:
    assert spoken_chunks(text, language) == expected


@pytest.mark.parametrize(
    ("model", "target", "is_spoken"),
    [
        ("CosyVoice2-0.5B", "ko", True),
        ("CosyVoice2-0.5B", "es", False),
        ("Fun-CosyVoice3-0.5B-2512", "es", True),
        ("Fun-CosyVoice3-0.5B-2512", "ca", False),
    ],
)
def test_language_unsupported_by_the_model_is_refused_by_ingest(
    model: str, target: str, is_spoken: bool
) -> None:
    engines = {
        **ENGINES,
        Stage.TRANSLATE: EngineChoice(engine="googletrans"),
        Stage.SYNTHESIZE: EngineChoice(engine="cosyvoice", model=model),
    }
    request = request_for(Stage.INGEST, target_language=target, engines=engines)
    if is_spoken:
        check(request)
        return
    with pytest.raises(BadInput, match="engine cosyvoice"):
        check(request)
