"""The real Demucs library: its loader, its segments, our windows and rates."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import demucs_models
import numpy
import pytest
import soundfile
import torch
from conftest import RATE, Programme, run_on
from numpy.typing import NDArray

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.models.volume import write_sums
from dubstage.separate import demucs
from dubstage.testing import Ended
from dubstage.workspace.layout import Artifact

CHOICE = EngineChoice(engine="demucs", model="made")


def lay(folder: Path, make: Callable[[], Any] = demucs_models.half_of_all) -> Path:
    """The model on the volume."""
    model = folder / "models/demucs/made"
    demucs_models.save(make(), model, "made")
    write_sums(model)
    return model


def tracks(ended: Ended) -> list[NDArray[numpy.float32]]:
    assert ended.code == ExitCode.OK, ended.result.message
    return [
        soundfile.read(ended.tree.path(artifact), dtype="float32")[0]
        for artifact in (Artifact.VOCALS, Artifact.BACKGROUND)
    ]


def test_stems_of_the_real_architecture_add_up(tmp_path: Path, programme: Programme) -> None:
    lay(tmp_path, demucs_models.tiny_htdemucs)
    samples = programme.samples[: 5 * RATE]
    first = run_on(tmp_path, samples, Stage.SEPARATE, CHOICE)
    vocals, background = tracks(first)
    assert vocals.shape == background.shape == samples.shape
    assert numpy.allclose(vocals + background, samples, atol=1e-4)
    assert numpy.abs(vocals).max() > 0.001
    assert first.result.message == "Vocals and background separated by demucs"


def test_vocals_keep_their_timing_to_the_sample(tmp_path: Path, programme: Programme) -> None:
    """Across two windows, through 44.1 kHz and back. The odd length ends within a frame."""
    lay(tmp_path)
    samples = numpy.tile(programme.samples, (2, 1))[: 40 * RATE + 77]
    vocals, background = tracks(run_on(tmp_path, samples, Stage.SEPARATE, CHOICE))
    assert vocals.shape == samples.shape
    assert numpy.allclose(vocals + background, samples, atol=1e-4)
    centred = samples - samples.mean()
    error = vocals - vocals.mean() - centred / 2
    assert numpy.sqrt(numpy.mean(error**2)) < 0.003 * numpy.sqrt(numpy.mean(centred**2))


def test_exhausted_gpu_memory_shortens_the_windows(
    tmp_path: Path, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path)
    lengths: list[int] = []
    forward = demucs_models.HalfOfAll.forward

    def with_little_memory(self: Any, mix: torch.Tensor) -> torch.Tensor:
        lengths.append(mix.shape[-1])
        if mix.shape[-1] > 0.6 * 44100:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(self, mix)

    monkeypatch.setattr(demucs_models.HalfOfAll, "forward", with_little_memory)
    monkeypatch.setattr(
        demucs, "_memory_steps", lambda _, segment: [("cpu", segment / n) for n in (1, 2, 4)]
    )
    samples = programme.samples[: 3 * RATE]
    vocals, _ = tracks(run_on(tmp_path, samples, Stage.SEPARATE, CHOICE))
    assert lengths[:3] == [88200, 44100, 22050]
    assert max(lengths[2:]) == 22050
    assert numpy.allclose(vocals, samples / 2, atol=0.02)


def test_cpu_is_the_last_fallback() -> None:
    assert demucs._memory_steps("cuda", 7.8) == [
        ("cuda", 7.8), ("cuda", 3.9), ("cuda", 1.95), ("cpu", 7.8)
    ]  # fmt: skip
    assert demucs._memory_steps("cpu", 7.8) == [("cpu", 7.8)]


def test_missing_gpu_is_reported(
    tmp_path: Path, programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    lay(tmp_path)
    choice = CHOICE.model_copy(update={"parameters": {"device": "cuda"}})
    ended = run_on(tmp_path, programme.samples[:RATE], Stage.SEPARATE, choice)
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "NoGpu")


def test_truncated_model_is_named(tmp_path: Path, programme: Programme) -> None:
    (weights,) = lay(tmp_path).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-2])
    ended = run_on(tmp_path, programme.samples[:RATE], Stage.SEPARATE, CHOICE)
    assert ended.code == ExitCode.CONFIG
    assert weights.name in ended.result.message


def test_invalid_weights_are_named(tmp_path: Path, programme: Programme) -> None:
    model = lay(tmp_path)
    (weights,) = model.glob("*.safetensors")
    weights.write_bytes(b"not weights at all")
    write_sums(model)
    ended = run_on(tmp_path, programme.samples[:RATE], Stage.SEPARATE, CHOICE)
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "ModelUnusable")
    assert "demucs/made" in ended.result.message


def test_memory_does_not_grow_with_the_source(tmp_path: Path) -> None:
    engine = demucs.Demucs(lay(tmp_path), CHOICE)
    second = numpy.zeros((RATE, 2), numpy.float32)

    def separated(seconds: int) -> Iterator[int]:
        for mix, _ in engine.separate(second for _ in range(seconds)):
            yield len(mix)

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

    assert sum(separated(60)) == 60 * RATE
    before = peak()
    assert sum(separated(300)) == 300 * RATE
    assert peak() - before < 100
    assert peak() < 2048
