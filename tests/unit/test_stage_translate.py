"""Translation of segments: glossary terms, and segments that do not come back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from chat_server import Asked, Response, chat_server, rows, says

from dubstage.contract import EngineChoice, ExitCode, GlossaryEntry, Stage
from dubstage.contract.summary import StageSummary
from dubstage.engines import retries
from dubstage.engines.languages import GOOGLE_TRANSLATE
from dubstage.errors import BadInput, TemporaryFailure
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.text.chunks import chunks
from dubstage.text.language_check import check
from dubstage.text.languages import engine_code
from dubstage.text.terms import Terms
from dubstage.text.transcript import Segment
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext, Translator
from dubstage.translate.glossary import protect
from dubstage.translate.rounds import Rounds, Translated
from dubstage.translate.sentences import divide, sentences
from dubstage.translate.translation_cache import KeptTranslation, TranslationCache
from dubstage.translate.unchanged import is_unchanged
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def terms(glossary: Sequence[GlossaryEntry]) -> Terms[GlossaryEntry]:
    return Terms((entry.term, entry) for entry in glossary)


def keep(*terms: str) -> list[GlossaryEntry]:
    return [GlossaryEntry(term=term) for term in terms]


@pytest.mark.parametrize(
    ("text", "glossary", "asked", "restored"),
    [
        ("We use Acme Cloud.", keep("acme  cloud"), "We use ⟦0⟧.", "We use acme  cloud."),
        ("Acme and acmes", keep("Acme"), "⟦0⟧ and acmes", "Acme and acmes"),
        ("Acme Cloud, Acme", keep("Acme", "Acme Cloud"), "⟦0⟧, ⟦1⟧", "Acme Cloud, Acme"),
        ("Acme's C++ (v2)", keep("Acme", "C++"), "⟦0⟧'s ⟦1⟧ (v2)", "Acme's C++ (v2)"),
        ("쿠버네티스는 좋다", keep("쿠버네티스"), "⟦0⟧는 좋다", "쿠버네티스는 좋다"),
        ("これはKubernetesです", keep("kubernetes"), "これは⟦0⟧です", "これはkubernetesです"),
        ("a ⟦0⟧ b", keep("b"), "a [0] ⟦0⟧", "a [0] b"),
        ("no terms", [], "no terms", "no terms"),
        ("dashing", keep("dash", "  "), "dashing", "dashing"),
        (
            "The pod starts.",
            [GlossaryEntry(term="pod", translation="pod de Kubernetes")],
            "The ⟦0⟧ starts.",
            "The pod de Kubernetes starts.",
        ),
    ],
)
def test_glossary_terms_are_marked_and_restored(
    text: str, glossary: list[GlossaryEntry], asked: str, restored: str
) -> None:
    line = protect(text, terms(glossary))
    assert line.text == asked
    assert line.restore(asked) == restored


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("⟦ 1 ⟧ dice ⟦0 ⟧", "Bob dice Ann"),
        ("dice ⟦0⟧", None),
        ("⟦0⟧ ⟦1⟧ ⟦1⟧", None),
        ("⟦0⟧ ⟦7⟧", None),
    ],
)
def test_mark_must_come_back_once(answer: str, expected: str | None) -> None:
    assert protect("Ann says Bob", terms(keep("Ann", "Bob"))).restore(answer) == expected


def test_glossary_translation_is_not_a_pattern() -> None:
    (entry,) = keep("path")
    line = protect("the path", terms([entry.model_copy(update={"translation": r"\1 \g<0>"})]))
    assert line.restore("el ⟦0⟧") == r"el \1 \g<0>"


class Scripted:
    """An engine with a list of answers for each text."""

    reads_context = False

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        self.asked.append([segment.text for segment in segments])
        for segment in segments:
            yield Translation(segment.segment_id, self.answers[segment.text].pop(0))


def segments_of(*texts: str, speakers: str = "", pause: float = 0.8) -> list[Segment]:
    """Segments of two seconds, with a pause after each; `speakers`: a letter for each."""
    return [
        Segment(
            segment_id=f"segment_{n:04d}", start=n * (2 + pause), end=n * (2 + pause) + 2,
            duration=2, text=text, speaker=speakers[n : n + 1] or "SPEAKER_00",
        )
        for n, text in enumerate(texts)
    ]  # fmt: skip


def translated(
    engine: Translator,
    segments: Sequence[Segment],
    folder: Path,
    glossary: Sequence[GlossaryEntry] = (),
) -> list[Translated]:
    job = TranslationContext("en", "es", glossary=glossary)
    cache = TranslationCache(folder, {})
    return Rounds(engine, job, cache, lambda _: None).translate(segments, [None] * len(segments))


def test_only_missing_segments_are_requested_again(tmp_path: Path) -> None:
    engine = Scripted(
        {
            "Good morning.": ["buenos días"],
            "Good night.": ["", "Good  night.", "buenas noches"],
            "See you soon.": [" "] * 3,
        }
    )
    texts = ["Good morning.", "Good night.", "...", "See you soon.", "12:30"]
    assert translated(engine, segments_of(*texts), tmp_path) == [
        Translated("buenos días"),
        Translated("buenas noches"),
        Translated("..."),
        Translated("See you soon.", is_untranslated=True),
        Translated("12:30"),
    ]
    assert engine.asked[1:] == [["Good night.", "See you soon."]] * 2


def test_lost_term_is_requested_again_and_then_reported(tmp_path: Path) -> None:
    engine = Scripted(
        {
            "⟦0⟧ starts now.": ["empieza", "⟦0⟧ empieza"],
            "⟦0⟧ ends now.": ["acaba"] * 3,
            "Pod ends now.": ["Vaina acaba"],
        }
    )
    segments = segments_of("Pod starts now.", "Pod ends now.", "Pod pod.")
    assert translated(engine, segments, tmp_path, keep("Pod")) == [
        Translated("Pod empieza"),
        Translated("Vaina acaba", lost_terms=True),
        Translated("Pod Pod."),
    ]


def test_engine_that_loses_adds_and_swaps_segments_costs_only_these(tmp_path: Path) -> None:
    class Careless(Scripted):
        def translate(
            self, segments: Sequence[SourceSegment], job: TranslationContext
        ) -> Iterator[Translation]:
            self.asked.append([segment.text for segment in segments])
            yield Translation("segment_0099", "de otro")
            for segment in reversed(segments):
                if segment.text != "Good night.":
                    yield Translation(segment.segment_id, "Hola a todos.")
                    yield Translation(segment.segment_id, "otra vez")

    result = translated(Careless({}), segments_of("Hello, all.", "Good night."), tmp_path)
    assert result == [
        Translated("Hola a todos."),
        Translated("Good night.", is_untranslated=True),
    ]


def test_sentence_of_several_segments_is_one_request_and_divided_again(tmp_path: Path) -> None:
    engine = Scripted(
        {
            "When the pods start, the operator waits for them.": [
                "Cuando los pods arrancan, el operador los espera."
            ],
            "Yes.": ["Sí."],
            "and then": ["y después"],
        }
    )
    segments = segments_of(
        "When the pods start,", "the operator waits for them.", "Yes.", "and then", speakers="AAAB"
    )
    result = translated(engine, segments, tmp_path)
    assert [one.text for one in result] == [
        "Cuando los pods arrancan,", "el operador los espera.", "Sí.", "y después",
    ]  # fmt: skip
    assert len(engine.asked) == 1


def test_sentence_whose_translation_is_too_short_to_divide_is_translated_in_parts(
    tmp_path: Path,
) -> None:
    engine = Scripted({"go on with it": ["sigue"] * 3, "go on": ["sigue"], "with it": ["con ello"]})
    result = translated(engine, segments_of("go on", "with it"), tmp_path)
    assert [one.text for one in result] == ["sigue", "con ello"]


@pytest.mark.parametrize(
    ("segments", "groups"),
    [
        (segments_of("One thing,", "two things.", "Three."), [2, 1]),
        (segments_of("One thing,", "two things", speakers="AB"), [1, 1]),
        (segments_of("One thing", "two things", pause=3.5), [1, 1]),
        (segments_of("Mr.", "Black came."), [2]),
        (segments_of("One thing", "♪", "two"), [1, 1, 1]),
        (segments_of(*["word " * 50] * 4), [2, 2]),
    ],
)
def test_sentences(segments: list[Segment], groups: list[int]) -> None:
    assert [len(group) for group in sentences(segments)] == groups


@pytest.mark.parametrize(
    ("translation", "texts", "language", "expected"),
    [
        ("uno dos tres cuatro", ["one two", "three four"], "es", ["uno dos", "tres cuatro"]),
        ("uno, dos tres cuatro", ["one two", "three four"], "es", ["uno,", "dos tres cuatro"]),
        ("uno dos tres", ["a", "b", "a long rest of it"], "es", ["uno", "dos", "tres"]),
        ("uno", ["one", "two"], "es", None),
        ("これはペンです。それは本です。", ["This is a pen.", "That is a book."], "ja",
         ["これはペンです。", "それは本です。"]),
        ("ok", ["one"], "es", ["ok"]),
    ],
)  # fmt: skip
def test_divide(
    translation: str, texts: list[str], language: str, expected: list[str] | None
) -> None:
    assert divide(translation, texts, language) == expected


def test_failed_run_continues_where_it_stopped(tmp_path: Path) -> None:
    """A paid request is not made twice."""

    class Failing(Scripted):
        def translate(
            self, segments: Sequence[SourceSegment], job: TranslationContext
        ) -> Iterator[Translation]:
            yield Translation(segments[0].segment_id, "hola a todos")
            raise TemporaryFailure("gone")

    segments = segments_of("Hello, all.", "Good night.")
    with pytest.raises(TemporaryFailure):
        translated(Failing({}), segments, tmp_path)
    engine = Scripted({"Good night.": ["buenas noches"]})
    result = translated(engine, segments, tmp_path)
    assert [one.text for one in result] == ["hola a todos", "buenas noches"]
    assert engine.asked == [["Good night."]]


def test_translation_of_a_segment_that_changed_is_forgotten(tmp_path: Path) -> None:
    translated(Scripted({"Hello, all.": ["hola"]}), segments_of("Hello, all."), tmp_path)
    translated(Scripted({"Bye, all.": ["adiós"]}), segments_of("Bye, all."), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / next(tmp_path.iterdir()).name).write_text("{broken")
    engine = Scripted({"Bye, all.": ["adiós"]})
    assert [one.text for one in translated(engine, segments_of("Bye, all."), tmp_path)] == ["adiós"]


def test_forced_run_translates_again_once(tmp_path: Path) -> None:
    cache = TranslationCache(tmp_path, {})
    cache.store("a", KeptTranslation(parts=["x"]))
    cache.clear(3)
    assert cache.find("a", 1) is None
    cache.store("a", KeptTranslation(parts=["x"]))
    cache.clear(3)
    assert cache.find("a", 1)
    assert cache.find("a", 2) is None
    cache.clear(4)
    assert cache.find("a", 1) is None


@pytest.mark.parametrize(
    ("text", "translation", "expected"),
    [
        ("Good morning all", "Buenos días a todos", False),
        ("Good morning all", "  ", True),
        ("Good morning all", "good morning, all.", True),
        ("Madrid", "Madrid", False),
        ("⟦0⟧ Madrid", "⟦0⟧ Madrid", False),
        ("좋은 아침", "좋은 아침", True),
    ],
)
def test_untranslated(text: str, translation: str, expected: bool) -> None:
    assert is_unchanged(text, translation) is expected


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("One. Two! Three?", 10, ["One. Two!", "Three?"]),
        ("one, two, three", 9, ["one, two,", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("unendingword", 5, ["unend", "ingwo", "rd"]),
        ("你好。再见。好", 4, ["你好。", "再见。好"]),
        ("घर है। वह है।", 8, ["घर है।", "वह है।"]),
        ("لماذا؟ لا، ليس", 8, ["لماذا؟", "لا، ليس"]),
        ("  ", 5, []),
        ("all of it", 100, ["all of it"]),
    ],
)
def test_chunks(text: str, longest: int, expected: list[str]) -> None:
    assert chunks(text, longest) == expected


@pytest.mark.parametrize(
    ("tag", "code"),
    [("es-MX", "es"), ("zh-Hans", "zh-cn"), ("zh-Hant-TW", "zh-tw"), ("zh-TW", "zh-tw"),
     ("zh", "zh-cn"), ("oc", "oci"), ("tlh", None)],
)  # fmt: skip
def test_google_codes(tag: str, code: str | None) -> None:
    assert engine_code(tag, GOOGLE_TRANSLATE) == code


def test_language_unsupported_by_google_is_refused_by_ingest() -> None:
    engines = {
        **ENGINES,
        Stage.TRANSLATE: EngineChoice(engine="googletrans"),
        Stage.SYNTHESIZE: EngineChoice(engine="cosyvoice"),
    }
    with pytest.raises(BadInput, match="tlh"):
        check(request_for(Stage.INGEST, target_language="tlh", engines=engines))


def lay(work: Work, language: str = "en") -> Outcome:
    """Write the results of the stages before translate: three segments."""
    texts = ["Good morning.", "…", 'The "Café" is open.']
    rows = [
        {"segment_id": f"segment_{n:04d}", "start": n, "end": n + 1, "duration": 1, "text": text}
        for n, text in enumerate(texts)
    ]
    outputs = {
        Stage.INGEST: {Artifact.AUDIO: ""},
        Stage.SEPARATE: {Artifact.VOCALS: "", Artifact.BACKGROUND: ""},
        Stage.TRANSCRIBE: {
            Artifact.TRANSCRIPT: json.dumps(rows),
            Artifact.SRC_TRANSCRIPT: json.dumps(rows),
            Artifact.ALIGNED_SEGMENTS: json.dumps({"language": language, "word_segments": []}),
        },
    }
    for artifact, text in outputs[work.request.stage].items():
        work.staging(artifact, None).write_text(text)
    return Outcome()


def before_translate(folder: Path, language: str = "en") -> None:
    for name in ("inputs/clip/source.mp4", "models/faster-whisper/base/SHA256SUMS"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    for stage in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE):
        run_stage_in(folder, request_for(stage), lambda work: lay(work, language))


def test_untranslated_segment_is_marked_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_translate(tmp_path)
    engine = Scripted({"Good morning.": ["Buenos días."], 'The "⟦0⟧" is open.': ["", "", ""],
                       'The "Café" is open.': [""]})  # fmt: skip
    monkeypatch.setattr("dubstage.translate.apertium.Apertium", lambda: engine)
    ended = run_stage_in(tmp_path, request_for(Stage.TRANSLATE, glossary=keep("café")))
    assert ended.code == ExitCode.OK
    assert "1 of them untranslated (segment_0002)" in ended.result.message
    assert ended.result.summary == StageSummary(
        untranslated_segments=1, glossary_missed_segments=0, reused_translations=0
    )
    for artifact in (Artifact.TRANSLATED, Artifact.TRG_TRANSCRIPT):
        rows = json.loads(ended.tree.path(artifact).read_text())
        assert [(row["translation"], row["untranslated"]) for row in rows] == [
            ("Buenos días.", False),
            ("…", False),
            ('The "Café" is open.', True),
        ]


def test_source_in_the_target_language_is_refused(tmp_path: Path) -> None:
    before_translate(tmp_path, language="es")
    ended = run_stage_in(tmp_path, request_for(Stage.TRANSLATE))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "SameLanguage")


def test_failed_stage_with_a_language_model_requests_only_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage as the operator starts it: the parameters, the key, and what is kept."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    before_translate(tmp_path)
    spanish = {"segment_0000": "Buenos días.", "segment_0002": "El Café está abierto."}

    def answer(asked: Asked) -> Response:
        if "segment_0002" in asked.texts and len(server.asked) < 6:
            return Response(503)
        return says(rows({identity: spanish[identity] for identity in asked.texts}))

    with chat_server(answer) as server:
        parameters: dict[str, str | int | float | bool] = {
            "url": server.url, "model": "m", "segments_per_request": 1, "concurrency": 1,
            "summary": False, "fit": False,
        }  # fmt: skip
        choice = EngineChoice(engine="openai", parameters=parameters)
        request = request_for(
            Stage.TRANSLATE, engines={**ENGINES, Stage.TRANSLATE: choice}, glossary=keep("Café")
        )
        monkeypatch.setattr(retries, "PATIENT_ATTEMPTS", 2)
        ended = run_stage_in(tmp_path, request)
        assert (ended.code, ended.result.reason) == (ExitCode.TEMPFAIL, "TranslationUnavailable")
        server.answer = lambda asked: says(rows({one: spanish[one] for one in asked.texts}))
        asked_before = len(server.asked)
        ended = run_stage_in(tmp_path, request)
        assert ended.code == ExitCode.OK
        assert [list(asked.texts) for asked in server.asked[asked_before:]] == [["segment_0002"]]
    assert ended.result.summary.reused_translations == 1
    assert {asked.key for asked in server.asked} == {"Bearer secret"}
    translated_rows = json.loads(ended.tree.path(Artifact.TRANSLATED).read_text())
    assert [row["translation"] for row in translated_rows] == [
        "Buenos días.", "…", "El Café está abierto.",
    ]  # fmt: skip
