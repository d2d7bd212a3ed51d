"""Whisper models that have only English, such as small.en: they cannot detect a language."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import soundfile

from dubstage.contract import EngineChoice, SpeakerRange, Stage
from dubstage.engines.languages import whisper
from dubstage.errors import BadInput
from dubstage.testing import request_for
from dubstage.text.language_check import check
from dubstage.transcribe import faster_whisper, whisperx
from dubstage.transcribe.engine import Recognizer
from dubstage.transcribe.faster_whisper import FasterWhisper, detect_language
from dubstage.transcribe.whisperx import WhisperX
from dubstage.workspace.layout import Roots

TEXT = "The council meets in the main building tomorrow".split()


class Model:
    """Whisper as faster-whisper has it, which recognizes one text in everything."""

    def __init__(self, *_: object, is_multilingual: bool = False, **__: object) -> None:
        self.model = SimpleNamespace(is_multilingual=is_multilingual)

    def detect_language(self, *_: object, **__: object) -> tuple[str, float, list[object]]:
        if not self.model.is_multilingual:
            raise RuntimeError("detect_language can only be called on multilingual models")
        return "es", 0.9, []

    def transcribe(self, audio: Any, **options: Any) -> tuple[Iterator[Any], Any]:
        """Of the pipeline of faster-whisper."""
        words = [
            SimpleNamespace(word=f" {word}", start=n / 2, end=n / 2 + 0.4, probability=0.9)
            for n, word in enumerate(TEXT)
        ]
        info = SimpleNamespace(
            language=options["language"] or "en", language_probability=1.0, duration=5.0
        )
        return iter([SimpleNamespace(words=words, end=5.0, no_speech_prob=0.0)]), info


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    file = tmp_path / "speech.wav"
    tone = 0.1 * numpy.sin(numpy.arange(5 * 16000) / 20)
    soundfile.write(file, tone, 16000)
    return file


@pytest.fixture
def recognizer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Recognizer:
    """The engine of the parameter, with a model of that kind."""
    engine = request.param
    library = SimpleNamespace(WhisperModel=Model, BatchedInferencePipeline=lambda model: model)
    monkeypatch.setitem(sys.modules, "faster_whisper", library)
    for module in (faster_whisper, whisperx):
        monkeypatch.setattr(module, "device_of", lambda _: "cpu")
    monkeypatch.setattr(whisperx, "model_folder", lambda *_: tmp_path)
    choice = EngineChoice(engine=engine, model="small.en")
    if engine == "faster-whisper":
        return FasterWhisper(tmp_path, choice)
    pipeline = SimpleNamespace(load_model=lambda *_, **__: SimpleNamespace(model=Model()))
    monkeypatch.setattr(whisperx, "_import", lambda *_, **__: pipeline)
    roots = Roots(tmp_path / "in", tmp_path / "interim", tmp_path / "out", tmp_path / "models")
    return WhisperX(roots, choice, None, tmp_path)


@pytest.mark.parametrize("recognizer", ["faster-whisper", "whisperx"], indirect=True)
@pytest.mark.parametrize("language", ["en", None])
def test_english_model_transcribes(
    recognizer: Recognizer, language: str | None, speech: Path
) -> None:
    one = SpeakerRange(min=1, max=1)
    recognition = recognizer.recognize(speech, language, one, lambda _: None)
    assert [word.word for word in recognition.words] == TEXT
    assert recognition.language == "en"
    assert not [note for note in recognition.notes if "most likely" in note]


def test_model_of_many_languages_detects() -> None:
    assert detect_language(Model(is_multilingual=True), None) == ("es", 0.9)
    assert detect_language(Model(), None) is None


@pytest.mark.parametrize("model", ["tiny.en", "medium.en", "distil-small.en"])
@pytest.mark.parametrize("engine", ["faster-whisper", "whisperx"])
def test_english_model_is_refused_for_another_language(engine: str, model: str) -> None:
    choice = EngineChoice(engine=engine, model=model)
    assert whisper(choice).codes == {"en"}
    engines = {
        Stage.TRANSCRIBE: choice, Stage.TRANSLATE: EngineChoice(engine="googletrans"),
        Stage.SYNTHESIZE: EngineChoice(engine="gtts"),
    }  # fmt: skip
    request = request_for(Stage.INGEST, source_language="es", target_language="fr", engines=engines)
    with pytest.raises(BadInput, match=r"does not have the language es of spec\.sourceLanguage"):
        check(request)
    check(request_for(Stage.INGEST, source_language="en", target_language="fr", engines=engines))
