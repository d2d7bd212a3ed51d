"""Takes of a cloned voice are compared with its recording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import pytest
import soundfile
from speech_world import ENGINE_RATE, SEGMENTS, WatchedEngine, tone, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.synthesize import listener, similarity, stage
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.hearing import Hearing
from dubstage.synthesize.similarity import VoiceComparison
from dubstage.synthesize.take import Take
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact


@dataclass
class GivenComparison:
    """Finds the takes as similar as the test says, one after the other."""

    values: Sequence[float | None]
    revision: str = "given@1"
    voices: list[Voice] = field(default_factory=list)

    def similarity(self, take: Take, voice: Voice) -> float | None:
        self.voices.append(voice)
        return self.values[min(len(self.voices), len(self.values)) - 1]


@dataclass
class GivenListener:
    """Hears error rates, one after the other."""

    rates: Sequence[float]
    revision: str = "given@1"
    count: int = 0

    def hear(self, take: Take, *texts: str) -> Hearing:
        self.count += 1
        rate = self.rates[min(self.count, len(self.rates)) - 1]
        return Hearing(rate, 20 if rate > 0.2 else 0, 0, 40)


def synthesize(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    values: Sequence[float | None],
    rates: Sequence[float] = (),
    own_voices: int | None = None,
) -> tuple[Ended, GivenComparison]:
    """Run the stage; `rates`: what a recognizer hears, if there is one."""
    write_job(folder, SEGMENTS)
    found = GivenComparison(values)
    engine = WatchedEngine(
        sounds=lambda text, time: tone(len(text) / 15 + time / 100, ENGINE_RATE),
        reach=0.0,
        own_voices=own_voices,
    )
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    monkeypatch.setattr(similarity, "load", lambda _: found)
    monkeypatch.setattr(listener, "load", lambda _: GivenListener(rates) if rates else None)
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE)), found


def clips(ended: Ended) -> list[dict[str, object]]:
    assert ended.code == ExitCode.OK, ended.result
    found: list[dict[str, object]] = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    return found


@pytest.mark.parametrize(
    ("values", "takes", "flag", "kept"),
    [
        ([0.7], 1, None, 0.7),
        ([None, 0.7], 1, None, None),
        ([0.1, 0.6, 0.7], 2, None, 0.6),
        ([0.1, 0.3, 0.2, 0.7], 3, "other-voice", 0.3),
    ],
)
def test_take_in_another_voice_is_repeated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    values: list[float | None],
    takes: int,
    flag: str | None,
    kept: float | None,
) -> None:
    ended, _ = synthesize(tmp_path, monkeypatch, values)
    first = clips(ended)[0]
    assert (first["takes"], first["flag"], first["similarity"]) == (takes, flag, kept)
    summary = ended.result.summary
    assert summary.other_voice_clips == (flag is not None)
    assert summary.voice_similarity_percent == 70
    assert summary.misspoken_clips is None
    if flag:
        assert f"1 other-voice ({SEGMENTS[0].segment_id})" in ended.result.message


def test_right_words_matter_more_than_the_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, _ = synthesize(tmp_path, monkeypatch, [0.1, 0.7, 0.2, 0.7], rates=[0, 0.5, 0.1, 0])
    first = clips(ended)[0]
    assert (first["flag"], first["error_rate"], first["similarity"]) == ("other-voice", 0, 0.1)


@pytest.mark.parametrize("own_voices", [None, 10])
def test_only_cloned_voices_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_voices: int | None
) -> None:
    ended, found = synthesize(tmp_path, monkeypatch, [0.7], own_voices=own_voices)
    assert len(found.voices) == (0 if own_voices else len(SEGMENTS))
    assert (ended.result.summary.voice_similarity_percent is None) == bool(own_voices)
    assert all(voice.sample for voice in found.voices)


def test_check_can_be_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_job(tmp_path, SEGMENTS)
    found = GivenComparison([0.1])
    monkeypatch.setattr(stage, "load_engine", lambda _: WatchedEngine(own_voices=None))
    monkeypatch.setattr(similarity, "load", lambda _: found)
    choice = EngineChoice(engine="espeak-ng", parameters={"check": False})
    request = request_for(Stage.SYNTHESIZE, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    assert {clip["flag"] for clip in clips(run_stage_in(tmp_path, request))} == {None}
    assert found.voices == []


def levels(samples: numpy.ndarray) -> numpy.ndarray:
    """In place of the network: whether the samples are positive or negative."""
    return numpy.array([1.0, 0.0] if samples.mean() > 0 else [0.6, 0.8], numpy.float32)


def test_recording_is_read_once_at_the_rate_of_the_network(tmp_path: Path) -> None:
    sizes = []

    def network(samples: numpy.ndarray) -> numpy.ndarray:
        sizes.append(len(samples))
        return levels(samples)

    sample = tmp_path / "voice.wav"
    soundfile.write(sample, numpy.full(48000 * 3, 0.5, numpy.float32), 48000)
    comparison = VoiceComparison(network, "r", tmp_path)
    voice = Voice("A", 0, sample)
    for value, similar in ((0.5, 1.0), (-0.5, 0.6)):
        take = Take(numpy.full(24000 * 2, value, numpy.float32), 24000, 1.0, None)
        assert comparison.similarity(take, voice) == pytest.approx(similar)
    assert sizes == pytest.approx([48000, 32000, 32000], abs=32)
    short = Take(numpy.ones(12000, numpy.float32), 24000, 1.0, None)
    assert comparison.similarity(short, voice) is None
    assert comparison.similarity(take, Voice("A", 0)) is None
