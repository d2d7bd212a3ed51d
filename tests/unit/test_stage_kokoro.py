"""Kokoro without its model: phonemes, speeds and parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from dubstage.engines.program import run_program
from dubstage.errors import Misconfigured
from dubstage.synthesize.kokoro import (
    MAX_TOKENS,
    SPEAKERS,
    Kokoro,
    divided,
    model_speed,
    speaker_of,
)
from dubstage.synthesize.phonemes import PIECE, phonemes


@pytest.mark.parametrize(
    ("language", "espeak"),
    [
        ("es", "es"), ("es-ES", "es"), ("es-MX", "es-419"), ("en", "en-us"), ("en-US", "en-us"),
        ("en-GB", "en-gb"), ("pt-BR", "pt-br"), ("pt", "pt-br"), ("fr-CA", "fr-fr"), ("ca", "ca"),
        ("it-IT", "it"),
    ],
)  # fmt: skip
def test_a_region_gets_its_own_phonemes(language: str, espeak: str) -> None:
    speaker = speaker_of(language)
    assert speaker is not None
    assert speaker.espeak == espeak


@pytest.mark.parametrize("language", ["de", "ko", "ja", "zh", "gl"])
def test_other_languages_are_left_to_espeak(language: str) -> None:
    assert speaker_of(language) is None


def test_every_language_has_female_and_male_voices_by_turns() -> None:
    for speaker in SPEAKERS.values():
        assert len(set(speaker.voices)) == len(speaker.voices) >= 4
        assert speaker.voices[0] in speaker.female
        assert speaker.voices[1] in speaker.male


@pytest.mark.parametrize(("speed", "expected"), [(1.0, 1.0), (1.16, 1.25), (1 / 1.23, 0.8)])
def test_the_models_speed_is_the_measured_one(speed: float, expected: float) -> None:
    assert model_speed(speed) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "word " * 300,
        "Sentence one is here. " * 60,
        "x" * 2000,
        "clause, " * 100 + "end." + "y" * 600,
    ],
)
def test_long_texts_are_divided_without_loss(text: str) -> None:
    parts = list(divided(text))
    assert "".join(parts) == text
    assert all(0 < len(part) <= MAX_TOKENS for part in parts)


def test_a_long_text_is_divided_at_sentences_first() -> None:
    first = "One two three four, five six seven. " * 12
    parts = list(divided(first + "and a clause, " * 20))
    assert parts[0].endswith(".")


def test_punctuation_stays_and_marks_go() -> None:
    found = phonemes("¿Qué? ¡Vamos, niño!", "es")
    assert found.count("?") == found.count("!") == found.count(",") == 1
    assert not set("¿¡^-()") & set(found)


def test_text_is_not_an_option_or_markup() -> None:
    assert phonemes("--help $(id) <b>", "en-us")


def test_affricates_are_one_symbol() -> None:
    assert "ʧ" in phonemes("mucho", "es")
    assert "A" in phonemes("day", "en-us")


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("¿Qué? ¡Vamos, niño!", "es"),
        ('Hola (que tal) amigo, uno - dos; «Dr. Smith» dijo: "no".', "es"),
        ("El 3,5 % de 1.000 personas: mañana.\n\nOtra línea, y... otra", "es"),
        ("He visto [[m'aSi,a]] hoy, sí.", "es"),
        ("live, live music. I read, he read; the, the end, a, an apple", "en-us"),
        ("Les amis, ont, tort; c'est l'été: oui. Il est, allé", "fr-fr"),
        ("hola [[abc, a ]] b, 日本, \x01, x", "es"),
        ("uno, [[maSimaSi]], dos", "es"),
    ],
)
def test_pieces_are_spoken_as_each_alone(text: str, voice: str) -> None:
    pieces = [each.strip() for each in PIECE.findall(text)]
    alone = [phonemes(each, voice) for each in pieces if each]
    assert phonemes(text, voice).replace(" ", "") == "".join(alone).replace(" ", "")


def test_a_text_starts_espeak_once(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[str] = []

    def counted(command: list[str], text: str, *args: Any, **named: Any) -> str:
        starts.append(text)
        return run_program(command, text, *args, **named)

    monkeypatch.setattr("dubstage.synthesize.phonemes.run_program", counted)
    assert phonemes("Uno, dos, tres: cuatro; cinco. Seis", "es").count("s") >= 4
    assert len(starts) == 1


@pytest.mark.parametrize(("text", "voice"), [("Windows y Facebook, ok", "fr-fr"), ("ʃ", "es")])
def test_marks_of_another_language_are_not_spoken(text: str, voice: str) -> None:
    assert not set("()^") & set(phonemes(text, voice))


@pytest.mark.parametrize(
    "content", [None, b"", b"x" * 1000, numpy.full(256, numpy.nan, "float32").tobytes()]
)
def test_damaged_voice_is_named(content: bytes | None, tmp_path: Path) -> None:
    folder = tmp_path / "kokoro" / "v1.0"
    (folder / "voices").mkdir(parents=True)
    if content is not None:
        (folder / "voices" / "ef_dora.bin").write_bytes(content)
    engine = Kokoro.__new__(Kokoro)
    engine._folder, engine._styles = folder, {}
    with pytest.raises(Misconfigured, match=r"kokoro/v1\.0 has no voice ef_dora .*: pull it again"):
        engine._style(("ef_dora",))
