"""The log of a stage: steps with their seconds, and progress."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from made_media import DubbedSegment, make_video, run_dub, source_path
from speech_world import ENGINE_RATE, SEGMENTS, WatchedEngine, tone, write_job

from dubstage import logs
from dubstage.contract import ExitCode, Stage
from dubstage.errors import Misconfigured
from dubstage.masking import masked
from dubstage.synthesize import stage as synthesize
from dubstage.testing import request_for, run_stage_in


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a stage writes to its log."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.configure(request_for(Stage.TRANSCRIBE))
    yield stream
    logging.root.handlers, logging.root.level = handlers, level


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_step_logs_its_start_and_its_seconds(stderr: io.StringIO) -> None:
    with logs.step("align", "en"):
        pass
    started, ended = lines_of(stderr)
    assert (started["message"], started["step"]) == ("align en: started", "align")
    assert "seconds" not in started
    assert (ended["message"], ended["step"]) == ("align en: 0.0 s", "align")
    assert ended["seconds"] == pytest.approx(0.0, abs=0.05)
    assert (ended["stage"], ended["jobID"], ended["level"]) == ("transcribe", "clip", "info")


def test_step_logs_its_failure(stderr: io.StringIO) -> None:
    with pytest.raises(RuntimeError, match="no aligner"), logs.step("align"):
        raise RuntimeError("no aligner")
    _, failed = lines_of(stderr)
    assert (failed["message"], failed["level"]) == ("align: failed after 0.0 s", "error")
    assert (failed["step"], failed["seconds"]) == ("align", pytest.approx(0.0, abs=0.05))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"401 for {'hf_'}AbCdEfGh1234567890ab.", "401 for ….", id="Hugging Face"),
        pytest.param("Bearer sk-proj-Abc_123-xyz9-Def_456", "Bearer …", id="a key"),
        pytest.param("refused: s3cret/of+mine=", "refused: …", id="the value of a variable"),
        pytest.param("token longer-than-the-other", "token …", id="the longer one of two"),
        pytest.param("403 for url: https://cdn.example/a/model.bin?X-Amz-Date=20260101&X-Amz-Signature="
                     "0a1b&Key-Pair-Id=K2", "403 for url: https://cdn.example/a/model.bin?X-Amz-Date="
                     "20260101&X-Amz-Signature=…&Key-Pair-Id=…", id="a signed address"),
        pytest.param("(\"https://blob.example/x?sv=2&SIG=a%2Bb\")",
                     "(\"https://blob.example/x?sv=2&SIG=…\")", id="another signed address"),
        pytest.param("no route to http://me:pa55word@proxy:3128/", "no route to http://…@proxy:3128/",
                     id="the user of a proxy"),
        pytest.param("https://user:p@ss@host/a@v1", "https://…@host/a@v1", id="an @ in a password"),
        pytest.param("bad proxy 'http://me:a/b?c#d@e@proxy:3128'", "bad proxy 'http://…@proxy:3128'",
                     id="other marks in a password"),
        pytest.param("http://me@corp.com:pa/ss@proxy refused", "http://…@proxy refused",
                     id="an @ in the user and a / in the password"),
        pytest.param("http://me:123456/ss@proxy", "http://…@proxy",
                     id="more digits than a port has"),
        pytest.param("http://me:pa://ss@proxy", "http://…@proxy", id="a scheme in a password"),
        pytest.param("http://me:12/ss@proxy", None, id="a password that looks like a port"),
        pytest.param("a=http://me:pass@one:1/&b=https://[::1]:80/x&c=http://you:pass@two/y",
                     "a=http://…@one:1/&b=https://[::1]:80/x&c=http://…@two/y",
                     id="addresses in a row"),
        pytest.param("https://hub.example/a@v1?design=1&revision=main", None, id="an address"),
        pytest.param("http://hub:8080/a@v1 and http://[::1]:80/a@v1", None, id="one with a port"),
        pytest.param("mail to team@example.org about https://example.org", None, id="a mail"),
        pytest.param("hf_hub and task-list and ask-anything", None, id="no token"),
        pytest.param("hf_hub_download() got an unexpected argument", None, id="a function"),
        pytest.param("dub watch talk-sk-20261126-interview-01", None, id="a name in Slovak"),
        pytest.param("inputs/sk-interview-01/source.mp4", None, id="a short name"),
        pytest.param("the word short", None, id="a value that is a word"),
        pytest.param("/models is full", None, id="no secret"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, expected: str | None) -> None:
    environment = {
        "SOME_API_KEY": "s3cret/of+mine=\n", "HF_TOKEN": "longer-than-the-other",
        "MY_PASSWORD": "longer-than", "A_SECRET": "short", "MODELS_DIR": "/models is full",
    }  # fmt: skip
    assert masked(text, environment) == (text if expected is None else expected)


def seconds_to_mask(text: str) -> float:
    """Processor time, of the fastest of three times."""
    times = []
    for _ in range(3):
        start = time.process_time()
        masked(text, {"A_SECRET": "longer-than-the-other"})
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("prefix", ["", "x://a:"])
@pytest.mark.parametrize(
    "part",
    ["://", "://a:", "://:@", "http://a", "http://me:pass@host/x&", "http://me:pa/ss&",
     "a:b@p:1,c=", "://[", "@", ":", "a", "?key=", "&a.key", "signature", "hf_", " hf_a", "sk-",
     " sk-a"],
)  # fmt: skip
def test_seconds_grow_linearly_with_the_text(prefix: str, part: str) -> None:
    """Eight times the text, which takes 64 times as long if the time is quadratic."""
    short, long = (prefix + part * (size // len(part)) for size in (25_000, 200_000))
    assert seconds_to_mask(long) < 25 * max(seconds_to_mask(short), 0.001)


TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx"


def test_log_has_no_token(stderr: io.StringIO) -> None:
    """Neither in a message nor in a traceback."""
    try:
        raise RuntimeError(f"401 for {TOKEN}")
    except RuntimeError as error:
        logs.logger.exception("download with %s failed: %s", TOKEN, error)
    assert "401 for …" in lines_of(stderr)[0]["exception"]
    assert TOKEN not in stderr.getvalue()


def test_message_of_a_failed_stage_has_no_token(tmp_path: Path, stderr: io.StringIO) -> None:
    write_job(tmp_path, SEGMENTS, seconds=15.0)

    def run(_: object) -> Any:
        raise Misconfigured(f"The hub refused {TOKEN}.", reason="ModelUnusable")

    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE), run)
    assert ended.result.message == "The hub refused …."
    assert TOKEN not in stderr.getvalue()


def speak_until(current: logs.Step, failing: str) -> None:
    for current.position in ("segment_0001", "segment_0002", "segment_0003"):
        if current.position == failing:
            raise RuntimeError("no voice")


def test_failed_step_names_its_position(stderr: io.StringIO) -> None:
    with pytest.raises(RuntimeError, match="no voice"), logs.step("synthesize") as current:
        speak_until(current, "segment_0002")
    assert lines_of(stderr)[-1]["message"] == "synthesize: failed after 0.0 s at segment_0002"


def test_only_progress_has_the_field_progress(stderr: io.StringIO) -> None:
    """The operator takes the last line that has it."""
    progress = logs.Progress()
    progress(0.5)
    with logs.step("align"):
        progress(0.6)
    assert [line["progress"] for line in lines_of(stderr) if "progress" in line] == [0.5]


def steps(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The steps that ended well, in order."""
    return [
        str(vars(record)["step"])
        for record in caplog.records
        if "seconds" in vars(record) and record.levelno == logging.INFO
    ]


def own(names: Iterable[str]) -> list[str]:
    """The steps of the stages themselves, without those that every stage has."""
    return [name for name in names if name not in ("check earlier results", "publish")]


def test_ingest_and_mux_log_their_steps(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    make_video(source_path(tmp_path))
    run_dub(tmp_path, [DubbedSegment(0.5, 1.0, 0.4)])
    assert own(steps(caplog)) == [
        *("probe", "extract audio", "try container"),
        *("plan", "render", "mix", "write subtitles", "read back", "encode", "page"),
    ]


def test_every_stage_logs_what_it_reuses_and_publishes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_video(source_path(tmp_path))
    caplog.set_level(logging.INFO)
    assert run_stage_in(tmp_path, request_for(Stage.INGEST)).code is ExitCode.OK
    assert steps(caplog)[0] == "check earlier results"
    assert "publish" in steps(caplog)
    caplog.clear()
    assert run_stage_in(tmp_path, request_for(Stage.INGEST)).result.reused
    assert steps(caplog) == ["check earlier results"]


def test_failed_ingest_names_the_step(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source_path(tmp_path).parent.mkdir(parents=True)
    source_path(tmp_path).write_text("no video")
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert ended.code is ExitCode.DATAERR
    failed = [vars(record)["step"] for record in caplog.records if "failed after" in record.message]
    assert failed == ["probe"]


def test_synthesize_logs_its_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, SEGMENTS)
    monkeypatch.setattr(synthesize, "load_engine", lambda _: WatchedEngine())
    caplog.set_level(logging.INFO)
    assert run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE)).code is ExitCode.OK
    assert own(steps(caplog)) == ["choose voices", "synthesize"]


def fail_at_the_second(text: str, _: int) -> numpy.ndarray:
    if text == SEGMENTS[1].translation:
        raise RuntimeError("no voice")
    return tone(0.6, ENGINE_RATE)


def test_log_names_the_segment_whose_synthesis_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, SEGMENTS)
    engine = WatchedEngine(sounds=fail_at_the_second)
    monkeypatch.setattr(synthesize, "load_engine", lambda _: engine)
    assert run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE)).code is ExitCode.TEMPFAIL
    (failed,) = [record.message for record in caplog.records if "failed after" in record.message]
    assert failed.endswith(f"at {SEGMENTS[1].segment_id}")
