"""The language of short texts, and what a model's answer may be."""

from __future__ import annotations

import pytest

from dubstage.contract import GlossaryEntry
from dubstage.text.language_identity import common_others, probability
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.openai.guards import is_acceptable

TEXTS = {
    "en": "I do not know where we are going.",
    "es": "No sé adónde vamos hoy.",
    "pt-BR": "Eu não sei para onde vamos.",
    "de": "Ich weiß nicht, wohin wir gehen.",
    "fr": "Je ne sais pas où nous allons.",
    "nb": "Jeg vet ikke hvor vi skal.",
    "ru": "Я не знаю, куда мы идём.",
    "uk": "Я не знаю, куди ми йдемо.",
    "zh-Hant": "我不知道我們要去哪裡。",
    "ja": "どこへ行くのか分かりません。",
    "ko": "우리가 어디로 가는지 모르겠어요.",
    "fil": "Hindi ko alam kung saan tayo pupunta.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_one_sentence_is_enough(language: str) -> None:
    others = [tag for tag in TEXTS if tag != language]
    assert (probability(TEXTS[language], language, others) or 0.0) > 0.8
    for other in others:
        assert (probability(TEXTS[language], other, [language]) or 0.0) < 0.2, other


@pytest.mark.parametrize(
    ("text", "language", "others"),
    [("OK, no.", "es", ["en"]), ("12:30", "es", ["en"]), (TEXTS["es"], "es", []),
     (TEXTS["es"], "es", ["es-MX"]), (TEXTS["es"], "tlh", ["en"]), (TEXTS["es"], "es", ["tlh"])],
)  # fmt: skip
def test_unknown_is_not_guessed(text: str, language: str, others: list[str]) -> None:
    assert probability(text, language, others) is None


def test_close_languages_are_not_compared() -> None:
    assert "es" not in common_others("ca")
    assert "ru" not in common_others("uk")
    assert "en" in common_others("ca")
    assert "es" in common_others("pt-BR")


def acceptable(text: str, answer: str, target: str = "es", *terms: GlossaryEntry) -> bool:
    job = TranslationContext("en", target, glossary=terms)
    return is_acceptable(SourceSegment("segment_0001", text, "SPEAKER_00"), answer, job)


@pytest.mark.parametrize(
    ("text", "answer", "target", "expected"),
    [
        (TEXTS["en"], TEXTS["es"], "es", True),
        (TEXTS["en"], TEXTS["pt-BR"], "es", False),
        (TEXTS["en"], TEXTS["de"], "es", False),
        (TEXTS["en"], "I have no idea where it is that we are heading.", "es", False),
        (TEXTS["en"], TEXTS["es"], "gl", True),
        (TEXTS["en"], TEXTS["en"].upper(), "ru", False),
        (TEXTS["en"], TEXTS["ru"], "ru", True),
        (TEXTS["en"], "我不知道我們要去哪裡,你知道嗎?我真的不知道啊。", "ja", False),
        (TEXTS["en"], "どこへ行くのか、私には全然分かりません。", "ja", True),
        (TEXTS["en"], "No sé on anem avui, de veritat.", "ca", True),
        # Names, titles and borrowed words.
        ("He wrote The Old Man and the Sea.", "Escribió The Old Man and the Sea.", "es", True),
        ("Microsoft, Google, Facebook and Twitter.", "Microsoft, Google, Facebook y Twitter.",
         "es", True),
        ("Download the app.", "Descarga la app.", "es", True),
    ],
)  # fmt: skip
def test_answer_is_in_the_target_language(
    text: str, answer: str, target: str, expected: bool
) -> None:
    assert acceptable(text, answer, target) is expected


def test_rendering_of_a_term_says_nothing_about_the_language() -> None:
    text = "The operator reconciles the state."
    answer = "El operator reconciles the desired state over and over again."
    term = GlossaryEntry(
        term="reconciles the state", translation="reconciles the desired state over and over again"
    )
    assert acceptable(text, answer, "es", term)
