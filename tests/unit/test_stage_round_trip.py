"""What a recognizer hears in the dub, against what was to be said."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import jiwer
import numpy
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dubstage.contract import EngineChoice, Stage
from dubstage.errors import Misconfigured
from dubstage.mux.round_trip import PART_SECONDS, check_model, error_rate, transcribe
from dubstage.testing import ENGINES, request_for, roots_in


@pytest.mark.parametrize(
    ("said", "heard", "language", "rate"),
    [
        pytest.param("¿Qué tal, amigo?", "que tal amigo", "es", 1 / 3, id="an accent counts"),
        pytest.param("Él no era; un JOVEN.", "él no era un joven", "es", 0.0, id="case does not"),
        pytest.param("uno dos tres", "uno tres cuatro cinco", "es", 1.0, id="wrong and too many"),
        pytest.param("uno dos tres", "", "es", 1.0, id="nothing was heard"),
        pytest.param("今天天气", "今天天汽。", "zh", 0.25, id="characters where no spaces are"),
        pytest.param("…", "uno", "es", None, id="nothing was to be said"),
    ],
)
def test_error_rate(said: str, heard: str, language: str, rate: float | None) -> None:
    assert error_rate(said, heard, language) == (None if rate is None else pytest.approx(rate))


texts = st.lists(st.sampled_from("a b c d".split()), min_size=1, max_size=12).map(" ".join)


@given(said=texts, heard=texts)
def test_error_rate_is_the_fields_own(said: str, heard: str) -> None:
    assert error_rate(said, heard, "es") == pytest.approx(jiwer.wer(said, heard))


@pytest.mark.parametrize("name", ["whisperx/base", "base", "faster-whisper/", "faster-whisper/no"])
def test_a_check_model_that_is_not_there_is_said_at_once(tmp_path: Path, name: str) -> None:
    engines = {
        **ENGINES,
        Stage.MUX: EngineChoice(engine="ffmpeg", parameters={"check_model": name}),
    }
    request = request_for(Stage.MUX, engines=engines)
    with pytest.raises(Misconfigured) as failure:
        check_model(request, roots_in(tmp_path))
    assert failure.value.reason == "ModelMissing"


def test_nothing_is_checked_unless_the_profile_asks(tmp_path: Path) -> None:
    assert check_model(request_for(Stage.MUX), roots_in(tmp_path)) is None


def test_a_long_dub_is_heard_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a part is ever in memory, and none is left out."""
    heard: list[float] = []

    class Model:
        def __init__(self, *_: object, **__: object) -> None: ...

        def transcribe(self, audio: numpy.ndarray, **_: object) -> tuple[list[object], None]:
            heard.append(len(audio) / 16000)
            return [SimpleNamespace(text=f"part {len(heard)}")], None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
    seconds = 2.5 * PART_SECONDS
    soundfile.write(tmp_path / "dub.wav", numpy.zeros((round(seconds * 8000), 2)), 8000)
    assert transcribe(tmp_path / "dub.wav", tmp_path, "es").startswith("part 1 part 2")
    assert max(heard) <= PART_SECONDS
    assert sum(heard) == pytest.approx(seconds)
