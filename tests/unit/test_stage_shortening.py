"""Translations that are shortened because their clips are too long: a run of translate behind
synthesize, against a server that answers as a chat model does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import Asked, Response, Server, chat_server, rows, says
from speech_world import WatchedEngine, segment, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.engines import retries
from dubstage.synthesize import stage as synthesize
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.text.transcript import Clip, ClipFlag
from dubstage.timing.oversize import oversize
from dubstage.timing.slot import Slot
from dubstage.workspace.layout import Artifact

LONG = "Esta es una frase demasiado larga para el tiempo que hay en la película."
SHORT = "Esta frase cabe bien."
FITTING = "Y otra que cabe."
SEGMENTS = [
    segment(0, 0.5, 2.0, LONG).model_copy(update={"text": "This phrase is far longer than that."}),
    segment(1, 2.1, 4.0, FITTING).model_copy(update={"text": "And one that fits."}),
]


def shorter(asked: Asked) -> Response:
    return says(rows({"1": SHORT, "2": LONG + " Y más.", "3": "No."}))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    with chat_server(shorter) as found:
        yield found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> WatchedEngine:
    result = WatchedEngine()
    monkeypatch.setattr(synthesize, "load_engine", lambda _: result)
    return result


def shorten(folder: Path, server: Server) -> Ended:
    choice = EngineChoice(engine="openai", parameters={"url": server.url, "model": "any"})
    engines = {**ENGINES, Stage.TRANSLATE: choice}
    return run_stage_in(folder, request_for(Stage.TRANSLATE, shorten=True, engines=engines))


def translations(ended: Ended) -> list[str]:
    assert ended.code == ExitCode.OK, ended.result
    path = ended.tree.path(Artifact.TRANSLATED)
    assert path.read_text() == ended.tree.path(Artifact.TRG_TRANSCRIPT).read_text()
    return [row["translation"] for row in json.loads(path.read_text())]


def test_only_the_segment_that_is_too_long_is_shortened_and_spoken_again(
    tmp_path: Path, server: Server, engine: WatchedEngine
) -> None:
    write_job(tmp_path, SEGMENTS)
    first = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    assert first.result.summary.oversize_segments == 1
    ended = shorten(tmp_path, server)
    assert translations(ended) == [SHORT, FITTING]
    assert ended.result.message == "1 of 1 segment whose speech was too long shortened"
    assert ended.result.summary.shortened_segments == 1
    assert [json.loads(asked.user)["translation"] for asked in server.asked] == [LONG]
    low, high = json.loads(server.asked[0].user)["characters"]
    assert low <= 23 <= high < len(LONG) / 1.3, "at the rate of the voice"
    engine.asked.clear()
    again = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    assert set(engine.texts) == {SHORT}
    assert again.result.summary.oversize_segments is None


def test_interrupted_run_asks_for_nothing_twice(
    tmp_path: Path, server: Server, engine: WatchedEngine
) -> None:
    write_job(tmp_path, SEGMENTS)
    path = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE)).tree.path(Artifact.TRANSLATED)
    before = path.read_bytes()
    shorten(tmp_path, server)
    count = len(server.asked)
    path.write_bytes(before)
    assert translations(shorten(tmp_path, server))[0] == SHORT
    assert len(server.asked) == count


@pytest.mark.parametrize(
    "answer",
    [
        Response(500),
        Response(400, b"no"),
        Response(401, b"{}"),
        says("I cannot shorten this."),
        says(rows({"1": LONG + LONG})),
        says(rows({"1": "Those words are English, sir."})),
    ],
    ids=["down", "rejected", "no key", "refusal", "longer", "english"],
)
def test_answer_that_does_not_help_changes_nothing(
    tmp_path: Path, server: Server, engine: WatchedEngine, answer: Response
) -> None:
    write_job(tmp_path, SEGMENTS)
    run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    server.answer = lambda _: answer
    ended = shorten(tmp_path, server)
    assert translations(ended) == [LONG, FITTING]
    assert ended.result.message.startswith("0 of 1 segment")


def test_clips_that_are_gone_change_nothing(
    tmp_path: Path, server: Server, engine: WatchedEngine
) -> None:
    write_job(tmp_path, SEGMENTS)
    assert translations(shorten(tmp_path, server))[0] == LONG
    assert server.asked == []


def test_engine_that_cannot_be_asked_changes_nothing(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS)
    run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    ended = run_stage_in(tmp_path, request_for(Stage.TRANSLATE, shorten=True))
    assert translations(ended)[0] == LONG


@pytest.mark.parametrize(
    ("seconds", "speed", "flag", "expected"),
    [
        (2.7, 1.0, None, [0]),
        (2.6, 1.0, None, []),
        (2.4, 1.15, None, [0]),
        (2.7, 1.0, ClipFlag.TOO_LONG, []),
        (2.7, 1.0, ClipFlag.DOUBTFUL, []),
    ],
)
def test_clip_is_oversize_at_its_natural_tempo(
    seconds: float, speed: float, flag: ClipFlag | None, expected: list[int]
) -> None:
    clip = Clip(
        segment_id="segment_0000", speaker="A", start=0.0, end=1.5, target_duration=1.5,
        audio_file="a.wav", duration=seconds, spoken_speed=speed, tts_backend="any", flag=flag,
    )  # fmt: skip
    assert oversize([clip], [Slot(original=1.5, length=2.0, turn=2.0)]) == expected
