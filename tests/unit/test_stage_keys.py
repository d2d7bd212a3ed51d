"""What decides a result, and so has a part in its key, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from speech_world import SEGMENTS, WatchedEngine, segment, write_job

from dubstage.contract import EngineChoice, GlossaryEntry, Stage, TranslationOptions
from dubstage.engines.neutral import decisive
from dubstage.synthesize import stage
from dubstage.synthesize.engine import Voice
from dubstage.testing import ENGINES, request_for, roots_in, run_stage_in
from dubstage.timing.budget import Budget
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.glossary import protect
from dubstage.translate.rounds import Rounds, _Unit
from dubstage.translate.translation_cache import kept_translations
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import Origin, content_key
from dubstage.workspace.work import Work

Parameters = dict[str, str | int | float | bool]

DECISIVE: dict[Stage, Parameters] = {
    Stage.TRANSCRIBE: {"beam_size": 7, "compute_type": "int8", "diarize": False},
    Stage.SEPARATE: {"overlap": 0.5, "shifts": 2, "segment": 5},
    Stage.TRANSLATE: {
        "url": "http://other/v1", "model": "other", "temperature": 0.9, "structured": "lines",
        "segments_per_request": 3, "context_before": 1, "context_after": 1, "fit": False,
        "fit_rounds": 1, "summary": False, "extra_body": '{"seed": 1}', "beam_size": 7,
        "compute_type": "int8",
    },
    Stage.SYNTHESIZE: {
        "url": "http://other/v1", "model": "other", "voices": "ana", "clone": "upload",
        "response_format": "pcm", "pcm_rate": 16000, "speed": 1.5, "adapt_speed": True,
        "duration_field": "seconds", "extra_body": '{"seed": 1}', "words_per_minute": 150,
        "mode": "zero_shot", "weights": "rl", "fp16": True, "check": False, "check_model": "tiny",
    },
    Stage.MUX: {"surround": True},
}  # fmt: skip
"""Parameters that change a result: another server with the same name for its model may have
another model."""
NEUTRAL: dict[Stage, Parameters] = {
    Stage.TRANSCRIBE: {"batch_size": 2, "device": "cpu", "align_languages": "en,de"},
    Stage.SEPARATE: {"device": "cpu"},
    Stage.TRANSLATE: {
        "concurrency": 9, "timeout_seconds": 5, "stream": True, "fit_after_synthesis": True,
        "device": "cpu", "batch_size": 2,
    },
    Stage.SYNTHESIZE: {"concurrency": 9, "timeout_seconds": 5, "batch_size": 2, "threads": 1},
}  # fmt: skip
"""Parameters that decide where and how fast a result is made, or what is done later."""


@pytest.mark.parametrize(
    ("of_stage", "name", "value", "is_decisive"),
    [
        (of_stage, name, value, table is DECISIVE)
        for table in (DECISIVE, NEUTRAL)
        for of_stage, parameters in table.items()
        for name, value in parameters.items()
    ],
)
def test_parameter_in_the_content_key(
    of_stage: Stage, name: str, value: str | int, is_decisive: bool
) -> None:
    def key(parameters: Parameters) -> str:
        choice = EngineChoice(engine="espeak-ng", parameters=parameters)
        request = request_for(of_stage, engines={**ENGINES, of_stage: choice})
        return content_key(request, of_stage, {}, Origin())

    assert (key({name: value}) != key({})) == is_decisive
    assert (decisive({name: value}) != {}) == is_decisive


def work_in(folder: Path, **changes: object) -> Work:
    roots = roots_in(folder)
    tree = Tree(roots, "clip")
    request = request_for(Stage.TRANSLATE, **changes)
    return Work(request, tree, lambda *_: folder, lambda _: None, folder)


TEXT = "Kubernetes runs the cat."
CAT = GlossaryEntry(term="cat", translation="gata")
DOG = GlossaryEntry(term="dog", translation="perra")
SOURCE = SourceSegment("segment_0000", TEXT, "A", Budget(low=3, high=30))


def translation_key(
    folder: Path, source: SourceSegment = SOURCE, glossary: tuple[GlossaryEntry, ...] = (),
    spoken: str = "en", **changes: object,
) -> str:  # fmt: skip
    work = work_in(folder, glossary=glossary, **changes)
    job = TranslationContext(spoken, "es", glossary=glossary)
    unit = _Unit([segment(0, 0.0, 1.0).model_copy(update={"text": source.text})], source,
                 protect(source.text, job.terms), is_marked=False)  # fmt: skip
    rounds = Rounds(object(), job, kept_translations(work, spoken), work.progress)  # type: ignore[arg-type]
    return rounds._key(unit)


def choice_of(**parameters: str | float | bool) -> dict[Stage, EngineChoice]:
    return {**ENGINES, Stage.TRANSLATE: EngineChoice(engine="apertium", parameters=parameters)}


@pytest.mark.parametrize(
    ("changes", "is_decisive"),
    [
        ({"glossary": (CAT,)}, True),
        ({"glossary": (DOG,)}, False),
        ({"source": replace(SOURCE, text="Kubernetes runs the dog.")}, True),
        ({"source": replace(SOURCE, speaker="B")}, True),
        ({"source": replace(SOURCE, budget=None)}, True),
        ({"source": replace(SOURCE, continues=True)}, True),
        ({"source": replace(SOURCE, segment_id="segment_0009")}, False),
        ({"spoken": "en-GB"}, True),
        ({"target_language": "es-MX"}, True),
        ({"translation": TranslationOptions(instructions="Be kind.")}, True),
        ({"engines": choice_of(temperature=0.7)}, True),
        ({"engines": choice_of(concurrency=7)}, False),
        ({"engines": choice_of(fit_after_synthesis=True)}, False),
    ],
)  # fmt: skip
def test_key_of_a_translation(
    tmp_path: Path, changes: dict[str, object], is_decisive: bool
) -> None:
    before, after = translation_key(tmp_path), translation_key(tmp_path, **changes)  # type: ignore[arg-type]
    assert (before != after) == is_decisive


def test_pronunciation_does_not_decide_a_translation(tmp_path: Path) -> None:
    said = CAT.model_copy(update={"say": {"es": "gá-ta"}})
    assert translation_key(tmp_path, glossary=(CAT,)) == translation_key(tmp_path, glossary=(said,))


class Named(WatchedEngine):
    """An engine whose profile names the voice of each speaker."""

    names: dict[str, str] = {}  # noqa: RUF012

    def voice_name(self, voice: Voice, language: str) -> str | None:
        return self.names.get(voice.speaker, "zoe")

    def reads_words(self, voice: Voice) -> bool:
        return True


TWO = [
    segment(0, 0.5, 1.5, "uno dos tres"),
    segment(1, 2.0, 3.0, "cuatro", speaker="B"),
    segment(2, 4.0, 5.0, "el gato duerme"),
]


@pytest.mark.parametrize(
    ("names", "glossary", "segments", "again"),
    [
        ({"B": "bea"}, (), TWO, {"cuatro"}),
        ({}, (GlossaryEntry(term="gato", say={"es": "gáto"}),), TWO, {"el gáto duerme"}),
        ({}, (GlossaryEntry(term="perro", say={"es": "pérro"}),), TWO, set()),
        ({}, (), [TWO[0], TWO[1].model_copy(update={"speaker": "C"}), TWO[2]], set()),
        ({}, (), [TWO[0], TWO[1].model_copy(update={"translation": "cinco"}), TWO[2]], {"cinco"}),
    ],
)
def test_change_concerns_its_own_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: dict[str, str],
    glossary: tuple[GlossaryEntry, ...], segments: list[object], again: set[str],
) -> None:  # fmt: skip
    engine = Named()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)

    def run(**changes: object) -> None:
        voices = json.dumps({"*": "zoe", **engine.names})
        choice = EngineChoice(engine="espeak-ng", parameters={"voices": voices})
        engines = {**ENGINES, Stage.SYNTHESIZE: choice}
        ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, engines=engines, **changes))
        assert ended.code == 0, ended.result

    write_job(tmp_path, TWO)
    run()
    engine.asked.clear()
    engine.names = names
    write_job(tmp_path, segments)  # type: ignore[arg-type]
    run(glossary=glossary)
    assert set(engine.texts) == again


def test_corrected_words_of_a_recording_need_new_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine gets them with the recording."""
    engine = Named(own_voices=None)
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    for text, count in (("one two", 3), ("one two", 0), ("one too", 3)):
        engine.asked.clear()
        write_job(tmp_path, [one.model_copy(update={"text": text}) for one in SEGMENTS])
        assert run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE)).code == 0
        assert len(set(engine.texts)) == count
