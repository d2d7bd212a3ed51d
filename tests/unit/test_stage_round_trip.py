"""The word error rate of the dub, as a recognizer transcribes it."""

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
    ("expected", "recognized", "language", "rate"),
    [
        pytest.param("¿Qué tal, amigo?", "que tal amigo", "es", 1 / 3, id="an accent counts"),
        pytest.param("Él no era; un JOVEN.", "él no era un joven", "es", 0.0, id="case does not"),
        pytest.param("uno dos tres", "uno tres cuatro cinco", "es", 1.0, id="wrong and too many"),
        pytest.param("uno dos tres", "", "es", 1.0, id="nothing recognized"),
        pytest.param(
            "今天天气", "今天天汽。", "zh", 0.25, id="characters in a language without spaces"
        ),
        pytest.param("…", "uno", "es", None, id="nothing expected"),
    ],
)
def test_error_rate_ignores_case_and_punctuation(
    expected: str, recognized: str, language: str, rate: float | None
) -> None:
    assert error_rate(expected, recognized, language) == (
        None if rate is None else pytest.approx(rate)
    )


texts = st.lists(st.sampled_from("a b c d".split()), min_size=1, max_size=12).map(" ".join)


@given(expected=texts, recognized=texts)
def test_error_rate_agrees_with_jiwer(expected: str, recognized: str) -> None:
    assert error_rate(expected, recognized, "es") == pytest.approx(jiwer.wer(expected, recognized))


@pytest.mark.parametrize("name", ["whisperx/base", "base", "faster-whisper/", "faster-whisper/no"])
def test_missing_check_model_is_reported_before_the_work(tmp_path: Path, name: str) -> None:
    engines = {
        **ENGINES,
        Stage.MUX: EngineChoice(engine="ffmpeg", parameters={"check_model": name}),
    }
    request = request_for(Stage.MUX, engines=engines)
    with pytest.raises(Misconfigured) as failure:
        check_model(request, roots_in(tmp_path))
    assert failure.value.reason == "ModelMissing"


def test_dub_is_not_checked_by_default(tmp_path: Path) -> None:
    assert check_model(request_for(Stage.MUX), roots_in(tmp_path)) is None


def test_long_dub_is_transcribed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one part is in memory at a time, and none is left out."""
    seconds_of_parts: list[float] = []

    class Model:
        def __init__(self, *_: object, **__: object) -> None: ...

        def transcribe(self, audio: numpy.ndarray, **_: object) -> tuple[list[object], None]:
            seconds_of_parts.append(len(audio) / 16000)
            return [SimpleNamespace(text=f"part {len(seconds_of_parts)}")], None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
    seconds = 2.5 * PART_SECONDS
    soundfile.write(tmp_path / "dub.wav", numpy.zeros((round(seconds * 8000), 2)), 8000)
    assert transcribe(tmp_path / "dub.wav", tmp_path, "es").startswith("part 1 part 2")
    assert max(seconds_of_parts) <= PART_SECONDS
    assert sum(seconds_of_parts) == pytest.approx(seconds)
