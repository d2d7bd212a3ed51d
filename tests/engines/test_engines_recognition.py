"""What recognition and the checks of speech hear in sentences that Kokoro speaks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
import soundfile
from dub_run import SEED
from speech_world import segment, write_job
from test_engines_kokoro import TEXTS, kokoro
from translation_texts import CATALAN

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.speakers.networks import embedding
from dubstage.synthesize import stage
from dubstage.synthesize.checks import LEAST_SIMILARITY
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.kokoro import Kokoro
from dubstage.synthesize.similarity import VoiceComparison
from dubstage.synthesize.take import Take
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.transcribe.engine import Recognition
from dubstage.transcribe.faster_whisper import FasterWhisper
from dubstage.workspace.layout import Artifact

__all__ = ["kokoro"]
SENTENCES = (
    "La reunión del consejo empezará mañana a las nueve de la mañana en el edificio principal.",
    "Nadie sabía por qué el viejo puente llevaba tantos años cerrado.",
    "Si llueve mañana, nos quedaremos en casa y veremos una película.",
    "Abrió la carta despacio, porque tenía miedo de lo que pudiera decir.",
    "Nuestra ciudad ha crecido más rápido de lo que nadie esperaba.",
    "Los niños estaban jugando en el jardín cuando empezó la tormenta.",
)
ENGLISH = "Nobody knew why the old bridge had been closed."


def speech(kokoro: Kokoro, folder: Path, texts: Sequence[str], language: str) -> Path:
    """The texts one after the other, in two voices."""
    parts = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.wav"
        kokoro.speak(text, language, Voice("A", number % 2), 1.0, file)
        samples, rate = soundfile.read(file, dtype="float32")
        parts += [samples, numpy.zeros(rate // 2, numpy.float32)]
    soundfile.write(folder / "speech.wav", numpy.concatenate(parts), rate)
    return folder / "speech.wav"


def recognized(file: Path, language: str | None) -> Recognition:
    choice = EngineChoice(engine="faster-whisper", model="base", parameters={"diarize": False})
    recognizer = FasterWhisper(SEED / "faster-whisper/base", choice)
    return recognizer.recognize(file, language, None, lambda _: None)


@pytest.mark.parametrize("first", [0, 6])
def test_catalan_is_recognized_as_catalan(kokoro: Kokoro, tmp_path: Path, first: int) -> None:
    """Whisper base detects Latin, with a probability of 0.6 and 0.95."""
    file = speech(kokoro, tmp_path, CATALAN[first : first + 6], "ca")
    found = recognized(file, None)
    assert found.language == "ca"
    assert len(found.words) > 50
    assert not recognized(file, "ca").notes


@pytest.mark.parametrize(("given", "doubted"), [("es", False), ("en", True), ("fr", True)])
def test_wrong_source_language_is_doubted(
    kokoro: Kokoro, tmp_path: Path, given: str, doubted: bool
) -> None:
    notes = recognized(speech(kokoro, tmp_path, SENTENCES[:4], "es"), given).notes
    expected = f"the speech is most likely es, not {given}: check spec.sourceLanguage, or omit it"
    assert notes == ((expected,) if doubted else ())


def rated(folder: Path, choice: EngineChoice) -> int | None:
    """The estimated quality of two sentences."""
    (folder / "models").mkdir(parents=True)
    for name in ("kokoro", "dnsmos"):
        (folder / "models" / name).symlink_to(SEED / name)
    segments = [segment(n, 6.0 * n, 6.0 * n + 5.5, SENTENCES[n]) for n in range(2)]
    write_job(folder, segments, 13.0)
    shutil.rmtree(folder / "models/faster-whisper")
    request = request_for(Stage.SYNTHESIZE, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    ended = run_stage_in(folder, request)
    assert ended.code == ExitCode.OK, ended.result
    return ended.result.summary.speech_quality_centi_mos


def test_a_human_voice_is_rated_better_than_a_robot(tmp_path: Path) -> None:
    human = rated(tmp_path / "human", EngineChoice(engine="kokoro", model="v1.0"))
    robot = rated(tmp_path / "robot", EngineChoice(engine="espeak-ng"))
    assert human is not None
    assert robot is not None
    assert 100 <= robot < human - 20 < 500


def test_checks_that_are_off_rate_nothing(tmp_path: Path) -> None:
    choice = EngineChoice(engine="espeak-ng", parameters={"check": False})
    assert rated(tmp_path, choice) is None


class Careless:
    """Kokoro, which drops, repeats or replaces words in some segments, each time."""

    def __init__(self, kokoro: Kokoro, said: dict[str, tuple[str, str]]) -> None:
        self._kokoro, self._said = kokoro, said
        self.reach = 0.0

    def voices(self, language: str) -> int:
        return self._kokoro.voices(language)

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        said, spoken_in = self._said.get(text, (text, language))
        self._kokoro.speak(said, spoken_in, voice, speed, target)


def test_dropped_repeated_and_foreign_words_are_heard(
    kokoro: Kokoro, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And good segments raise no alarm."""
    dropped, repeated, foreign = SENTENCES[1], SENTENCES[2], SENTENCES[3]
    said = {
        dropped: (dropped.rpartition(" llevaba")[0] + ".", "es"),
        repeated: (f"{repeated} Nos quedaremos en casa.", "es"),
        foreign: ("She opened the letter slowly, because she was afraid.", "en"),
    }
    segments = [segment(n, 6.0 * n, 6.0 * n + 5.5, text) for n, text in enumerate(SENTENCES)]
    write_job(tmp_path, segments, 40.0)
    shutil.rmtree(tmp_path / "models/faster-whisper")
    (tmp_path / "models/faster-whisper").symlink_to(SEED / "faster-whisper")
    monkeypatch.setattr(stage, "load_engine", lambda _: Careless(kokoro, said))
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    assert ended.code == ExitCode.OK, ended.result
    clips = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    flags = {clip["segment_id"]: clip["flag"] for clip in clips}
    assert {name for name, flag in flags.items() if flag == "misspoken"} == {
        segments[n].segment_id for n in (1, 2, 3)
    }
    assert max(clip["error_rate"] for clip in clips if clip["flag"] is None) < 0.15


def test_another_voice_is_heard(kokoro: Kokoro, tmp_path: Path) -> None:
    """By the network that compares cloned voices with their recordings."""
    network = embedding(SEED / "diarizer/v1", 2)
    comparison = VoiceComparison(network, "", tmp_path)
    files = {name: tmp_path / f"{name}.wav" for name in ("recording", "same", "other")}
    for name, number, text in (
        ("recording", 0, TEXTS["en"]), ("same", 0, ENGLISH), ("other", 1, ENGLISH)
    ):  # fmt: skip
        kokoro.speak(text, "en", Voice("A", number), 1.0, files[name])
    voice = Voice("A", 0, files["recording"])
    found = {}
    for name in ("same", "other"):
        samples, rate = soundfile.read(files[name], dtype="float32")
        found[name] = comparison.similarity(Take(samples, rate, 1.0, None), voice)
    assert found["same"] is not None
    assert found["other"] is not None
    assert found["same"] > LEAST_SIMILARITY + 0.1
    assert found["other"] < LEAST_SIMILARITY
