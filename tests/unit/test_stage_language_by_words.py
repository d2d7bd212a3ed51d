"""The language that is spoken, where Whisper detects another one, or the user gives one."""

from __future__ import annotations

import numpy
import pytest

from dubstage.text.transcript import Word
from dubstage.transcribe.language_by_words import (
    EXCERPT_SECONDS,
    corrected_language,
    other_language,
)

RATE = 16000
HEARD = {
    "ca": "La reunió del consell començarà demà al matí a l'edifici principal. Ningú sabia per què "
    "el vell pont feia tants anys que estava tancat.",
    "la": "Le reunio del consell començara demal mati al edifici principal. Ningú savia perque el "
    "vell pont feia tans anys que estava tancat.",
    "es": "La reunión del consejo empezará mañana en el edificio principal. Nadie sabía por qué el "
    "viejo puente llevaba tantos años cerrado.",
    "gl": "A reunión do consello comezará mañá no edificio principal. Ninguén sabía por que a "
    "vella ponte levaba tantos anos pechada.",
}
"""What a recognizer writes when it is told the language."""
ENGLISH = "The council meets in the main building tomorrow morning. Nobody knew why the old bridge "
ENGLISH += "had been closed for so many years."


def words(text: str, score: float | None = 0.8, start: float = 0.0) -> list[Word]:
    return [
        Word(word=word, start=start + number * 0.3, end=start + number * 0.3 + 0.25, score=score)
        for number, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("detected", "wrote", "scores", "spoken"),
    [
        ("la", "la", {"la": 0.5, "ca": 0.7}, "ca"),
        ("la", "la", {"la": 0.5, "ca": 0.51}, None),  # no surer
        ("es", "es", {}, None),  # the words are in the detected language: no more is recognized
        ("es", "gl", {"es": 0.9, "gl": 0.85}, None),
        ("la", "short", {}, None),
        ("la", "nothing", {}, None),
        ("la", "unscored", {"la": None, "ca": None}, None),
    ],
)
def test_surer_language_counts(
    detected: str, wrote: str, scores: dict[str, float | None], spoken: str | None
) -> None:
    texts = {**HEARD, "short": "Ningú sabia res.", "nothing": "", "unscored": HEARD["la"]}
    asked = []

    def recognize(_: object, language: str) -> list[Word]:
        asked.append(language)
        return words(HEARD[language], scores[language])

    audio = numpy.zeros(RATE, numpy.float32)
    score = scores.get(detected, 0.8)
    found = corrected_language(words(texts[wrote], score), detected, audio, recognize)
    assert (found and found[0]) == spoken
    assert asked == [each for each in scores if each != detected], "each is recognized once"


def test_excerpt_begins_with_the_speech() -> None:
    """Music before it, and a long talk after it, cost nothing."""
    audio = numpy.repeat(numpy.arange(200, dtype=numpy.float32), RATE)
    heard = []

    def recognize(samples: numpy.ndarray, language: str) -> list[Word]:
        heard.append((float(samples[0]), len(samples) / RATE))
        return words(HEARD[language], 0.9 if language == "ca" else 0.4)

    before = [
        *words(HEARD["la"], 0.4, start=40.0),
        *words(HEARD["la"], 0.99, start=40.0 + EXCERPT_SECONDS),
    ]
    found = corrected_language(before, "la", audio, recognize)
    assert found
    assert found[0] == "ca"
    assert 0.95 <= found[1] <= 1.0
    assert heard == [(40.0, EXCERPT_SECONDS)], "what follows it does not count, either"


@pytest.mark.parametrize(
    ("given", "wrote", "detected", "gain", "spoken"),
    [
        ("es", HEARD["es"], ("en", 0.99), 0.3, "en"),  # translated
        ("es", ENGLISH, ("en", 0.99), 0.0, "en"),  # written as it is spoken
        ("ca", HEARD["es"], ("es", 0.99), 0.0, "es"),
        ("es", HEARD["es"], ("es", 0.99), 0.3, None),
        ("es", HEARD["es"], ("en", 0.4), 0.3, None),  # not detected clearly
        ("es", HEARD["es"], ("en", 0.99), 0.05, None),  # surer, but not clearly
        ("ca", HEARD["ca"], ("es", 0.7), -0.1, None),  # Whisper takes Catalan for Spanish
        ("hr", HEARD["es"], ("bs", 0.9), 0.3, None),
        ("hr", HEARD["es"], ("sr", 0.9), 0.3, None),
        ("sr", HEARD["es"], ("bs", 0.9), 0.3, None),
        ("cs", HEARD["es"], ("sk", 0.9), 0.3, "sk"),
        ("nn", HEARD["es"], ("no", 0.9), 0.3, None),
        ("es", "", ("en", 0.99), 0.3, None),
    ],
)
def test_given_language_is_doubted_only_where_another_is_clear(
    given: str, wrote: str, detected: tuple[str, float], gain: float, spoken: str | None
) -> None:
    def recognize(_: object, language: str) -> list[Word]:
        assert language == detected[0]
        return words(ENGLISH, 0.5 + gain)

    audio = numpy.zeros(RATE, numpy.float32)
    assert other_language(words(wrote, 0.5), given, detected, audio, recognize) == spoken
