"""Texts that are the same in both languages."""

from __future__ import annotations

import pytest

from dubstage.translate.unchanged import is_unchanged, is_untranslated


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no.", "OK.", "OK, OK.", "Oh, OK.", "Barack Obama.", "Barack Obama!",
        "San Francisco, California.", "Leonardo da Vinci", "Bank of America, New York.",
        "NASA, ESA.", "Jean-Luc Picard.", "La la la.", "12:30", "…", "Ja.", "東京",
        "Анна Каренина.",
    ],
)  # fmt: skip
def test_may_stay(text: str) -> None:
    assert not is_unchanged(text, text)
    assert not is_unchanged(text, text.lower())


@pytest.mark.parametrize(
    "text",
    ["Good night.", "See you soon.", "GOOD NIGHT EVERYBODY.", "Barack Obama was here.", "No way.",
     "Of the and", "Oh, come on.", "A Very Long Headline That Names Nobody At All Today."],
)  # fmt: skip
def test_must_be_translated(text: str) -> None:
    assert is_unchanged(text, text.lower())


def test_nothing_is_no_translation() -> None:
    assert is_unchanged("OK.", " ")
    assert not is_unchanged("Good night.", "Buenas noches.")


@pytest.mark.parametrize(
    ("text", "answer", "languages", "expected"),
    [
        # In the target language already.
        ("Hasta la vista, amigo mío.", "Hasta la vista, amigo mío.", "en es", False),
        ("Buenas noches a todos.", "Buenas noches a todos", "en es-MX", False),
        # Left, with a word of the target.
        ("Are you really ready for this?", "Are you really ready for esto?", "en es", True),
        ("what do you want from me now", "what do you want from me ahora", "en es", True),
        ("Are you really ready for this?", "¿Estás de verdad listo para esto?", "en es", False),
        # Names and borrowed words.
        ("Microsoft Teams and Google Drive.", "Microsoft Teams y Google Drive.", "en es", False),
        ("The film is called What We Do.", "La película se llama What We Do.", "en es", False),
        ("We use open source software.", "Usamos software open source.", "en es", False),
        # Languages that share many words.
        ("la casa de la playa es de la familia", "la casa de la platja és de la família", "es ca",
         False),
        ("eu quero comer uma pizza na casa dela", "quiero comer una pizza en la casa de ella",
         "pt es", False),
        ("We will see.", "", "en es", True),
        ("We will see each other.", "We will see each other!", "en xx", True),
        ("We will see each other.", "Ya nos veremos.", "en xx", False),
    ],
)  # fmt: skip
def test_language_decides_what_is_translated(
    text: str, answer: str, languages: str, expected: bool
) -> None:
    assert is_untranslated(text, answer, *languages.split()) is expected
