"""The glossary with a real recognizer and real voices."""

from __future__ import annotations

from pathlib import Path

import pytest
from dub_run import SEED

from dubstage.contract import EngineChoice, GlossaryEntry
from dubstage.synthesize.engine import Synthesizer, Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.kokoro import Kokoro
from dubstage.synthesize.pronunciation import Pronunciation
from dubstage.transcribe.faster_whisper import FasterWhisper
from dubstage.transcribe.hotwords import hotwords

WHISPER = SEED / "faster-whisper/base"
ESPEAK = EngineChoice(engine="espeak-ng")
NAMES = ["Saoirse Ronan", "Nguyen", "kubectl"]
TEXT = "Today Saoirse Ronan and Nguyen talk about kubectl. We thank Saoirse for coming."


def heard(file: Path, language: str, entries: list[GlossaryEntry]) -> str:
    choice = EngineChoice(engine="faster-whisper", model="base")
    recognizer = FasterWhisper(WHISPER, choice, hotwords(entries))
    recognition = recognizer.recognize(file, language, None, lambda _: None)
    return " ".join(word.word for word in recognition.words)


def test_recognizer_spells_names_as_the_glossary_does(tmp_path: Path) -> None:
    assert WHISPER.is_dir(), "fetch the models: make models"
    file = tmp_path / "speech.wav"
    Espeak(ESPEAK).speak(TEXT, "en-US", Voice("A", 0), 1.0, file)
    plain = heard(file, "en", [])
    assert not any(name in plain for name in NAMES)
    told = heard(file, "en", [GlossaryEntry(term=name, hear=[name]) for name in NAMES])
    assert all(name in told for name in NAMES)


@pytest.mark.parametrize("name", ["espeak-ng", "kokoro"])
@pytest.mark.parametrize("say", ["/ˈd͡ʒiːzəs/", "[[dZ'i:z@s]]", "jeezus"])
def test_voice_says_a_term_as_the_glossary_says(tmp_path: Path, name: str, say: str) -> None:
    """The engine would read it in another way: Whisper hears the difference."""
    engine: Synthesizer = Espeak(ESPEAK)
    if name == "kokoro":
        engine = Kokoro(SEED / "kokoro/v1.0", Espeak(ESPEAK))
    entry = GlossaryEntry(term="XQZ", say={"en": say})
    pronunciation = Pronunciation([entry], "en-US", engine)
    text = pronunciation.said("My good friend, XQZ, is the best man in the world.")
    file = tmp_path / "take.wav"
    engine.speak(text, "en-US", Voice("A", 0), 1.0, file)
    assert pronunciation.remarks == []
    assert "jesus" in heard(file, "en", []).casefold()
