"""What a recognizer hears decides which take is kept."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from speech_world import ENGINE_RATE, SEGMENTS, WatchedEngine, tone, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.synthesize import listener, stage
from dubstage.synthesize.hearing import Hearing, compare
from dubstage.synthesize.take import Take
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

SPANISH = "La reunión del consejo empezará mañana a las nueve en el edificio principal."
GOOD = [
    ("es", SPANISH, "la reunion del Consejo empezará mañana a las 9 en el edificio principal"),
    ("es", "Abrió la carta despacio, con miedo.", "Abrió la carta de espacio con miedo."),
    ("es", "Nadie sabía por qué.", "Nadie sabía porque."),
    ("en", "They have lived there since 1985.", "They have lived there since nineteen eighty-five"),
    ("ko", "저는 학교에 가고 있습니다.", "저는 학교에 가고있습니다"),
    ("es", "Sí.", "Si, si."),
    ("es", "Hola, Ana.", "Ola Ana"),
    ("en", "She told me that she wants to go too.", "She told me that she wants to go to."),
    ("en", "What are you going to do with it?", "What are you going to do with that?"),
    ("es", "Quiero que vengas tú.", "Quiero que vengas to"),
    ("es", "— Nadie lo ha visto —", "nadie lo ha visto"),
    ("es", "Ha subido un 5 %", "Ha subido un 5%."),
    ("fr", "Ferme la porte, il fait froid ici.", "Ferme la porte, il fait froid issy"),
    ("ja", "明日は学校に行きません。", "明日は学校に行きません"),
    ("en", "A boy has seen them.", "Boy has seen them."),
    ("es", "El perro duerme debajo de la mesa.", "pero duerme debajo de la mesa"),
    ("fr", "Nous n'avons pas le temps de rentrer.", "Ne vont pas le temps d'entrer."),
]
BAD = [
    ("es", SPANISH, "La reunión del consejo empezará mañana a las nueve en el"),
    ("es", SPANISH, "del consejo empezará mañana a las nueve en el edificio principal."),
    ("es", SPANISH, "La reunión empezará mañana a las nueve en el edificio principal."),
    ("es", SPANISH, f"{SPANISH} nueve en el edificio principal."),
    ("es", SPANISH, "El meeting de la council va a empezar el 9 de la mañana."),
    ("es", SPANISH, "Thank you for watching."),
    ("es", SPANISH, ""),
    ("es", "Sí.", ""),
    ("es", "No, gracias, señora.", "No."),
    (
        "es",
        "Mañana no puedo ir, pero quiero que vengas tú.",
        "mañana no puedo ir pero quiero que vengas",
    ),
    ("es", "Hay que reparar una vieja silla de madera.", "Hay que reparar una vieja silla de"),
    ("es", "Te lo dije ayer y te lo digo hoy.", "Te lo dais jager y te lo digo."),
    ("en", "They have lived there for years.", "have lived there for years"),
    ("es", "Ha subido un 5 %", "Ha subido un 5"),
    ("es", "Nos vemos mañana a las 9.", "Nos vemos mañana a las"),
    ("en", "What are you going to do with it?", "What are you going to do with?"),
    ("en", "We sold them all — at last —", "We sold them all at"),
    (
        "pt",
        "Amanhã não posso ir, mas quero que você vá.",
        "Amanhã não posso ir, mas quero que você.",
    ),
    ("fr", "Je te l'ai dit hier et je le redis ce soir.", "Je te l'ai dit hier et je leur dis ça."),
    ("ko", "저는 내일 학교에 안 가요.", "저는 내일 학교에 안"),
    ("ko", "저는 학교에 가고 있습니다. 내일은 집에 있습니다.", "저는 학교에 가고 있습니다."),
]


@pytest.mark.parametrize(("language", "text", "heard"), GOOD)
def test_spelling_of_the_recognizer_is_no_fault(language: str, text: str, heard: str) -> None:
    assert not compare(text, heard, language).is_misspoken


@pytest.mark.parametrize(("language", "text", "heard"), BAD)
def test_missing_added_and_other_words_are_found(language: str, text: str, heard: str) -> None:
    assert compare(text, heard, language).is_misspoken


@pytest.mark.parametrize(
    ("text", "confidence", "is_misspoken"),
    [("¿Qué harías si tuvieras más tiempo?", -0.87, True), (SPANISH, -0.5, False),
     ("No lo sé.", -2.4, False)],
)  # fmt: skip
def test_unsure_recognizer_hears_another_language(
    text: str, confidence: float, is_misspoken: bool
) -> None:
    assert compare(text, text, "es", confidence).is_misspoken == is_misspoken


@dataclass
class GivenListener:
    """Hears what the test says, by the number of times that it listened."""

    heard: list[Hearing]
    revision: str = "given@1"
    takes: list[Take] = field(default_factory=list)

    def hear(self, take: Take, *texts: str) -> Hearing:
        self.takes.append(take)
        return self.heard[min(len(self.takes) - 1, len(self.heard) - 1)]


def bad(error_rate: float) -> Hearing:
    return Hearing(error_rate, missing=20, added=0, letters=40)


FINE = Hearing(0.02, 0, 0, 40)


def synthesize(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: list[Hearing],
    engine: WatchedEngine | None = None,
) -> tuple[Ended, GivenListener]:
    found = GivenListener(heard)
    monkeypatch.setattr(stage, "load_engine", lambda _: engine or varying())
    monkeypatch.setattr(listener, "load", lambda _: found)
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE)), found


def varying() -> WatchedEngine:
    """An engine with a different take each time."""
    return WatchedEngine(
        sounds=lambda text, time: tone(len(text) / 15 + time / 100, ENGINE_RATE), reach=0.0
    )


def clips(ended: Ended) -> list[dict[str, object]]:
    assert ended.code == ExitCode.OK, ended.result
    found: list[dict[str, object]] = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    return found


def test_good_takes_are_listened_to_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_job(tmp_path, SEGMENTS)
    ended, found = synthesize(tmp_path, monkeypatch, [FINE])
    assert len(found.takes) == len(SEGMENTS)
    assert {clip["error_rate"] for clip in clips(ended)} == {0.02}
    assert {clip["flag"] for clip in clips(ended)} == {None}
    summary = ended.result.summary
    assert (summary.misspoken_clips, summary.repeated_takes) == (0, 0)
    assert summary.letter_error_rate_percent == 2


@pytest.mark.parametrize(
    ("heard", "takes", "flag", "error_rate"),
    [
        ([bad(0.5), FINE, FINE], 2, None, 0.02),
        ([bad(0.5), bad(0.4), FINE, FINE], 3, None, 0.02),
        ([bad(0.5), bad(0.3), bad(0.4), FINE], 3, "misspoken", 0.3),
    ],
)
def test_misspoken_take_is_repeated_and_the_best_is_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    heard: list[Hearing],
    takes: int,
    flag: str | None,
    error_rate: float,
) -> None:
    write_job(tmp_path, SEGMENTS)
    ended, _ = synthesize(tmp_path, monkeypatch, heard)
    first, *others = clips(ended)
    assert (first["takes"], first["flag"], first["error_rate"]) == (takes, flag, error_rate)
    assert {clip["takes"] for clip in others} == {1}
    assert ended.result.summary.misspoken_clips == (flag is not None)
    if flag:
        assert f"1 misspoken ({SEGMENTS[0].segment_id})" in ended.result.message


def test_engine_that_repeats_itself_is_asked_once_more_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, SEGMENTS)
    engine = WatchedEngine(reach=0.0)
    ended, found = synthesize(tmp_path, monkeypatch, [bad(0.5)], engine)
    assert len(found.takes) == len(SEGMENTS)
    assert [engine.texts.count(text) for text in set(engine.texts)] == [2] * len(SEGMENTS)
    assert {clip["flag"] for clip in clips(ended)} == {"misspoken"}


def test_checked_clips_are_kept_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, SEGMENTS)
    synthesize(tmp_path, monkeypatch, [bad(0.5)])
    changed = SEGMENTS[-1].model_copy(update={"translation": "otra cosa"})
    write_job(tmp_path, [*SEGMENTS[:-1], changed])
    ended, found = synthesize(tmp_path, monkeypatch, [FINE])
    assert len(found.takes) == 1
    assert [clip["flag"] for clip in clips(ended)] == ["misspoken"] * (len(SEGMENTS) - 1) + [None]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({}, ExitCode.OK), ({"check": False}, ExitCode.OK), ({"check": True}, ExitCode.CONFIG)],
)
def test_check_needs_its_model_only_if_the_profile_requires_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, str | int | float | bool],
    code: ExitCode,
) -> None:
    write_job(tmp_path, SEGMENTS)
    monkeypatch.setattr(stage, "load_engine", lambda _: varying())
    choice = EngineChoice(engine="espeak-ng", parameters=parameters)
    request = request_for(Stage.SYNTHESIZE, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    ended = run_stage_in(tmp_path, request)
    assert ended.code == code
    if code is ExitCode.OK:
        assert ended.result.summary.misspoken_clips is None
        assert {clip["error_rate"] for clip in clips(ended)} == {None}
    else:
        assert "faster-whisper/base" in ended.result.message


@dataclass
class StandIn:
    """faster-whisper and CTranslate2 on a node with that number of GPUs."""

    gpus: int
    errors: list[str] = field(default_factory=list)
    """What the uses of the GPU end with, one after another; an empty text for success."""
    devices: list[tuple[str, str]] = field(default_factory=list)
    """Device and compute type of each use."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = self

        class Model:
            def __init__(self, _: str, *, device: str, compute_type: str, **__: object) -> None:
                self.how = device, compute_type

            def transcribe(self, *_: object, **__: object) -> tuple[list[object], None]:
                if self.how[0] == "cuda" and world.errors and (error := world.errors.pop(0)):
                    raise RuntimeError(error)
                world.devices.append(self.how)
                return [SimpleNamespace(text=SPANISH, avg_logprob=-0.1)], None

        gpus = SimpleNamespace(get_cuda_device_count=lambda: self.gpus)
        monkeypatch.setitem(sys.modules, "ctranslate2", gpus)
        monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))


GPU, CPU = ("cuda", "float16"), ("cpu", "int8")


@pytest.mark.parametrize(
    ("gpus", "errors", "devices"),
    [
        (0, [], [CPU, CPU]),
        (1, [], [GPU, GPU, GPU]),
        (1, ["Library libcublas.so.12 is not found"], [CPU, CPU]),
        (1, ["", "CUDA failed with error out of memory"], [GPU, CPU, CPU]),
    ],
)
def test_listens_on_the_gpu_if_it_can_be_used(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    errors: list[str],
    devices: list[tuple[str, str]],
) -> None:
    """The first use of a GPU is a trial."""
    node = StandIn(gpus, errors)
    node.install(monkeypatch)
    recognizer = listener.Listener(tmp_path, "es", "", tmp_path)
    for _ in range(2):
        heard = recognizer.hear(Take(tone(3.0), ENGINE_RATE, 1.0, None), SPANISH)
        assert not heard.is_misspoken
    assert node.devices == devices
