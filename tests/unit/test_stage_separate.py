"""Separate: overlapping windows, and a background that is the source minus the vocals."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.separate import stage
from dubstage.separate.engine import Block
from dubstage.separate.windows import in_windows
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

RATE = 48000


def noise(frames: int) -> Block:
    samples = numpy.random.default_rng(frames).uniform(-0.5, 0.5, (frames, 2))
    return samples.astype(numpy.float32)


@given(
    blocks=st.lists(st.integers(0, 90), max_size=12),
    length=st.integers(11, 60),
    fade=st.integers(1, 10),
)
def test_windows_add_up_to_the_source(blocks: list[int], length: int, fade: int) -> None:
    source = noise(sum(blocks))
    cuts = numpy.cumsum(blocks)[:-1].astype(int)
    lengths: list[int] = []

    def half(window: Block) -> Block:
        lengths.append(len(window))
        return window * numpy.float32(0.5)

    pairs = list(in_windows(numpy.split(source, cuts), half, length, fade))
    assert all(mix.shape == vocals.shape for mix, vocals in pairs)
    assert max(lengths, default=0) <= length
    if len(source):
        assert numpy.array_equal(numpy.concatenate([mix for mix, _ in pairs]), source)
        vocals = numpy.concatenate([vocals for _, vocals in pairs])
        assert numpy.allclose(vocals, source * 0.5, atol=1e-6)
        # No window consists of overlap alone.
        assert len(lengths) == max(-(-(len(source) - fade) // (length - fade)), 1)


def test_windows_cross_fade() -> None:
    levels = iter([0.0, 1.0])

    def level(window: Block) -> Block:
        return numpy.full_like(window, next(levels))

    pairs = in_windows([noise(150)], level, length=100, fade=50)
    vocals = numpy.concatenate([vocals for _, vocals in pairs])[:, 0]
    assert (vocals[:51] == 0).all()
    assert numpy.allclose(numpy.diff(vocals[50:101]), 1 / 50, atol=1e-5)
    assert (vocals[100:] == 1).all()


class FakeSeparator:
    """An engine for which the vocals are the left channel."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        for block in blocks:
            yield block, block * numpy.array([1, 0], numpy.float32)


def separate(folder: Path, samples: Block, choice: EngineChoice) -> Ended:
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True)
    source.write_text("the source")

    def run(work: Work) -> Outcome:
        soundfile.write(work.staging(Artifact.AUDIO, None), samples, RATE, format="WAV")
        return Outcome()

    run_stage_in(folder, request_for(Stage.INGEST), run)
    engines = {**ENGINES, Stage.SEPARATE: choice}
    return run_stage_in(folder, request_for(Stage.SEPARATE, engines=engines))


def test_stage_itself_needs_less_than_a_second_per_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the work of the engine."""
    monkeypatch.setattr(stage, "load_engine", lambda _: FakeSeparator())
    samples = noise(60 * RATE)
    begun = time.process_time()
    ended = separate(tmp_path, samples, EngineChoice(engine="none"))
    spent = time.process_time() - begun
    assert ended.code == ExitCode.OK, ended.result.message
    assert spent < 1.0
    vocals, _ = soundfile.read(ended.tree.path(Artifact.VOCALS), dtype="float32")
    background, _ = soundfile.read(ended.tree.path(Artifact.BACKGROUND), dtype="float32")
    assert numpy.allclose(vocals + background, samples, atol=1e-4)
    assert numpy.abs(vocals[:, 1]).max() == 0.0


class OvershootingSeparator:
    """An engine whose vocals are louder than the source, and have its opposite sign at times."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        for block in blocks:
            yield block, block * numpy.linspace(-1.8, 2.5, len(block), dtype=numpy.float32)[:, None]


def test_vocals_and_background_add_up_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the source is at full scale, and one of the two would be clipped."""
    monkeypatch.setattr(stage, "load_engine", lambda _: OvershootingSeparator())
    samples = noise(3 * RATE) * 2
    samples[:100], samples[-100:] = 1.0, -1.0
    ended = separate(tmp_path, samples, EngineChoice(engine="none"))
    assert ended.code == ExitCode.OK, ended.result.message
    artifacts = (Artifact.VOCALS, Artifact.BACKGROUND)
    vocals, background = (
        soundfile.read(ended.tree.path(each), dtype="int16")[0].astype(int) for each in artifacts
    )
    (path,) = ended.tree.path(Artifact.VOCALS).parent.glob("audio.wav")
    assert numpy.array_equal(vocals + background, soundfile.read(path, dtype="int16")[0])


class FailingSeparator(FakeSeparator):
    """Fails after two seconds of audio."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        yield from itertools.islice(super().separate(blocks), 2)
        raise RuntimeError("no more")


def test_log_says_at_which_second_separation_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stage, "load_engine", lambda _: FailingSeparator())
    ended = separate(tmp_path, noise(5 * RATE), EngineChoice(engine="none"))
    assert ended.code == ExitCode.TEMPFAIL
    assert [
        record.message[-6:] for record in caplog.records if "failed after" in record.message
    ] == ["at 2 s"]


def test_missing_model_is_reported(tmp_path: Path) -> None:
    ended = separate(tmp_path, noise(100), EngineChoice(engine="demucs", model="htdemucs"))
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "ModelMissing")
    assert "demucs/htdemucs" in ended.result.message


def test_unknown_engine_is_reported(tmp_path: Path) -> None:
    ended = separate(tmp_path, noise(100), EngineChoice(engine="spleeter"))
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "EngineUnknown")
    assert "deepfilternet, demucs, none" in ended.result.message
