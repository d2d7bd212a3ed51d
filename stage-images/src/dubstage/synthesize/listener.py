"""Listens to every take with a recognizer."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from dubstage.engines.languages import WHISPER
from dubstage.engines.parameters import flag
from dubstage.engines.repositories import SPEECH_CHECK_MODEL
from dubstage.errors import Misconfigured
from dubstage.logs import logger, step
from dubstage.media.ffmpeg import read_mono
from dubstage.media.windows import RECOGNIZER_SAMPLE_RATE
from dubstage.models import choice_of, model_folder, model_revision
from dubstage.run.gpu_memory import is_out_of_memory
from dubstage.synthesize.hearing import Hearing, compare
from dubstage.synthesize.take import Take
from dubstage.text.languages import engine_code
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment

    from dubstage.media.audio import Samples

CHECK, CHECK_MODEL = "check", "check_model"
"""Parameters of all engines of the stage: whether to listen, and with which model."""
THREADS = 2


def load(work: Work) -> Listener | None:
    """The recognizer; None if the profile wants none, the model or the library is not there and
    the profile does not require it, or the model does not have the language.

    Raises :class:`Misconfigured` if the profile requires a check that is not possible.
    """
    engine = work.request.engine
    is_required = flag(engine, CHECK, None)
    language = engine_code(work.request.target_language, WHISPER)
    if is_required is False or not language:
        return None
    name = str(engine.parameters.get(CHECK_MODEL, SPEECH_CHECK_MODEL))
    choice = choice_of(name)
    try:
        folder = model_folder(work.tree.roots, choice)
        if choice.engine != "faster-whisper" or not importlib.util.find_spec("faster_whisper"):
            raise Misconfigured(
                f"The image cannot check speech with {name}: set the parameter "
                f"{CHECK_MODEL} of stage synthesize to {SPEECH_CHECK_MODEL}, and use an image with "
                f"faster-whisper, or set {CHECK} to false.",
                reason="EngineMissing",
            )
        with step("load", "check model"):
            revision = f"{name}@{model_revision(work.tree.roots, choice)}"
            return Listener(folder, language, revision, work.scratch)
    except Misconfigured as error:
        if is_required:
            raise
        logger.warning("the speech is not checked: %s", error)
        return None


def _loaded(folder: Path) -> WhisperModel:
    """The model on a GPU if the stage has one that it can use, which takes a tenth of the time;
    else on the CPU."""
    from ctranslate2 import get_cuda_device_count

    if get_cuda_device_count() > 0:
        try:
            return _tried(_opened(folder, "cuda", "float16"))
        except (RuntimeError, ValueError, OSError) as error:
            logger.info("the check model is on the CPU: the GPU cannot be used (%s)", error)
    try:
        return _opened(folder, "cpu", "int8")
    except (RuntimeError, ValueError, OSError) as error:
        raise Misconfigured(
            f"The check model {folder.name} cannot be loaded ({error}): run `dubstage models "
            f"pull`, or set the parameter {CHECK} of stage synthesize to false.",
            reason="ModelMissing",
        ) from error


def _opened(folder: Path, device: str, compute_type: str) -> WhisperModel:
    from faster_whisper import WhisperModel

    return WhisperModel(
        str(folder), device=device, compute_type=compute_type, cpu_threads=THREADS,
        local_files_only=True,
    )  # fmt: skip


def _tried(model: WhisperModel) -> WhisperModel:
    """`model`, after it has heard silence: CUDA's libraries are only loaded at first use."""
    import numpy

    silence = numpy.zeros(RECOGNIZER_SAMPLE_RATE, numpy.float32)
    found, _ = model.transcribe(silence, language="en", beam_size=1)
    list(found)
    return model


class Listener:
    """A recognizer for one language."""

    def __init__(self, folder: Path, language: str, revision: str, scratch: Path) -> None:
        """Load the model in `folder`. Raises :class:`Misconfigured` if it cannot be loaded."""
        self.revision = revision
        """Part of the key of each clip: the check decides which take is kept."""
        self._folder = folder
        self._model = _loaded(folder)
        self._language = language
        self._scratch = scratch

    def hear(self, take: Take, *texts: str) -> Hearing:
        """How the take differs from the nearest of the texts, which are the same words, written
        as they are and as they are pronounced."""
        found = self._compared(take, texts, beam_size=1)
        if found.is_misspoken:
            # The quick recognition errs more often.
            again = self._compared(take, texts, beam_size=5)
            found = min(found, again, key=lambda one: (one.is_misspoken, one.error_rate))
        return found

    def _compared(self, take: Take, texts: Sequence[str], beam_size: int) -> Hearing:
        heard, confidence = self._recognized(take, beam_size)
        found = [compare(text, heard, self._language, confidence) for text in texts]
        return min(found, key=lambda one: one.error_rate)

    def _recognized(self, take: Take, beam_size: int) -> tuple[str, float]:
        """The text, and its mean log probability."""
        import soundfile

        file = self._scratch / "heard.wav"
        soundfile.write(file, take.samples, take.sample_rate, subtype="PCM_16")
        (samples,) = read_mono([(file, f"aresample={RECOGNIZER_SAMPLE_RATE}")], self._scratch)
        try:
            segments = self._segments(samples, beam_size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            # The voice needs the GPU's memory more.
            logger.info("the check model continues on the CPU: the GPU's memory is full")
            self._model = _opened(self._folder, "cpu", "int8")
            segments = self._segments(samples, beam_size)
        rates = [segment.avg_logprob for segment in segments]
        text = " ".join(segment.text for segment in segments)
        return text, mean(rates) if rates else 0.0

    def _segments(self, samples: Samples, beam_size: int) -> list[Segment]:
        found, _ = self._model.transcribe(
            samples,
            language=self._language,
            beam_size=beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return list(found)
