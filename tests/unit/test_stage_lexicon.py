"""One glossary from the ear to the mouth: what the recognizer, the translator and the voice get."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from unicodedata import normalize

import pytest
from speech_world import SEGMENTS, WatchedEngine, segment, write_job

from dubstage.contract import (
    EngineChoice,
    ExitCode,
    GlossaryEntry,
    OnDoubt,
    SharedGlossary,
    Stage,
    StageRequest,
    request_env,
)
from dubstage.contract.glossary import glossary_text, read_glossary
from dubstage.errors import BadInput
from dubstage.inputs.shared_glossary import with_shared_glossary
from dubstage.synthesize import stage
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.espeak_phonemes import in_phonemes, names_from
from dubstage.synthesize.phonemes import phonemes
from dubstage.synthesize.pronunciation import Pronunciation
from dubstage.testing import request_for, run_stage_in
from dubstage.text.terms import Terms
from dubstage.transcribe.hotwords import MAX_BYTES, hotwords
from dubstage.workspace.layout import Artifact
from dubstage.workspace.manifest import Origin, content_key

DECOMPOSED = normalize("NFD", "café")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="no espeak-ng")


def test_entries_are_composed_wherever_they_come_from() -> None:
    entry = GlossaryEntry(
        term=DECOMPOSED, translation=DECOMPOSED, hear=[DECOMPOSED], say={"es": DECOMPOSED}
    )
    assert entry.model_dump() == {
        "term": "café", "translation": "café", "hear": ["café"], "say": {"es": "café"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        {"term": "a"},
        {"term": "a", "translation": "b"},
        {"term": "a", "hear": ["b", '"\\', "c\u2028d"]},
        {"term": "a", "translation": "é", "say": {"es": "/a/", "pt-BR": "[[a]]"}},
    ],
)
def test_long_glossary_keeps_every_field_in_its_file(entry: dict[str, object]) -> None:
    entries = [GlossaryEntry.model_validate(entry), GlossaryEntry(term="z")]
    assert read_glossary(glossary_text(entries)) == entries
    assert glossary_text(entries).count("\n") == 2


def test_request_never_expands_variables_of_the_pod() -> None:
    entry = GlossaryEntry(term="$(KEY)", hear=["$(KEY)"], say={"es": "$$(KEY)"})
    shared = SharedGlossary(config_map="series", file="/f")
    request = request_for(Stage.TRANSCRIBE, glossary=[entry], shared_glossary=shared)
    value = request_env(request)["value"]
    assert "$" not in value
    assert StageRequest.model_validate_json(value) == request


class TestShared:
    """The table of a ConfigMap."""

    def entries(self, folder: Path, text: str | bytes, *own: GlossaryEntry) -> list[GlossaryEntry]:
        file = folder / "glossary.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        shared = SharedGlossary(config_map="series", file=str(file))
        request = request_for(Stage.INGEST, shared_glossary=shared, glossary=list(own))
        return with_shared_glossary(request).glossary

    @pytest.mark.parametrize(
        "text",
        [
            "term,translation,hear,say\nAnn,Ana,Ann|Anne,/ˈana/\n",
            "\ufeffTerm;Translation;Hear;Say:es;Note\r\nAnn;Ana;Ann | Anne;/ˈana/;a friend\r\n",
            "say:ES\tterm\ttranslation\thear\n/ˈana/\tAnn\tAna\tAnn|Anne|\n\n\t\t\t\n",
            'term,translation,hear,say\n"Ann","Ana","Ann|Anne","/ˈana/"',
            "term,translation,hear,say\nAnn,Ana,Ann|Anne,/ˈana/".encode("utf-16"),
        ],
        ids=["plain", "semicolons", "tabs", "quoted", "utf-16"],
    )
    def test_table_of_any_spreadsheet(self, tmp_path: Path, text: str | bytes) -> None:
        (entry,) = self.entries(tmp_path, text)
        assert entry == GlossaryEntry(
            term="Ann", translation="Ana", hear=["Ann", "Anne"], say={"es": "/ˈana/"}
        )

    @pytest.mark.parametrize(
        ("target", "expected"),
        [("es", "cápsula"), ("es-MX", "vaina"), ("pt-BR", "cápsula (pt)"), ("de", "Pod")],
    )
    def test_one_table_serves_several_languages(
        self, tmp_path: Path, target: str, expected: str
    ) -> None:
        file = tmp_path / "glossary.csv"
        file.write_text(
            "term,translation:es,translation:es-mx,translation:pt,translation\n"
            "pod,cápsula,vaina,cápsula (pt),Pod\n"
        )
        shared = SharedGlossary(config_map="series", file=str(file))
        request = request_for(Stage.INGEST, shared_glossary=shared, target_language=target)
        (entry,) = with_shared_glossary(request).glossary
        assert entry.translation == expected

    def test_own_entries_come_first_and_win(self, tmp_path: Path) -> None:
        own = GlossaryEntry(term="POD", translation="cápsula")
        table = f"term,translation\npod,vaina\n{DECOMPOSED},bar\n"
        assert [(x.term, x.rendering) for x in self.entries(tmp_path, table, own)] == [
            ("POD", "cápsula"), ("café", "bar"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "has the columns none"),
            ("word,translation\na,b\n", "has the columns word, translation; expected term"),
            ("term,term\na,b\n", "each once"),
            ("term,say:klingon language\na,b\n", "has the columns term, say:klingon language"),
            ("term,translation\n,b\n", "has no term in line 2"),
            ("term,translation\na,b,c\n", "has 3 cells in line 2; expected 2"),
            ("term,translation\na,b\n\nA,c\n", "the term “A” in the lines 2 and 4"),
            (f"term,translation\na,{'b' * 201}\n", "has a translation in line 2"),
            ("term,translation\na,'b\x07'\n\"", "unexpected end of data"),
            ('term,translation\n"a\nb",c\n', "has a term in line 3 that cannot be used"),
            (b"term,translation\n" + b"\x00", "cannot be read"),
        ],
    )
    def test_bad_table_is_refused_with_its_line(
        self, tmp_path: Path, text: str | bytes, problem: str
    ) -> None:
        with pytest.raises(BadInput) as caught:
            self.entries(tmp_path, text)
        assert caught.value.reason == "GlossaryInvalid"
        message = str(caught.value)
        assert message.startswith("The key glossary.csv of ConfigMap series, ")
        assert problem in message
        assert message.endswith(".")

    def test_stage_ends_with_the_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "inputs/clip").mkdir(parents=True)
        (tmp_path / "inputs/clip/source.mp4").touch()
        shared = SharedGlossary(config_map="series", file=str(tmp_path / "missing.csv"))
        ended = run_stage_in(tmp_path, request_for(Stage.INGEST, shared_glossary=shared))
        assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "GlossaryInvalid")
        assert "ConfigMap series" in ended.result.message

    def test_five_thousand_terms_take_no_time(self, tmp_path: Path) -> None:
        rows = "".join(f"term number {n},término {n}\n" for n in range(5000))
        entries = self.entries(tmp_path, f"term,translation\n{rows}")
        assert len(entries) == 5000
        terms = Terms((entry.term, entry) for entry in entries)
        begun = time.process_time()
        for number in range(200):
            (found,) = terms.values_in(f"This is Term Number {number}, said a thousand times.")
            assert found.rendering == f"término {number}"
        assert time.process_time() - begun < 4.0


def test_longest_term_counts_alone() -> None:
    terms = Terms([("cloud", 1), ("Acme Cloud", 2)])
    assert terms.values_in("Acme  cloud and the CLOUD") == [2, 1]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([GlossaryEntry(term="a")], None),
        ([GlossaryEntry(term="a", hear=["Ann", " Bob "]), GlossaryEntry(term="b", hear=["Ann"])],
         "Ann, Bob"),
    ],
)  # fmt: skip
def test_recognizer_gets_each_spelling_once(
    entries: list[GlossaryEntry], expected: str | None
) -> None:
    found = hotwords(entries)
    assert (found.text, found.notes) == (expected, ())


def test_spellings_that_do_not_fit_are_counted() -> None:
    spellings = [f"Name{n:03d}" for n in range(100)]
    found = hotwords([GlossaryEntry(term="a", hear=spellings)])
    assert found.text is not None
    assert len(found.text.encode()) <= MAX_BYTES
    used = found.text.split(", ")
    assert used == spellings[: len(used)]
    assert f"{100 - len(used)} spellings of 100" in found.notes[0]
    assert spellings[len(used)] in found.notes[0]


class Phonetic(WatchedEngine):
    """An engine that reads phonemes, and has none for ☃."""

    def phonemes(self, ipa: str, language: str) -> str | None:
        return None if "☃" in ipa else f"[[{ipa}@{language}]]"


def said(text: str, engine: WatchedEngine, **say: str) -> tuple[str, list[str]]:
    entry = GlossaryEntry(term="kubernetes", translation="Kubernetes", say=say)
    pronunciation = Pronunciation([entry], "es-MX", engine)
    return pronunciation.said(text), pronunciation.remarks


@pytest.mark.parametrize(
    ("say", "plain", "phonetic"),
    [
        ({"es": "cubernetis"}, "cubernetis", "cubernetis"),
        ({"es_ES": "x", "es": "[[k]] cuber"}, "[k] cuber", "[k] cuber"),
        ({"es": "/kube/"}, "Kubernetes", "[[kube@es-MX]]"),
        ({"es": "[[kubE]]"}, "Kubernetes", "[[kubE]]"),
        ({"es": "/☃/"}, "Kubernetes", "Kubernetes"),
        ({"en": "koober", "fr": "coubère"}, "KUBERNETES", "KUBERNETES"),
        ({"es_419": "cúber", "es_ES": "kúber"}, "cúber", "cúber"),
    ],
)
def test_voice_gets_the_pronunciation_that_it_can_read(
    say: dict[str, str], plain: str, phonetic: str
) -> None:
    say = {tag.replace("_", "-"): text for tag, text in say.items()}
    text = "Con KUBERNETES, no kubernetess."
    for engine, expected in ((WatchedEngine(), plain), (Phonetic(), phonetic)):
        result, remarks = said(text, engine, **say)
        assert result == f"Con {expected}, no kubernetess."
        is_unread = expected == "Kubernetes"
        assert bool(remarks) == is_unread
        assert not is_unread or "1 glossary term" in remarks[0]


def test_only_segments_with_a_changed_pronunciation_are_synthesized_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WatchedEngine()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    write_job(tmp_path, SEGMENTS)
    run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    engine.asked.clear()
    glossary = [GlossaryEntry(term="four", translation="cuatro", say={"es": "kuatro"})]
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, glossary=glossary))
    assert set(engine.texts) == {"kuatro"}
    assert ended.result.summary.reused_clips == 2


def test_pronunciation_does_not_change_the_expected_duration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of phonemes are longer than what is heard."""
    engine = Phonetic()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    write_job(tmp_path, [segment(0, 0.5, 2.5, "doce letras!")])
    say = {"es": f"/{'letras' * 5}/"}
    glossary = [GlossaryEntry(term="letras", say=say)]
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, glossary=glossary))
    assert ended.code == ExitCode.OK
    assert engine.texts[0] == f"doce [[{'letras' * 5}@es]]!"
    (clip,) = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    assert clip["predicted"] < 1.0


KEYS: list[tuple[dict[str, object], set[Stage]]] = [
    ({"glossary": [GlossaryEntry(term="a", hear=["b"])]}, {Stage.TRANSCRIBE, Stage.TRANSLATE}),
    ({"glossary": [GlossaryEntry(term="a", say={"es-MX": "b"})]},
     {Stage.TRANSLATE, Stage.SYNTHESIZE}),
    ({"glossary": [GlossaryEntry(term="a", say={"fr": "b"})]}, {Stage.TRANSLATE}),
    ({"on_doubt": OnDoubt.KEEP}, {Stage.TRANSCRIBE}),
    ({"on_doubt": OnDoubt.DROP}, {Stage.TRANSCRIBE}),
    ({"on_doubt": OnDoubt.REVIEW}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), KEYS)
def test_stages_run_again_only_for_what_they_use(
    changes: dict[str, object], expected: set[Stage]
) -> None:
    before, after = request_for(Stage.INGEST), request_for(Stage.INGEST, **changes)
    changed = {
        each
        for each in Stage
        if content_key(before, each, {}, Origin()) != content_key(after, each, {}, Origin())
    }
    assert changed == expected


def test_hear_and_say_do_not_change_the_key_of_translate() -> None:
    plain, full = (
        request_for(Stage.INGEST, glossary=[entry])
        for entry in (
            GlossaryEntry(term="a"),
            GlossaryEntry(term="a", hear=["b"], say={"es": "c"}),
        )
    )
    keys = [content_key(each, Stage.TRANSLATE, {}, Origin()) for each in (plain, full)]
    assert keys[0] == keys[1]


class TestPhonemes:
    """IPA for espeak-ng. The program is part of the images that use it."""

    def test_voice_is_asked_for_its_own_names(self) -> None:
        def answer(text: str) -> str:
            lines = (line.removeprefix("[[").removesuffix("]].") for line in text.split("\n"))
            known = {"maSi": "maʃi", "pa": "pɐ", "a": "a", "e": "ɛː", "ta": "tɐ"}
            return "\n".join(known[line] for line in lines if line in known)

        assert names_from(answer) == {"a": "a", "ɛː": "e", "p": "p", "t": "t"}

    @needs_espeak
    @pytest.mark.parametrize(
        ("ipa", "voice", "expected"),
        [
            ("kuberˈnetis", "es", "[[k|u|b|e|R'n|e|t|i|s]]"),
            ("ˈd͡ʒeɪsən", "en-us", "[['dZ|eI|s|@|n]]"),
            ("mɔ̃ˈblɑ̃", "fr-fr", "[[m|O~'b|l|A~]]"),
            ("ˈʃʁøːdɪŋɐ", "es", "[['S|R|Y|d|i|N|@]]"),
            ("g:", "it", "[[g]]"),
            ("ˈ", "es", None),
            ("☃", "es", None),
            ("", "es", None),
        ],
    )
    def test_ipa_in_the_names_of_a_voice(self, ipa: str, voice: str, expected: str | None) -> None:
        assert in_phonemes(ipa, voice) == expected

    @needs_espeak
    def test_kokoro_gets_the_phonemes_as_they_are(self) -> None:
        name = Espeak(EngineChoice(engine="espeak-ng")).phonemes("ˈdʒeɪ.sən ˌbɔːn", "en-US")
        assert name is not None
        assert "ʤˈAsən" in phonemes(f"I am {name}, and you?", "en-us")
        assert phonemes("hello [[w@:;,']], you", "en-us").count(",") <= 2
