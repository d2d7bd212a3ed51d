"""The engine ctranslate2: the real library with small models of each family."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import pytest
import tiny_translation
from test_engines_translate import rounds, sources

from dubstage.contract import EngineChoice, GlossaryEntry, Stage, StageRequest
from dubstage.errors import Misconfigured
from dubstage.translate.ctranslate2 import engine
from dubstage.translate.ctranslate2.engine import CTranslate2
from dubstage.translate.ctranslate2.tokens import Tokenizer
from dubstage.translate.engine import TranslationContext
from dubstage.translate.stage import load_engine
from dubstage.workspace.layout import Roots, Tree
from dubstage.workspace.work import Work

SENTENCE = "The council meeting will start tomorrow."
REAL = ctranslate2.Translator
Call = tuple[list[list[str]], dict[str, Any]]
"""What the library gets: the tokens of each text, and the options."""


class Recorder:
    """CTranslate2's Translator, which also records what it gets."""

    calls: list[Call]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._real = REAL(*arguments, **options)

    def translate_batch(self, source: list[list[str]], **options: Any) -> Any:
        self.calls.append((source, options))
        return self._real.translate_batch(source, **options)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    Recorder.calls = []
    monkeypatch.setattr(ctranslate2, "Translator", Recorder)
    return Recorder.calls


def choice(name: str, **parameters: str | int) -> EngineChoice:
    return EngineChoice(
        engine="ctranslate2", model=name, parameters={"device": "cpu", **parameters}
    )


def load(tmp_path: Path, name: str, **parameters: str | int) -> CTranslate2:
    folder = tmp_path / "ctranslate2" / name
    if not folder.is_dir():
        tiny_translation.make(tmp_path, name)
    return CTranslate2(folder, choice(name, **parameters))


def work(tmp_path: Path, chosen: EngineChoice) -> Work:
    request = StageRequest(
        stage=Stage.TRANSLATE, namespace="dubbing", name="film", job_id="film", source="a.mp4",
        target_language="es", engines={Stage.TRANSLATE: chosen},
    )  # fmt: skip
    roots = Roots(tmp_path, tmp_path, tmp_path, models=tmp_path)
    tree = Tree(roots, "film")
    return Work(request, tree, lambda *_: tmp_path / "x", lambda _: None, tmp_path)


@pytest.mark.parametrize(
    ("name", "target", "before", "prefix"),
    [
        ("opus-mt-en-es", "es", [], None),
        ("opus-mt-en-ROMANCE", "es-MX", [">>spa<<"], None),
        ("opus-mt-en-ROMANCE", "pt-BR", [">>pob<<"], None),
        ("opus-mt-en-ROMANCE", "fr-CA", [">>fr_CA<<"], None),
        ("m2m100_418M", "ko", ["__en__"], ["__ko__"]),
        ("madlad400-3b-mt", "es-419", ["▁", "<2es>"], None),
        ("nllb-200-distilled-600M", "zh-TW", ["eng_Latn"], ["zho_Hant"]),
        ("nllb-200-distilled-600M", "es", ["eng_Latn"], ["spa_Latn"]),
    ],
)
def test_each_family_gets_its_tokens(
    tmp_path: Path, calls: list[Any], name: str, target: str, before: list[str],
    prefix: list[str] | None,
) -> None:  # fmt: skip
    model = load(tmp_path, name)
    (answer,) = model.translate(sources([SENTENCE]), TranslationContext("en-US", target))
    ((tokens,), options), = calls  # fmt: skip
    assert tokens[: len(before)] == before
    assert tokens[-1] == "</s>"
    assert tokens.count("</s>") == 1
    assert "".join(tokens[len(before) : -1]).replace("▁", " ").strip() == SENTENCE
    assert options["target_prefix"] == ([prefix] if prefix else None)
    assert options["beam_size"] == 4
    assert answer.text.strip()
    assert not any(word in answer.text for word in [*before, *(prefix or []), "</s>", "<pad>"])


def test_end_token_is_not_added_twice(tmp_path: Path, calls: list[Any]) -> None:
    tiny_translation.make(tmp_path, "opus-mt-en-es", adds_end=True)
    model = load(tmp_path, "opus-mt-en-es")
    list(model.translate(sources([SENTENCE]), TranslationContext("en", "es")))
    assert "</s>" not in calls[0][0][0]


def test_texts_are_translated_in_batches_and_yielded_early(
    tmp_path: Path, calls: list[Any]
) -> None:
    model = load(tmp_path, "m2m100_418M", batch_size=4)
    texts = [f"The door number {number} was open." for number in range(10)]
    answers = model.translate(sources(texts), TranslationContext("en", "es"))
    first = next(answers)
    assert first.segment_id == "segment_0000"
    assert len(calls) == 1
    assert {first.segment_id, *(one.segment_id for one in answers)} == {
        source.segment_id for source in sources(texts)
    }
    assert [len(batch) for batch, _ in calls] == [4, 4, 2]


def test_batch_does_not_change_a_translation(tmp_path: Path) -> None:
    texts = ["Who opened it?", "The old door.", "The council meeting will start in the morning."]
    job = TranslationContext("en", "es")
    results = [
        [answer.text for answer in load(tmp_path, "opus-mt-en-es", **size).translate(
            sources(texts), job)]
        for size in ({"batch_size": 1}, {"batch_size": 4})
    ]  # fmt: skip
    assert results[0] == results[1]


def test_sentences_are_translated_one_by_one(tmp_path: Path, calls: list[Any]) -> None:
    text = "Who opened the door? I did not. Mr. House moved the data!"
    list(load(tmp_path, "opus-mt-en-es").translate(sources([text]), TranslationContext("en", "es")))
    texts = ["".join(one[:-1]).replace("▁", " ").strip() for batch, _ in calls for one in batch]
    assert sorted(texts) == ["I did not.", "Mr. House moved the data!", "Who opened the door?"]


@pytest.mark.parametrize("text", [" ".join(f"h{n}" for n in range(400)), "1" * 1700 + "0" * 31])
def test_long_sentence_is_split_and_nothing_is_cut_off(
    tmp_path: Path, calls: list[Any], text: str
) -> None:
    text = f"The old house {text} was quiet"
    model = load(tmp_path, "opus-mt-en-es")
    (answer,) = model.translate(sources([text]), TranslationContext("en", "es"))
    batches = [tokens for batch, _ in calls for tokens in batch]
    assert len(batches) > 1
    assert max(map(len, batches)) <= engine.LONGEST_SENTENCE + 1
    words = [word for tokens in batches for word in "".join(tokens[:-1]).split("▁")]
    assert set(filter(str.isalpha, words)) == {"The", "old", "house", "was", "quiet"}
    assert {word for word in text.split() if word.startswith("h")} <= set(words)
    assert all(options["max_input_length"] == 0 for _, options in calls)
    assert answer.text


def test_answer_is_never_empty(tmp_path: Path) -> None:
    """A model that prefers a space has other hypotheses, or the segment is left out."""
    tiny_translation.make(tmp_path, "opus-mt-en-es", preferred="▁")
    model = load(tmp_path, "opus-mt-en-es")
    job = TranslationContext("en", "es")
    answers = list(model.translate(sources([SENTENCE, "..."]), job))
    assert all(answer.text.strip() for answer in answers)
    assert "..." in [answer.text for answer in answers]
    first, second = rounds(model, [SENTENCE, "..."], tmp_path, job)
    assert first.text.strip()
    assert second.text == "..."


def test_most_likely_text_that_can_be_a_translation_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the text, another language, and a phrase again and again are none."""
    answers = [SENTENCE, "Das Treffen des Rates beginnt morgen früh.", "sí " * 60,
               "La reunión del consejo comenzará mañana."]  # fmt: skip
    monkeypatch.setattr(Tokenizer, "decode", lambda _self, tokens, _prefix: tokens[0])

    class Scripted(Recorder):
        def translate_batch(self, source: list[list[str]], **options: Any) -> Any:
            return [SimpleNamespace(hypotheses=[[text] for text in answers]) for _ in source]

    monkeypatch.setattr(ctranslate2, "Translator", Scripted)
    model = load(tmp_path, "opus-mt-en-es")
    (answer,) = model.translate(sources([SENTENCE]), TranslationContext("en", "es"))
    assert answer.text == answers[3]
    answers.pop()
    other = load(tmp_path, "opus-mt-en-es")
    (answer,) = other.translate(sources([SENTENCE]), TranslationContext("en", "es"))
    assert answer.text == SENTENCE


def test_model_that_only_ends_leaves_the_segment_untranslated(tmp_path: Path) -> None:
    tiny_translation.make(tmp_path, "madlad400-3b-mt", preferred="<s>")
    model = load(tmp_path, "madlad400-3b-mt", beam_size=1)
    (result,) = rounds(model, [SENTENCE], tmp_path, TranslationContext("en", "es"))
    assert result.is_untranslated
    assert result.text == SENTENCE


def test_failed_text_is_not_computed_again(tmp_path: Path, calls: list[Any]) -> None:
    """The model is deterministic: another round would give the same answer."""
    tiny_translation.make(tmp_path, "madlad400-3b-mt", preferred="<s>")
    model = load(tmp_path, "madlad400-3b-mt", beam_size=1)
    rounds(model, [SENTENCE], tmp_path, TranslationContext("en", "es"))
    assert len(calls) == 1


def test_glossary_terms_reach_the_model_as_names(tmp_path: Path, calls: list[Any]) -> None:
    glossary = (GlossaryEntry(term="council"), GlossaryEntry(term="start", translation="va"))
    job = TranslationContext("en", "es", glossary=glossary)
    (result,) = rounds(load(tmp_path, "opus-mt-en-es"), [SENTENCE], tmp_path, job)
    text = "".join(calls[0][0][0][:-1]).replace("▁", " ").strip()
    assert text == "The XQ0 meeting will XQ1 tomorrow."
    assert "⟦" not in result.text


def test_missing_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        load_engine(work(tmp_path, choice("m2m100_418M")))
    assert caught.value.reason == "ModelMissing"
    assert "ctranslate2/m2m100_418M" in str(caught.value)
    assert "dubstage models pull" in str(caught.value)


def test_model_is_loaded_from_the_volume(tmp_path: Path) -> None:
    tiny_translation.make(tmp_path, "m2m100_418M")
    loaded = load_engine(work(tmp_path, choice("m2m100_418M")))
    (answer,) = loaded.translate(sources([SENTENCE]), TranslationContext("en", "es"))
    assert answer.text


def test_model_without_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = tiny_translation.make(tmp_path, "opus-mt-en-es")
    (folder / "target.spm").unlink()
    with pytest.raises(Misconfigured, match=r"source\.spm and target\.spm") as caught:
        CTranslate2(folder, choice("opus-mt-en-es"))
    assert caught.value.reason == "ModelUnusable"


def test_damaged_model_is_refused(tmp_path: Path) -> None:
    folder = tiny_translation.make(tmp_path, "opus-mt-en-es")
    (folder / "model.bin").write_bytes(b"nothing")
    with pytest.raises(Misconfigured, match="cannot be loaded") as caught:
        CTranslate2(folder, choice("opus-mt-en-es"))
    assert caught.value.reason == "ModelUnusable"


def test_model_of_unknown_family_needs_the_parameter(tmp_path: Path) -> None:
    folder = tiny_translation.make(tmp_path, "m2m100_418M")
    own = folder.rename(folder.with_name("our-own"))
    with pytest.raises(Misconfigured, match="parameter family"):
        CTranslate2(own, choice("our-own"))
    model = CTranslate2(own, choice("our-own", family="m2m100"))
    assert list(model.translate(sources([SENTENCE]), TranslationContext("en", "es")))


@pytest.mark.parametrize("beam_size", [0, 101, "wide"])
def test_impossible_beam_size_is_refused(tmp_path: Path, beam_size: str | int) -> None:
    with pytest.raises(Misconfigured, match="expected a whole number from 1 to 100"):
        load(tmp_path, "opus-mt-en-es", beam_size=beam_size)


@pytest.mark.parametrize("name", ["m2m100_418M", "opus-mt-en-ROMANCE", "nllb-200-distilled-600M"])
def test_language_that_the_model_lacks_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match="does not have the language tlh") as caught:
        list(load(tmp_path, name).translate(sources(["Hi."]), TranslationContext("en", "tlh")))
    assert caught.value.reason == "LanguageUnsupported"


def test_gpu_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, "m2m100_418M", device="cuda")
    assert caught.value.reason == "NoGpu"
