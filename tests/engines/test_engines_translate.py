"""googletrans against a server that answers as Google does, and the real Apertium."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google_server import Google, google, translation
from local_server import Response

from dubstage.contract import GlossaryEntry
from dubstage.engines import retries
from dubstage.errors import TemporaryFailure
from dubstage.text.transcript import Segment
from dubstage.translate import google as engine
from dubstage.translate.apertium import Apertium
from dubstage.translate.engine import SourceSegment, TranslationContext, Translator
from dubstage.translate.google import GoogleTranslate
from dubstage.translate.rounds import Rounds, Translated
from dubstage.translate.translation_cache import TranslationCache


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    with google(tmp_path) as state:
        for name, value in state.environment.items():
            monkeypatch.setenv(name, value)
        yield state


def sources(texts: Sequence[str]) -> list[SourceSegment]:
    return [SourceSegment(f"segment_{n:04d}", text, "A") for n, text in enumerate(texts)]


def translate(*texts: str, target: str = "es") -> list[str]:
    answers = GoogleTranslate().translate(sources(texts), TranslationContext("en", target))
    found = {answer.segment_id: answer.text for answer in answers}
    return [found[source.segment_id] for source in sources(texts)]


def rounds(
    engine: Translator, texts: Sequence[str], folder: Path, job: TranslationContext
) -> list[Translated]:
    segments = [
        Segment(segment_id=f"segment_{n:04d}", start=n, end=n + 1, duration=1, text=text,
                speaker=f"SPEAKER_{n:02d}")
        for n, text in enumerate(texts)
    ]  # fmt: skip
    cache = TranslationCache(folder / "translations", {})
    return Rounds(engine, job, cache, lambda _: None).translate(segments, [None] * len(texts))


def test_google_translates_segments_concurrently(server: Google) -> None:
    server.translate = lambda text, _: Response(200, translation(f"<{text}>").body, delay=0.05)
    lines = [f'It\'s line {number} of "many" & 한국어?' for number in range(20)]
    assert translate(*lines, target="zh-Hans") == [f"<{line}>" for line in lines]
    assert 1 < server.most_at_once <= engine.AT_ONCE
    assert set(server.hosts) == {"translate.googleapis.com:443"}
    assert {(query["sl"][0], query["tl"][0]) for query in server.parameters} == {("en", "zh-cn")}


@pytest.mark.parametrize(
    "trouble", [Response(429), Response(503), Response(200, b"<html>sorry</html>")]
)
def test_google_request_is_retried(server: Google, trouble: Response) -> None:
    server.translate = lambda text, attempt: trouble if attempt < 2 else translation("hola")
    assert translate("good morning") == ["hola"]
    assert server.asked == ["good morning"] * 3


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Response(429), "status code 429"),
        (Response(500), "status code 500"),
        (Response(200, b"not json"), "no answer in time, or none that is a translation"),
        (Response(200, translation("late").body, delay=1.0), "no answer in time"),
    ],
)
def test_unreachable_google_is_a_transient_failure(
    server: Google, monkeypatch: pytest.MonkeyPatch, trouble: Response, says: str
) -> None:
    """The source text is never taken for the translation."""
    monkeypatch.setattr(engine, "TIMEOUT_SECONDS", 0.3)
    server.translate = lambda _text, _attempt: trouble
    with pytest.raises(TemporaryFailure) as caught:
        translate("good morning")
    assert says in str(caught.value)
    assert "another engine" in str(caught.value)
    assert len(server.asked) == retries.PATIENT_ATTEMPTS


def test_google_keeps_what_has_come_and_waits_as_asked(
    server: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AT_ONCE", 1)
    slow = Response(429, headers={"Retry-After": "0.2"})
    server.translate = lambda text, _: slow if text == "bad" else translation(text.upper())
    answers = GoogleTranslate().translate(
        sources(["good", "bad", "never"]), TranslationContext("en", "es")
    )
    assert next(answers).text == "GOOD"
    start = time.monotonic()
    with pytest.raises(TemporaryFailure):
        next(answers)
    assert time.monotonic() - start >= 0.2 * (retries.PATIENT_ATTEMPTS - 1)
    assert "never" not in server.asked


def test_google_gets_a_long_segment_in_pieces(server: Google) -> None:
    server.translate = lambda text, _: translation(text.upper())
    line = "This is a sentence. " * 200
    assert translate(line) == [line.strip().upper()]
    assert max(len(text) for text in server.asked) <= engine.LONGEST_TEXT


def test_segment_echoed_by_google_stays_untranslated(server: Google, tmp_path: Path) -> None:
    server.translate = lambda text, _: translation(text)
    job = TranslationContext("en", "es")
    (result,) = rounds(GoogleTranslate(), ["good morning"], tmp_path, job)
    assert result.is_untranslated
    assert len(server.asked) == 3


def apertium(
    *lines: str,
    source: str = "en",
    target: str = "es",
    glossary: tuple[GlossaryEntry, ...] = (),
) -> list[str]:
    job = TranslationContext(source, target, glossary=glossary)
    with tempfile.TemporaryDirectory() as folder:
        result = rounds(Apertium(), lines, Path(folder), job)
    assert not any(line.is_untranslated or line.lost_terms for line in result)
    return [line.text for line in result]


def test_apertium_translates() -> None:
    assert apertium("Good morning.", "The house is big.") == ["Buenos días.", "La casa es grande."]
    assert apertium("The house is big.", target="ca") == ["La casa és gran."]
    assert apertium("La casa es grande.", source="es", target="en-GB") == ["The house is big."]
    assert apertium("La casa és gran.", source="ca", target="en") == ["The home is big."]


def test_apertium_keeps_segments_separate() -> None:
    lines = [
        "...",
        'He said "no".\n\nThen he left.',
        "한국어 [the house] ^$/<x>@",
        "The end is near. " * 300,
    ]
    result = apertium(*lines)
    assert len(result) == 4
    assert result[0] == "..."
    assert "한국어" in result[2]
    assert len(result[3].split()) > 900


def test_apertium_keeps_and_renders_glossary_terms() -> None:
    glossary = (
        GlossaryEntry(term="Green House"),
        GlossaryEntry(term="house", translation="mansión"),
        GlossaryEntry(term="Mr. Black"),
    )
    result = apertium(
        "The dog saw the green house.",
        "Houses are big, but my HOUSE is here.",
        'Green House and "Mr. Black" said hello to Green House.',
        "Mr. Black",
        glossary=glossary,
    )
    assert result == [
        "El perro vio el Green House.",
        "Las casas son grandes, pero mi mansión es aquí.",
        'Green House y "Mr. Black" dijo hola a Green House.',
        "Mr. Black",
    ]
