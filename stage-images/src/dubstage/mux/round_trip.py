"""The round trip: what a recogniser hears in the dub, against what was to be said."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from dubstage.contract import EngineChoice, StageRequest
from dubstage.engines.languages import WHISPER
from dubstage.errors import Misconfigured
from dubstage.media.windows import parts_of
from dubstage.models import model_folder
from dubstage.text.languages import engine_code, is_spaced
from dubstage.workspace.layout import Roots

PARAMETER = "check_model"
"""Of the mux stage's engine in a profile: ``<engine>/<model>``, on the models volume."""
CHECKER = "faster-whisper"
PART_SECONDS = 120
"""The model is given so much of the dub at once: it takes 62 MB for each minute."""


def check_model(request: StageRequest, roots: Roots) -> Path | None:
    """The folder of the profile's check model; None where it names none.

    Raises :class:`Misconfigured` for one that is unknown or not there.
    """
    name = request.engine.parameters.get(PARAMETER)
    if name is None:
        return None
    engine, _, model = str(name).partition("/")
    if engine != CHECKER or not model:
        raise Misconfigured(
            f"The mux stage's {PARAMETER} is {name!r}: expected {CHECKER}/<model>, for example "
            f"{CHECKER}/base.",
            reason="ModelMissing",
        )
    return model_folder(roots, EngineChoice(engine=engine, model=model))


def heard_in(dub: Path, model: Path, language: str) -> str:
    """The words that the model hears. Raises :class:`Misconfigured` where the image lacks
    the library."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise Misconfigured(
            f"The image has no {CHECKER}: give the mux stage an image that has it, or take "
            f"{PARAMETER} out of the profile.",
            reason="EngineMissing",
        ) from error
    loaded = WhisperModel(str(model), device="cpu", compute_type="int8", local_files_only=True)
    heard: list[str] = []
    for part in parts_of(dub, PART_SECONDS):
        segments, _ = loaded.transcribe(
            part.samples,
            language=engine_code(language, WHISPER),
            vad_filter=True,
            condition_on_previous_text=False,
        )
        heard += [segment.text for segment in segments]
    return " ".join(heard)


def error_rate(said: str, heard: str, language: str) -> float | None:
    """Word error rate of `heard`, case and punctuation apart; of characters in a language
    that is written without spaces. None where nothing was to be said."""
    reference, found = (_units(text, language) for text in (said, heard))
    return _distance(reference, found) / len(reference) if reference else None


def _units(text: str, language: str) -> list[str]:
    plain = "".join(
        letter if unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFKC", text).lower()
    )
    return plain.split() if is_spaced(language) else list(plain.replace(" ", ""))


def _distance(reference: Sequence[str], found: Sequence[str]) -> int:
    """Levenshtein's: how many units are wrong, missing or too many."""
    import numpy

    places = numpy.arange(len(found) + 1)
    known = {unit: number for number, unit in enumerate({*reference, *found})}
    others = numpy.array([known[unit] for unit in found], int)
    row = places.copy()
    for count, unit in enumerate(reference, start=1):
        replaced = row[:-1] + (others != known[unit])
        best = numpy.concatenate([[count], numpy.minimum(replaced, row[1:] + 1)])
        # What is too many costs one each: the running minimum of the distances to a place.
        row = numpy.minimum.accumulate(best - places) + places
    return int(row[-1])
