"""The round trip: the dub, as a recognizer transcribes it, compared with the translation."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from dubstage.contract import StageRequest
from dubstage.engines.languages import WHISPER
from dubstage.errors import Misconfigured
from dubstage.media.windows import parts_of
from dubstage.models import choice_of, model_folder
from dubstage.text.languages import engine_code, is_spaced
from dubstage.text.spoken import in_words
from dubstage.workspace.layout import Roots

PARAMETER = "check_model"
"""Of the mux stage's engine in a profile: ``<engine>/<model>``, on the models volume."""
CHECKER = "faster-whisper"
PART_SECONDS = 120
"""Seconds of the dub that the model gets at once; it needs 62 MB per minute."""


def check_model(request: StageRequest, roots: Roots) -> Path | None:
    """The folder of the profile's check model; None if the profile names none.

    Raises :class:`Misconfigured` for one that is unknown or missing.
    """
    name = request.engine.parameters.get(PARAMETER)
    if name is None:
        return None
    choice = choice_of(str(name))
    if choice.engine != CHECKER or not choice.model:
        raise Misconfigured(
            f"The mux stage's {PARAMETER} is {name!r}: expected {CHECKER}/<model>, for example "
            f"{CHECKER}/base.",
            reason="ModelMissing",
        )
    return model_folder(roots, choice)


def word_error_rate(text: str, dub: Path, model: Path, language: str) -> float | None:
    """The error rate of `dub` against `text`, as :func:`error_rate`.

    Raises :class:`Misconfigured` if the image lacks the recognizer.
    """
    return error_rate(text, transcribe(dub, model, language), language)


def transcribe(dub: Path, model: Path, language: str) -> str:
    """The words that the model recognizes.

    Raises :class:`Misconfigured` if the image lacks the recognizer.
    """
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise Misconfigured(
            f"The image has no {CHECKER}: give the mux stage an image that contains it, or remove "
            f"{PARAMETER} from the profile.",
            reason="EngineMissing",
        ) from error
    recognizer = WhisperModel(str(model), device="cpu", compute_type="int8", local_files_only=True)
    texts: list[str] = []
    for part in parts_of(dub, PART_SECONDS):
        segments, _ = recognizer.transcribe(
            part.samples,
            language=engine_code(language, WHISPER),
            vad_filter=True,
            condition_on_previous_text=False,
        )
        texts += [segment.text for segment in segments]
    return " ".join(texts)


def error_rate(expected: str, recognized: str, language: str) -> float | None:
    """The word error rate of `recognized`, without regard to case, punctuation, and to whether
    numbers are in digits.

    In a language that is written without spaces, the error rate of characters. None if
    nothing is expected.
    """
    from rapidfuzz.distance import Levenshtein

    said = (in_words(text, language) for text in (expected, recognized))
    reference, hypothesis = (_units(text, language) for text in said)
    return Levenshtein.distance(reference, hypothesis) / len(reference) if reference else None


def _units(text: str, language: str) -> list[str]:
    plain = "".join(
        letter if unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFKC", text).lower()
    )
    return plain.split() if is_spaced(language) else list(plain.replace(" ", ""))
