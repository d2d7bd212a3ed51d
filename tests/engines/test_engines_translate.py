"""googletrans against a server that answers as Google does, and the real Apertium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from google_server import Answer, Google, google, translation

from dubstage.contract import GlossaryEntry
from dubstage.engines import retries
from dubstage.errors import TemporaryFailure
from dubstage.translate import google as engine
from dubstage.translate.apertium import Apertium
from dubstage.translate.google import GoogleTranslate
from dubstage.translate.rounds import translate_texts


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    with google(tmp_path) as state:
        for name, value in state.environment.items():
            monkeypatch.setenv(name, value)
        yield state


def translate(*lines: str) -> list[str]:
    return GoogleTranslate().translate(lines, "en", "es", lambda _: None)


def test_google_translates_segments_concurrently(server: Google) -> None:
    server.translate = lambda text, _: Answer(200, translation(f"<{text}>").body, delay=0.05)
    lines = [f'It\'s line {number} of "many" & 한국어?' for number in range(20)]
    shares: list[float] = []
    result = GoogleTranslate().translate(lines, "en", "zh-Hans", shares.append)
    assert result == [f"<{line}>" for line in lines]
    assert 1 < server.most_at_once <= engine.AT_ONCE
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert set(server.hosts) == {"translate.googleapis.com:443"}
    assert {(query["sl"][0], query["tl"][0]) for query in server.parameters} == {("en", "zh-cn")}


@pytest.mark.parametrize("trouble", [Answer(429), Answer(503), Answer(200, b"<html>sorry</html>")])
def test_google_request_is_retried(server: Google, trouble: Answer) -> None:
    server.translate = lambda text, attempt: trouble if attempt < 2 else translation("hola")
    assert translate("good morning") == ["hola"]
    assert server.asked == ["good morning"] * 3


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Answer(429), 'status code "429"'),
        (Answer(500), 'status code "500"'),
        (Answer(200, b"not json"), "no answer in time, or none that is a translation"),
        (Answer(200, translation("late").body, delay=1.0), "no answer in time"),
    ],
)
def test_unreachable_google_is_a_transient_failure(
    server: Google, monkeypatch: pytest.MonkeyPatch, trouble: Answer, says: str
) -> None:
    """The source text is never taken for the translation."""
    monkeypatch.setattr(engine, "TIMEOUT_SECONDS", 0.3)
    server.translate = lambda _text, _attempt: trouble
    with pytest.raises(TemporaryFailure) as caught:
        translate("good morning")
    assert says in str(caught.value)
    assert "another engine" in str(caught.value)
    assert len(server.asked) == retries.ATTEMPTS


def test_google_gets_a_long_segment_in_pieces(server: Google) -> None:
    server.translate = lambda text, _: translation(text.upper())
    line = "This is a sentence. " * 200
    assert translate(line) == [line.strip().upper()]
    assert max(len(text) for text in server.asked) <= engine.LONGEST_TEXT


def test_segment_echoed_by_google_stays_untranslated(server: Google) -> None:
    server.translate = lambda text, _: translation(text)
    (result,) = translate_texts(
        GoogleTranslate(), ["good morning"], ("en", "es"), [], lambda _: None
    )
    assert result.is_untranslated
    assert len(server.asked) == 3


def apertium(
    *lines: str,
    source: str = "en",
    target: str = "es",
    glossary: tuple[GlossaryEntry, ...] = (),
) -> list[str]:
    result = translate_texts(Apertium(), lines, (source, target), glossary, lambda _: None)
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
