"""Pieces of words, language tags, and the languages of engines."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from dubstage.contract import EngineChoice, Stage
from dubstage.engines.languages import (
    COSYVOICE_3,
    ESPEAK,
    GOOGLE_TRANSLATE,
    GTTS,
    WHISPER,
    Languages,
    whisper,
)
from dubstage.errors import BadInput
from dubstage.testing import ENGINES, request_for
from dubstage.text.language_check import check
from dubstage.text.languages import (
    engine_code,
    media_code,
    needs_translation,
    primary,
    same_language,
)
from dubstage.text.transcript import Word
from dubstage.transcribe.segments import segments_of
from dubstage.transcribe.word_pieces import join_pieces, keep_spaces


def test_pieces_of_a_word_are_joined() -> None:
    recognized = [(f"{' ' if w != '-hearted' else ''}{w}", Word(word=w, start=n, end=n + 1))
             for n, w in enumerate(["cold", "-hearted", "man"])]  # fmt: skip
    assert [word.word for word in join_pieces(recognized)] == ["cold-hearted", "man"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["我", "喜欢", " New", " York", " 的", " iPhone", " 15", "。"],
        [" 我喜欢", " ", "New", " York", " ", "的 ", "iPhone", " 15", "。"],
    ],
)
def test_few_spaces_of_an_unspaced_language_are_kept(pieces: list[str]) -> None:
    recognized = [(x, Word(word=x.strip(), start=n, end=n + 1)) for n, x in enumerate(pieces)]
    (segment,) = segments_of([keep_spaces(recognized)], "")
    assert segment.text == "我喜欢 New York 的 iPhone 15。"


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("es", "spa"),
        ("es-MX", "spa"),
        ("ca", "cat"),
        ("tlh", "tlh"),
        ("xx", "und"),
        ("nb-NO", "nob"),
        ("no", "nor"),
        ("tl", "fil"),
        ("jw", "jav"),
        ("cmn-Hans", "zho"),
        ("ger", "deu"),
        ("om", "orm"),
        ("English", "und"),
        ("", "und"),
    ],
)
def test_media_code(tag: str, code: str) -> None:
    assert media_code(tag) == code


@pytest.mark.parametrize(
    ("tag", "code"),
    [("de", "ger"), ("fr-CA", "fre"), ("zh-TW", "chi"), ("es", "spa"), ("xx", "und")],
)
def test_matroska_has_bibliographic_codes(tag: str, code: str) -> None:
    assert media_code(tag, is_bibliographic=True) == code


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es-MX", "es"), ("cmn-Hans", "zh"), ("iw", "he"), ("eng", "en"), ("zh-Hant-TW", "zh"),
     ("yue-HK", "yue"), ("English", "und")],
)  # fmt: skip
def test_primary_is_the_standard_language(tag: str, language: str) -> None:
    assert primary(tag) == language


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("nb", "no", True), ("tl", "fil-PH", True), ("cmn", "zh-TW", True), ("ger", "de", True),
     ("nn", "nb", False), ("yue", "zh", False), ("lb", "de", False), ("hr", "bs", False)],
)  # fmt: skip
def test_same_language(one: str, other: str, same: bool) -> None:
    assert same_language(one, other) is same


@pytest.mark.parametrize(
    ("source", "target", "needed"),
    [("pt-PT", "pt-BR", True), ("pt", "pt-BR", False), ("en-US", "en-US", False),
     ("en", "es", True), ("nb", "no", False)],
)  # fmt: skip
def test_needs_translation(source: str, target: str, needed: bool) -> None:
    assert needs_translation(source, target) is needed


@pytest.mark.parametrize(
    ("tag", "languages", "code"),
    [
        ("zh-TW", WHISPER, "zh"),
        ("nb-NO", WHISPER, "no"),
        ("fil", WHISPER, "tl"),
        ("jv", WHISPER, "jw"),
        ("cmn-Hans", ESPEAK, "cmn"),
        ("pt-BR", ESPEAK, "pt-br"),
        ("pt-PT", ESPEAK, "pt"),
        ("es-MX", ESPEAK, "es-419"),
        ("es-ES", ESPEAK, "es"),
        ("en-US", ESPEAK, "en-us"),
        ("en-GB", ESPEAK, "en-gb"),
        ("fr-CA", ESPEAK, "fr"),
        ("no", ESPEAK, "nb"),
        ("lb", GTTS, None),
        ("pt-BR", GTTS, "pt"),
        ("pt-PT", GTTS, "pt-PT"),
        ("zh-Hant-TW", GTTS, "zh-TW"),
        ("he", GTTS, "iw"),
    ],
)
def test_engine_code_is_the_closest_match(tag: str, languages: Languages, code: str | None) -> None:
    assert engine_code(tag, languages) == code


@pytest.mark.parametrize("languages", [WHISPER, ESPEAK, GTTS, GOOGLE_TRANSLATE, COSYVOICE_3])
def test_every_engine_code_is_its_own_match(languages: Languages) -> None:
    assert {code: engine_code(code, languages) for code in languages.codes} == {
        code: code for code in languages.codes
    }


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("en", "es", None),
        (None, "es", None),
        ("en", "en-GB", "SameLanguage"),
        ("en-US", "en-GB", "LanguageUnsupported"),
        ("en", "tlh", "LanguageUnsupported"),
        (None, "tlh", "LanguageUnsupported"),
        (None, "ja", "LanguageUnsupported"),
        ("de", "es", "LanguageUnsupported"),
        ("tlh", "es", "LanguageUnsupported"),
    ],
)
def test_unsupported_languages_are_refused_by_ingest(
    source: str | None, target: str, reason: str | None
) -> None:
    request = request_for(Stage.INGEST, source_language=source, target_language=target)
    if reason is None:
        check(request)
        return
    with pytest.raises(BadInput) as caught:
        check(request)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("source", "target", "replaced", "is_accepted"),
    [
        ("en", "ja", [], False),
        ("en", "ja", [Stage.TRANSLATE], True),
        (None, "ja", [Stage.TRANSLATE], True),
        ("en", "ja", [Stage.TRANSCRIBE], False),
        ("tlh", "ja", [Stage.TRANSLATE], False),
        ("tlh", "ja", [Stage.TRANSCRIBE, Stage.TRANSLATE], True),
        ("en", "tlh", [Stage.TRANSCRIBE, Stage.TRANSLATE], False),
    ],
)
def test_engines_whose_work_is_replaced_need_not_have_the_language(
    source: str | None, target: str, replaced: list[Stage], is_accepted: bool
) -> None:
    request = request_for(Stage.INGEST, source_language=source, target_language=target)
    with nullcontext() if is_accepted else pytest.raises(BadInput):
        check(request, replaced)


def test_recognizer_whose_work_is_replaced_need_not_have_another_language() -> None:
    """Ingest then refuses the transcript without a source language."""
    engines = {
        **ENGINES,
        Stage.TRANSCRIBE: EngineChoice(engine="faster-whisper", model="small.en"),
        Stage.TRANSLATE: EngineChoice(engine="googletrans"),
    }
    request = request_for(Stage.INGEST, source_language=None, target_language="en", engines=engines)
    with pytest.raises(BadInput, match="recognizes no language"):
        check(request)
    check(request, [Stage.TRANSCRIBE])


@pytest.mark.parametrize("tag", ["nb-NO", "fil-PH", "jv"])
def test_language_with_another_code_of_the_engine_is_supported(tag: str) -> None:
    engines = {**ENGINES, Stage.TRANSLATE: EngineChoice(engine="googletrans"),
               Stage.SYNTHESIZE: EngineChoice(engine="gtts")}  # fmt: skip
    check(request_for(Stage.INGEST, target_language=tag, engines=engines))
    check(request_for(Stage.INGEST, source_language=tag, engines=engines))


def test_cosyvoice_supports_korean_without_a_model_name() -> None:
    engines = {**ENGINES, Stage.SYNTHESIZE: EngineChoice(engine="cosyvoice"),
               Stage.TRANSLATE: EngineChoice(engine="googletrans")}  # fmt: skip
    check(request_for(Stage.INGEST, target_language="ko", engines=engines))


@pytest.mark.parametrize(
    ("engine", "model", "target", "is_accepted"),
    [
        ("googletrans", None, "sr-Latn", False),
        ("googletrans", None, "pa-Arab", False),
        ("googletrans", None, "sr", True),
        ("googletrans", None, "sr-Cyrl", True),
        ("googletrans", None, "zh-Hant", True),
        ("googletrans", None, "zh-Hans", True),
        ("googletrans", None, "zh-Hani", True),
        ("googletrans", None, "en-Latn", True),
        ("googletrans", None, "ko-Hang", True),
        ("googletrans", None, "ur-Aran", True),
        ("googletrans", None, "ja-Jpan", True),
        ("googletrans", None, "ja-Hrkt", False),
        ("ctranslate2", "m2m100_418M", "zh-Hant", False),
        ("ctranslate2", "nllb-200-distilled-600M", "zh-Hant", True),
        ("ctranslate2", "nllb-200-distilled-600M", "sr-Latn", False),
    ],
)
@pytest.mark.parametrize("source", ["de", None])
def test_translation_is_in_the_script_of_the_target(
    engine: str, model: str | None, target: str, is_accepted: bool, source: str | None
) -> None:
    engines = {**ENGINES, Stage.TRANSLATE: EngineChoice(engine=engine, model=model),
               Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng")}  # fmt: skip
    request = request_for(
        Stage.INGEST, source_language=source, target_language=target, engines=engines
    )
    check(request, [Stage.TRANSCRIBE, Stage.TRANSLATE])
    with nullcontext() if is_accepted else pytest.raises(BadInput, match="script of"):
        check(request, [Stage.TRANSCRIBE])


def test_engine_with_one_code_for_both_variants_is_refused() -> None:
    engines = {**ENGINES, Stage.TRANSLATE: EngineChoice(engine="googletrans"),
               Stage.SYNTHESIZE: EngineChoice(engine="gtts")}  # fmt: skip
    request = request_for(
        Stage.INGEST, source_language="pt-PT", target_language="pt-BR", engines=engines
    )
    with pytest.raises(BadInput, match="knows pt-PT and pt-BR as one language"):
        check(request)


@pytest.mark.parametrize(
    ("model", "has_yue"),
    [("large-v2", False), ("base", False), ("large-v3", True), ("large-v3-turbo", True)],
)
def test_only_new_whisper_models_know_cantonese(model: str, has_yue: bool) -> None:
    found = whisper(EngineChoice(engine="whisperx", model=model))
    assert (engine_code("yue", found) is not None) is has_yue
    assert engine_code("zh-TW", found) == "zh"
