"""Text as it is given to a voice: numbers in words, and no word destroyed."""

from __future__ import annotations

import pytest

from dubstage.synthesize.spoken_text import spoken_chunks


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "the 1st of May, the 23rd", "the first of May, the twenty-third."),
        ("en", "MP3, 3D and B2B.", "MP3, 3D and B2B."),
        ("en", "covid19 at 90km/h", "covid19 at 90km/h."),
        ("en", "It is -5 degrees.", "It is minus five degrees."),
        ("en", "twenty-5 of 10-year-olds", "twenty-five of ten-year-olds."),
        ("en", "3.5 of 1,234 in 1984.", "three point five of one thousand, two hundred and "
         "thirty-four in nineteen eighty-four."),
        ("en", "v2.0.1a stays", "v2.0.1a stays."),
        ("es", "el 2º piso y la 3ª vez", "el segundo piso y la tercera vez."),
        ("es", "23 personas a -4", "veintitrés personas a menos cuatro."),
        ("fr", "le 1er et le 2e", "le premier et le deuxième."),
        ("it", "il 2º piano", "il secondo piano."),
        ("de", "90km und 3 Tage", "90km und drei Tage."),
        ("ja", "3人です", "三人です。"),
        ("ko", "3개 있어요", "삼개 있어요."),
        ("ca", "tinc 25 anys", "tinc 25 anys."),
    ],
)  # fmt: skip
def test_numbers_are_spelled_and_words_stay_whole(language: str, text: str, expected: str) -> None:
    assert " ".join(spoken_chunks(text, language)) == expected
