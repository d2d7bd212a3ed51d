"""The real Kokoro, understood by a real recognizer."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from dub_run import SEED
from speech_world import RATE, segment, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.mux.round_trip import word_error_rate
from dubstage.speakers.pitch import median_pitch
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.kokoro import Kokoro, speaker_of
from dubstage.synthesize.presets import gender_at
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

TEXTS = {
    "es": "El niño abrió la puerta y miró la casa vieja, y nadie le respondió en mucho tiempo.",
    "en": "The council will meet tomorrow morning in the main building near the station.",
    "pt-BR": "A reunião começa amanhã de manhã no edifício principal perto da estação.",
    "fr": "La réunion commencera demain matin dans le bâtiment principal près de la gare.",
}
MODEL = "kokoro/v1.0"


@pytest.fixture(scope="module")
def kokoro() -> Kokoro:
    assert (SEED / MODEL).is_dir(), "fetch the models: make models"
    return Kokoro(SEED / MODEL, Espeak(EngineChoice(engine="kokoro", model="v1.0")))


@pytest.mark.parametrize("language", TEXTS)
def test_speech_is_understood(kokoro: Kokoro, tmp_path: Path, language: str) -> None:
    """espeak-ng's voices have error rates of 0.09 to 0.8 with the same recognizer."""
    for number, limit in ((0, 0.1), (1, 0.25)):
        file = tmp_path / f"{number}.wav"
        kokoro.speak(TEXTS[language], language, Voice("A", number), 1.0, file)
        rate = word_error_rate(TEXTS[language], file, SEED / "faster-whisper/base", language)
        assert rate is not None
        assert rate <= limit


def test_speed_is_the_requested_one(kokoro: Kokoro, tmp_path: Path) -> None:
    seconds = {}
    for speed in (0.87, 1.0, 1.15):
        kokoro.speak(TEXTS["es"], "es", Voice("A", 0), speed, tmp_path / "take.wav")
        seconds[speed] = soundfile.info(tmp_path / "take.wav").duration
    assert seconds[1.0] / seconds[1.15] == pytest.approx(1.15, abs=0.06)
    assert seconds[1.0] / seconds[0.87] == pytest.approx(0.87, abs=0.06)


def test_every_voice_is_another_one(kokoro: Kokoro, tmp_path: Path) -> None:
    spoken = set()
    count = kokoro.voices("es")
    for number in range(count):
        kokoro.speak("Hola.", "es", Voice("A", number), 1.0, tmp_path / "take.wav")
        samples, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
        assert rate == 24000
        assert float(numpy.abs(samples).max()) < 1.0
        spoken.add(samples.tobytes())
    assert len(spoken) == count == 6


def test_a_text_beyond_the_models_limit_is_spoken_to_its_end(
    kokoro: Kokoro, tmp_path: Path
) -> None:
    text = " ".join([TEXTS["es"]] * 7)
    kokoro.speak(text, "es", Voice("A", 0), 1.0, tmp_path / "take.wav")
    rate = word_error_rate(text, tmp_path / "take.wav", SEED / "faster-whisper/base", "es")
    assert rate is not None
    assert rate <= 0.1


def test_a_language_without_kokoro_is_spoken_by_espeak(kokoro: Kokoro, tmp_path: Path) -> None:
    assert speaker_of("de") is None
    kokoro.speak("Guten Morgen.", "de", Voice("A", 0), 1.0, tmp_path / "take.wav")
    assert soundfile.info(tmp_path / "take.wav").samplerate == 22050


@pytest.mark.parametrize("text", ["", "...", "\u3042", "-v en --help", "a " * 400])
def test_any_text_is_spoken_or_left_out(kokoro: Kokoro, tmp_path: Path, text: str) -> None:
    kokoro.speak(text, "es", Voice("A", 0), 1.0, tmp_path / "take.wav")


def test_a_stage_runs_with_kokoro(tmp_path: Path) -> None:
    (tmp_path / "models/kokoro").mkdir(parents=True)
    (tmp_path / "models" / MODEL).symlink_to(SEED / MODEL)
    write_job(
        tmp_path, [segment(0, 0.5, 3.5, "Buenos días a todos."), segment(1, 4.0, 7.0, "Adiós.")]
    )
    choice = EngineChoice(engine="kokoro", model="v1.0")
    request = request_for(Stage.SYNTHESIZE, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    ended = run_stage_in(tmp_path, request)
    assert ended.code == ExitCode.OK, ended.result.message
    assert "by kokoro" in ended.result.message


@pytest.mark.parametrize(("source", "gender"), [(0, "female"), (1, "male"), (2, "female")])
def test_speaker_of_the_source_gets_a_voice_of_the_same_gender(
    kokoro: Kokoro, tmp_path: Path, source: int, gender: str
) -> None:
    """The source is spoken by Kokoro in English, the dub in Spanish."""
    kokoro.speak(TEXTS["en"], "en", Voice("A", source), 1.0, tmp_path / "source.wav")
    samples, rate = soundfile.read(tmp_path / "source.wav", dtype="float32")
    vocals = signal_at(samples, rate)
    pitch = median_pitch(samples, rate)
    assert pitch is not None
    (tmp_path / "models/kokoro").mkdir(parents=True)
    (tmp_path / "models" / MODEL).symlink_to(SEED / MODEL)
    lines = [segment(0, 0.5, 4.5, TEXTS["es"])]
    write_job(tmp_path, lines, voices=lambda _, seconds: vocals[: int(seconds * RATE)])
    choice = EngineChoice(engine="kokoro", model="v1.0")
    request = request_for(Stage.SYNTHESIZE, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    ended = run_stage_in(tmp_path, request)
    assert ended.code == ExitCode.OK, ended.result.message
    (clip,) = ended.tree.files(Artifact.TTS_CLIPS)
    dub = median_pitch(*soundfile.read(clip, dtype="float32"))
    assert dub is not None
    assert [gender_at(pitch), gender_at(dub)] == [gender, gender]


def signal_at(samples: numpy.ndarray, rate: int) -> numpy.ndarray:
    """`samples` at the rate of the vocals."""
    places = numpy.arange(0, len(samples), rate / RATE)
    resampled: numpy.ndarray = numpy.interp(places, numpy.arange(len(samples)), samples)
    return resampled.astype(numpy.float32)
