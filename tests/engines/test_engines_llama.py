"""The engine openai against llama.cpp's own server: real HTTP, real decoding that follows a
schema, real cancelling. What the model says is noise; that every id comes back is not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from test_engines_translate import rounds, sources
from translation_texts import ENGLISH

from dubstage.contract import GlossaryEntry
from dubstage.engines import retries
from dubstage.errors import TemporaryFailure
from dubstage.timing.budget import Budget
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.openai import prompt
from dubstage.translate.openai.answers import from_json
from dubstage.translate.openai.client import ChatClient
from dubstage.translate.openai.engine import OpenAITranslator
from dubstage.translate.openai.settings import read

pytestmark = pytest.mark.timeout(300)
SCRIPT = Path(__file__).with_name("llama_server.py")
PACKAGES = ("xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy")
NOISE = {"top_p": 1.0, "min_p": 0.0}
"""Sampling without a preference for likely words."""
TARGET = "haw"
"""A language that is not identified by its letters, so that noise can pass for a translation."""
WORDS = 200
"""Tokens of an answer at most: without a schema, the model never ends by itself."""
CANCELED_SECONDS = 60
"""The server notices within a second that nobody waits; without that, it works for minutes."""
TEXTS = ENGLISH[:6]
STAGE = """
import sys
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.openai.engine import OpenAITranslator
from dubstage.translate.openai.settings import read

settings = read({"url": sys.argv[1], "model": "noise", "structured": "lines"})
one = SourceSegment("segment_0000", "The house is big.", "A")
list(OpenAITranslator(settings, None).translate([one], TranslationContext("en", "es", [one])))
"""
"""A translation that takes many seconds."""


@contextlib.contextmanager
def serving(folder: Path, context: int) -> Iterator[str]:
    """A running server; its URL."""
    wanted = [word for package in PACKAGES for word in ("--with", package)]
    command = ["uv", "run", "--no-project", "--quiet", *wanted, "python", str(SCRIPT)]
    log = folder / "server.log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            [*command, str(folder), str(context)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert server.stdin
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("http://"), log.read_text()[-2000:]
            yield url
        finally:
            server.stdin.close()
            server.stdout.close()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("llama"), 16384) as found:
        yield found


def model(url: str, **parameters: Any) -> OpenAITranslator:
    chosen = {
        "url": f"{url}/v1", "model": "noise", "summary": False, "fit": False, "temperature": 1.0,
        "extra_body": {**NOISE, "max_tokens": WORDS * 3}, **parameters,
    }  # fmt: skip
    return OpenAITranslator(read(chosen), None)


def context(texts: tuple[str, ...] = TEXTS, budget: Budget | None = None) -> TranslationContext:
    transcript = [SourceSegment(one.segment_id, one.text, "A", budget) for one in sources(texts)]
    return TranslationContext("en", TARGET, transcript=transcript)


def busy(url: str) -> int:
    """Requests that the server works on."""
    return sum(slot["is_processing"] for slot in httpx.get(f"{url}/slots").json())


def idle_after(url: str, seconds: float) -> bool:
    """Whether the server ends all work within `seconds`."""
    deadline = time.monotonic() + seconds
    while busy(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not busy(url)


def test_schema_decides_what_the_model_can_say(url: str) -> None:
    """Any noise is JSON with the ids of the request and no others."""
    ids = ["segment_0007", "segment_0042", "sixth"]
    settings = read({"url": f"{url}/v1", "model": "noise", "temperature": 1.0, "extra_body": NOISE})

    async def ask() -> list[str]:
        async with ChatClient(settings, None) as client:
            messages = prompt.summary("Nothing.", context())
            replies = [await client.ask(messages, prompt.schema(ids), "noise") for _ in range(8)]
            return [reply.text for reply in replies]

    answers = asyncio.run(ask())
    for answer in answers:
        rows = json.loads(answer)["segments"]
        assert len(rows) == len(ids)
        assert {row["id"] for row in rows} <= set(ids)
        count = Counter(row["id"] for row in rows)
        once = {row["id"] for row in rows if count[row["id"]] == 1 and row["text"].strip()}
        assert once <= set(from_json(answer, ids)) <= set(count)
    assert len(set(answers)) == len(answers)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("structured", ["auto", "json_schema", "json_object", "lines"])
def test_every_id_comes_back(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, structured: str, stream: bool
) -> None:
    """As noise that can be a translation, or flagged as untranslated; never as another id."""
    caplog.set_level(logging.INFO)
    job = context()
    engine = model(url, structured=structured, segments_per_request=3, stream=stream)
    found = [answer.segment_id for answer in engine.translate(job.transcript, job)]
    assert len(found) == len(set(found))
    assert set(found) <= {one.segment_id for one in job.transcript}
    results = rounds(engine, TEXTS, tmp_path, job)
    assert len(results) == len(TEXTS)
    for text, result in zip(TEXTS, results, strict=True):
        assert (result.text == text) == result.is_untranslated
    if structured in ("auto", "json_schema"):
        assert "json_schema" in caplog.text


def test_missing_ids_are_requested_again(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The schema cannot forbid that the model uses an id twice and another one never."""
    caplog.set_level(logging.INFO)
    job = context(ENGLISH[:16])
    engine = model(url, structured="json_schema", segments_per_request=16)
    found = {answer.segment_id for answer in engine.translate(job.transcript, job)}
    ids = {one.segment_id for one in job.transcript}
    requests = [record.getMessage() for record in caplog.records]
    again = {identity for identity in ids if f"request to noise: {identity} alone" in requests}
    assert again, "chance named each of 16 ids once"
    assert ids - found <= again


def test_budgets_and_glossary_lose_no_segment(url: str, tmp_path: Path) -> None:
    segments = context(budget=Budget(20, 30)).transcript
    job = TranslationContext("en", TARGET, segments, [GlossaryEntry(term="church")])
    results = rounds(model(url, fit=True, fit_rounds=1), TEXTS[:4], tmp_path, job)
    assert len(results) == 4
    assert all(result.text for result in results)


def test_small_context_loses_no_segment(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A batch that the server refuses for its length is halved, and the schema stays."""
    caplog.set_level(logging.INFO)
    with serving(tmp_path, 2304) as url:
        job = context(ENGLISH[:16])
        engine = model(url, segments_per_request=16, context_before=0, context_after=0)
        results = rounds(engine, ENGLISH[:16], tmp_path, job)
    assert len(results) == 16
    assert any(not result.is_untranslated for result in results)
    assert "HTTP/1.1 400" in caplog.text
    assert "8 segments from segment_0000, json_schema" in caplog.text


def test_timeout_ends_the_work_of_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a slow server would work on requests that nobody waits for."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    job = context()
    engine = model(url, structured="lines", timeout_seconds=0.2, concurrency=2, extra_body={})
    with pytest.raises(TemporaryFailure, match=r"no answer in 0\.2 s") as caught:
        list(engine.translate(job.transcript, job))
    assert caught.value.reason == "TranslationUnavailable"
    assert idle_after(url, CANCELED_SECONDS)


def test_terminated_stage_ends_the_work_of_the_server(url: str) -> None:
    stage = subprocess.Popen([sys.executable, "-c", STAGE, f"{url}/v1"])
    try:
        deadline = time.monotonic() + 30
        while not busy(url):
            assert time.monotonic() < deadline, "the stage made no request"
            assert stage.poll() is None
            time.sleep(0.05)
    finally:
        stage.terminate()
        stage.wait()
    assert idle_after(url, CANCELED_SECONDS)
