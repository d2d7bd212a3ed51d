"""Texts that are the same in both languages."""

from __future__ import annotations

import pytest

from dubstage.translate.unchanged import is_untranslated


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
    assert not is_untranslated(text, text)
    assert not is_untranslated(text, text.lower())


@pytest.mark.parametrize(
    "text",
    ["Good night.", "See you soon.", "GOOD NIGHT EVERYBODY.", "Barack Obama was here.", "No way.",
     "Of the and", "Oh, come on.", "A Very Long Headline That Names Nobody At All Today."],
)  # fmt: skip
def test_must_be_translated(text: str) -> None:
    assert is_untranslated(text, text.lower())


def test_nothing_is_no_translation() -> None:
    assert is_untranslated("OK.", " ")
    assert not is_untranslated("Good night.", "Buenas noches.")
