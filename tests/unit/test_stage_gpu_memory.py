"""A full GPU: the same work with less memory, then a failure with a sentence."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.run.ctranslate2_model import Models, device_of, memory_steps
from dubstage.run.gpu_memory import MemoryFallback

CUBLAS = "CUDA failed with error out of memory"
"""The message of CTranslate2; torch writes ``CUDA out of memory. Tried to allocate …``."""


@pytest.mark.parametrize(
    ("gpus", "parameters", "expected"),
    [
        pytest.param(1, {}, "cuda", id="a GPU if there is one"),
        pytest.param(0, {}, "cpu", id="none"),
        pytest.param(1, {"device": "cpu"}, "cpu", id="as the profile says"),
        pytest.param(2, {"device": "cuda:1"}, "cuda:1", id="a certain GPU"),
        pytest.param(0, {"device": "cuda:0"}, None, id="a GPU that is not there"),
    ],
)
def test_device_is_the_gpu_of_the_pod(
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    parameters: dict[str, str | int | float | bool],
    expected: str | None,
) -> None:
    library = SimpleNamespace(get_cuda_device_count=lambda: gpus)
    monkeypatch.setitem(sys.modules, "ctranslate2", library)
    choice = EngineChoice(engine="faster-whisper", model="base", parameters=parameters)
    if expected:
        assert device_of(choice) == expected
        return
    with pytest.raises(Misconfigured, match="device=cuda:0") as caught:
        device_of(choice)
    assert caught.value.reason == "NoGpu"


def test_batch_is_halved_before_the_weights_are() -> None:
    assert memory_steps(8, "float16") == [
        (8, "float16"), (4, "float16"), (2, "float16"), (1, "float16"), (1, "int8")
    ]  # fmt: skip
    assert memory_steps(1, "int8") == [(1, "int8")]


def test_step_that_did_not_fit_is_not_retried() -> None:
    fallback, tried = MemoryFallback([3, 2, 1], "the work"), []

    def attempt(step: int) -> str:
        tried.append(step)
        if step > 2:
            raise RuntimeError(CUBLAS)
        return f"done with {step}"

    assert [fallback.run(attempt), fallback.run(attempt)] == ["done with 2"] * 2
    assert tried == [3, 2, 2]


def test_work_that_never_fits_fails() -> None:
    def attempt(_: int) -> None:
        raise RuntimeError(f"{CUBLAS}\nand more")

    with pytest.raises(TemporaryFailure, match="too small for the work, even with 1") as caught:
        MemoryFallback([2, 1], "the work").run(attempt)
    assert caught.value.reason == "OutOfMemory"
    assert "and more" not in str(caught.value)


def test_other_errors_pass_through() -> None:
    def attempt(_: int) -> None:
        raise RuntimeError("cuDNN is not there")

    with pytest.raises(RuntimeError, match="cuDNN"):
        MemoryFallback([2, 1], "the work").run(attempt)


def test_model_is_loaded_once_for_each_compute_type() -> None:
    loaded: list[str] = []
    models = Models(EngineChoice(engine="whisperx", model="large-v3"), loaded.append)
    for compute_type in ("float16", "float16", "int8"):
        models.load(compute_type)
    assert loaded == ["float16", "int8"]


def test_model_that_cannot_be_loaded_is_named() -> None:
    def load(_: str) -> None:
        raise RuntimeError("File model.bin is incomplete")

    models = Models(EngineChoice(engine="whisperx", model="large-v3"), load)
    with pytest.raises(Misconfigured, match=r"whisperx/large-v3 .*model\.bin is incomplete"):
        models.load("float16")
