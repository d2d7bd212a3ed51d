"""Separate: windows that overlap, and what is left is the background."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.separate import stage
from dubstage.separate.engine import Block
from dubstage.separate.windows import in_windows
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

RATE = 48000


def sound(frames: int) -> Block:
    noise = numpy.random.default_rng(frames).uniform(-0.5, 0.5, (frames, 2))
    return noise.astype(numpy.float32)


@settings(deadline=None)
@given(
    blocks=st.lists(st.integers(0, 90), max_size=12),
    length=st.integers(11, 60),
    fade=st.integers(1, 10),
)
def test_windows_add_up_to_the_source(blocks: list[int], length: int, fade: int) -> None:
    programme = sound(sum(blocks))
    cuts = numpy.cumsum(blocks)[:-1].astype(int)
    seen: list[int] = []

    def half(window: Block) -> Block:
        seen.append(len(window))
        return window * numpy.float32(0.5)

    pairs = list(in_windows(numpy.split(programme, cuts), half, length, fade))
    assert all(mix.shape == speech.shape for mix, speech in pairs)
    assert max(seen, default=0) <= length
    if len(programme):
        assert numpy.array_equal(numpy.concatenate([mix for mix, _ in pairs]), programme)
        speech = numpy.concatenate([speech for _, speech in pairs])
        assert numpy.allclose(speech, programme * 0.5, atol=1e-6)
        # Nothing is separated that is overlap alone.
        assert len(seen) == max(-(-(len(programme) - fade) // (length - fade)), 1)


def test_windows_are_cross_faded() -> None:
    levels = iter([0.0, 1.0])

    def level(window: Block) -> Block:
        return numpy.full_like(window, next(levels))

    pairs = in_windows([sound(150)], level, length=100, fade=50)
    speech = numpy.concatenate([speech for _, speech in pairs])[:, 0]
    assert (speech[:51] == 0).all()
    assert numpy.allclose(numpy.diff(speech[50:101]), 1 / 50, atol=1e-5)
    assert (speech[100:] == 1).all()


class Fake:
    """Takes the left channel for speech, in no time."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        for block in blocks:
            yield block, block * numpy.array([1, 0], numpy.float32)


def separate(folder: Path, samples: Block, choice: EngineChoice) -> Ended:
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True)
    source.write_text("the film")

    def lay(work: Work) -> Outcome:
        soundfile.write(work.staging(Artifact.AUDIO, None), samples, RATE, format="WAV")
        return Outcome()

    run_stage_in(folder, request_for(Stage.INGEST), lay)
    engines = {**ENGINES, Stage.SEPARATE: choice}
    return run_stage_in(folder, request_for(Stage.SEPARATE, engines=engines))


def test_a_minute_takes_less_than_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stage itself does, the engine's own work apart."""
    monkeypatch.setattr(stage, "load_engine", lambda _: Fake())
    samples = sound(60 * RATE)
    begun = time.process_time()
    ended = separate(tmp_path, samples, EngineChoice(engine="none"))
    spent = time.process_time() - begun
    assert ended.code == ExitCode.OK, ended.result.message
    assert spent < 1.0
    vocals, _ = soundfile.read(ended.tree.path(Artifact.VOCALS), dtype="float32")
    background, _ = soundfile.read(ended.tree.path(Artifact.BACKGROUND), dtype="float32")
    assert numpy.allclose(vocals + background, samples, atol=1e-4)
    assert numpy.abs(vocals[:, 1]).max() == 0.0


class Failing(Fake):
    """Fails after two seconds of audio."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        yield from itertools.islice(super().separate(blocks), 2)
        raise RuntimeError("no more")


def test_log_says_at_which_second_separation_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stage, "load_engine", lambda _: Failing())
    ended = separate(tmp_path, sound(5 * RATE), EngineChoice(engine="none"))
    assert ended.code == ExitCode.TEMPFAIL
    assert [
        record.message[-6:] for record in caplog.records if "failed after" in record.message
    ] == ["at 2 s"]


def test_missing_demucs_model_is_reported(tmp_path: Path) -> None:
    ended = separate(tmp_path, sound(100), EngineChoice(engine="demucs", model="htdemucs"))
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "ModelMissing")
    assert "demucs/htdemucs" in ended.result.message


def test_unknown_engine_is_reported(tmp_path: Path) -> None:
    ended = separate(tmp_path, sound(100), EngineChoice(engine="spleeter"))
    assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, "EngineUnknown")
    assert "deepfilternet, demucs, none" in ended.result.message
