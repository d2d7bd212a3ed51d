"""The families of translation models: languages, pairs, repositories, and the form of glossary
marks that models copy."""

from __future__ import annotations

import pytest

from dubstage.contract import EngineChoice, Stage, StageRequest
from dubstage.engines import ENGINES
from dubstage.engines.languages import Languages
from dubstage.engines.translation_models import (
    M2M_100,
    MADLAD_400,
    NLLB_200,
    Family,
    converted,
    family_of,
    languages_of,
    pairs_of,
)
from dubstage.errors import BadInput
from dubstage.models.needs import needs_of
from dubstage.text.chunks import sentences_of
from dubstage.text.language_check import check
from dubstage.text.languages import engine_code, primary
from dubstage.translate.placeholders import with_marks, with_names
from dubstage.translate.sentence_case import in_sentence_case


def choice(model: str, **parameters: str) -> EngineChoice:
    return EngineChoice(engine="ctranslate2", model=model, parameters={**parameters})


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("opus-mt-en-es", Family.OPUS_MT),
        ("opus-mt-tc-big-en-pt", Family.OPUS_MT),
        ("m2m100_1.2B", Family.M2M_100),
        ("madlad400-3b-mt", Family.MADLAD_400),
        ("nllb-200-distilled-1.3B", Family.NLLB_200),
        ("our-own", None),
    ],
)
def test_family_is_known_by_the_name(model: str, family: Family | None) -> None:
    assert family_of(choice(model)) is family
    assert family_of(choice("our-own", family=str(family))) is family


@pytest.mark.parametrize(
    ("tag", "m2m", "madlad", "nllb"),
    [
        ("es", "es", "es", "spa-Latn"),
        ("es-419", "es", "es", "spa-Latn"),
        ("pt-BR", "pt", "pt", "por-Latn"),
        ("zh-TW", "zh", "zh", "zho-Hant"),
        ("zh-Hans", "zh", "zh", "zho-Hans"),
        ("yue", None, "yue", "yue-Hant"),
        ("nb", "no", "no", "nob-Latn"),
        ("fil", "tl", "fil", "tgl-Latn"),
        ("ar-EG", "ar", "ar", "arb-Arab"),
        ("fa", "fa", "fa", "pes-Arab"),
        ("ms", "ms", "ms", "zsm-Latn"),
        ("sw", "sw", "sw", "swh-Latn"),
        ("sq", "sq", "sq", "als-Latn"),
        ("lv", "lv", "lv", "lvs-Latn"),
        ("et", "et", "et", "est-Latn"),
        ("ne", "ne", "ne", "npi-Deva"),
        ("uz", "uz", "uz", "uzn-Latn"),
        ("mn", "mn", "mn", "khk-Cyrl"),
        ("he", "he", "he", "heb-Hebr"),
        ("tlh", None, None, None),
    ],
)
def test_languages_have_the_codes_of_each_model(
    tag: str, m2m: str | None, madlad: str | None, nllb: str | None
) -> None:
    found = tuple(engine_code(tag, each) for each in (M2M_100, MADLAD_400, NLLB_200))
    assert found == (m2m, madlad, nllb)


@pytest.mark.parametrize("languages", [M2M_100, MADLAD_400, NLLB_200])
def test_every_code_is_a_language(languages: Languages) -> None:
    assert "und" not in map(primary, languages.codes)
    assert all(engine_code(code, languages) == code for code in languages.codes)


def test_pairs_are_known_for_models_of_two_languages() -> None:
    assert pairs_of(choice("opus-mt-en-es")) == {"en": ("es",)}
    assert pairs_of(choice("opus-mt-tc-big-en-pt")) == {"en": ("pt",)}
    assert pairs_of(choice("opus-mt-en-ROMANCE")) is None
    assert pairs_of(choice("m2m100_418M")) is None
    assert languages_of(choice("opus-mt-en-es")) is None
    assert languages_of(choice("our-own")) is None
    assert languages_of(choice("nllb-200-distilled-600M")) is NLLB_200


def test_noncommercial_weights_are_never_downloaded() -> None:
    assert converted("nllb-200-distilled-600M") == ()
    assert converted("m2m100_418M")[0].repository == "michaelfeil/ct2fast-m2m100_418M"
    (need,) = needs_of([choice("opus-mt-en-es")])
    assert (need.name, need.sources) == ("ctranslate2/opus-mt-en-es", ())


@pytest.mark.parametrize(
    ("model", "source", "target", "refusal"),
    [
        ("opus-mt-en-es", "en", "es-MX", None),
        ("opus-mt-en-es", "es", "en", "it has en to es"),
        ("opus-mt-en-es", "en", "fr", "it has en to es"),
        ("opus-mt-en-ROMANCE", "en", "fr", None),
        ("m2m100_418M", "de", "ko", None),
        ("m2m100_418M", "de", "eo", "does not have the language eo"),
    ],
)
def test_ingest_refuses_what_the_model_lacks(
    model: str, source: str, target: str, refusal: str | None
) -> None:
    engines = {stage: EngineChoice(engine="none") for stage in Stage}
    request = StageRequest(
        stage=Stage.INGEST, namespace="dubbing", name="film", job_id="film", source="a.mp4",
        source_language=source, target_language=target,
        engines={**engines, Stage.TRANSLATE: choice(model)},
    )  # fmt: skip
    if refusal is None:
        check(request)
        return
    with pytest.raises(BadInput, match=refusal):
        check(request)


def test_table_has_the_engine() -> None:
    engine = ENGINES["ctranslate2"]
    assert engine.stages == (Stage.TRANSLATE,)
    assert not engine.needs_network


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Abrió XQ0 y XQ1.", "Abrió ⟦0⟧ y ⟦1⟧."),
        ("Abrió xq 0, XQ1s y XQ7.", "Abrió ⟦0⟧, XQ1s y XQ7."),
    ],
)
def test_marks_are_names_for_a_model(answer: str, expected: str) -> None:
    text = "He opened ⟦0⟧ and ⟦ 1 ⟧."
    assert with_names(text) == "He opened XQ0 and XQ1."
    assert with_marks(answer, text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "MR. SMITH GOES. I'M HERE; “I SAW XQ0!” WHERE?",
            "en-US",
            "Mr. smith goes. I'm here; “I saw XQ0!” Where?",
        ),
        ("¿QUÉ HACES? «XQ1 ES GRANDE.»", "es", "¿Qué haces? «XQ1 es grande.»"),
        ("IT IS THE I.R.A., I SAY.", "en", "It is the i.r.a., I say."),
        ("NASA OK", "en", "NASA OK"),
        ("The HOUSE IS BIG.", "en", "The HOUSE IS BIG."),
        ("the house is big", "en", "the house is big"),
        ("한국어 문장 입니다", "ko", "한국어 문장 입니다"),
        ("12 + 3 = 15", "en", "12 + 3 = 15"),
    ],
)
def test_captions_in_capitals_are_put_in_sentence_case(
    text: str, language: str, expected: str
) -> None:
    assert in_sentence_case(text, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? “Three!” four.", ["One.", "Two?", "“Three!” four."]),
        ("Mr. Smith came at 3 p.m. today.", ["Mr. Smith came at 3 p.m. today."]),
        ("晴れ。「行く？」と言った！はい", ["晴れ。", "「行く？」と言った！", "はい"]),
        ("  no end  here ", ["no end here"]),
        ("...", ["..."]),
        ("", []),
    ],
)  # fmt: skip
def test_sentences_of_a_text(text: str, expected: list[str]) -> None:
    assert sentences_of(text) == expected
