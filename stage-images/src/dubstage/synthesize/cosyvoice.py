"""CosyVoice 2 and 3: speech in the voice of a recording, on a GPU.

Its code is not a package: the image puts a checkout on the import path. The calls are those
of its `cosyvoice/cli/cosyvoice.py` as of March 2026.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.models import model_folder
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.spoken_text import spoken_chunks
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

GENERATIONS = {"cosyvoice2.yaml": 2, "cosyvoice3.yaml": 3}
"""The file that tells CosyVoice the generation of a model."""
INSTRUCTION = "You are a helpful assistant.<|endofprompt|>"
"""What CosyVoice 3 requires before the text, or before the text of the recording."""
CROSS_LINGUAL, ZERO_SHOT = "cross-lingual", "zero-shot"
BETWEEN_SECONDS = 0.15
"""Silence between the chunks of a long text."""
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TQDM_DISABLE": "1"}
"""Nothing is downloaded, and the log has no progress bars."""
OUT_OF_MEMORY = "out of memory"


def load(work: Work) -> CosyVoice:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return CosyVoice(model_folder(work.tree.roots, choice), choice)


class CosyVoice:
    """The model, loaded once; each voice is computed once."""

    reach = 0.15

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model in `folder`; nothing is downloaded.

        `choice.parameters`: ``mode`` (cross-lingual: only the voice of the recording is used;
        zero-shot: its text is used as well, if known), ``fp16`` (false).
        Raises :class:`Misconfigured` if the model cannot be loaded.
        """
        self._mode = str(choice.parameters.get("mode", CROSS_LINGUAL))
        if self._mode not in (CROSS_LINGUAL, ZERO_SHOT):
            raise Misconfigured(
                f"The engine cosyvoice has no mode {self._mode!r}; it has {CROSS_LINGUAL}, "
                f"{ZERO_SHOT}.",
                reason="EngineFailed",
            )
        self._generation = _generation(folder, choice)
        self._model = _load(folder, choice)
        self._known: set[str] = set()

    def voices(self, language: str) -> None:
        """None: each recording is a voice."""

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write 24 kHz, one channel; nothing if there is no word in `text`."""
        import numpy
        import soundfile

        try:
            spoken = [self._infer(chunk, voice, speed) for chunk in spoken_chunks(text, language)]
        except RuntimeError as error:
            if OUT_OF_MEMORY in str(error):
                raise _out_of_memory() from error
            raise
        if not spoken:
            return
        rate = int(self._model.sample_rate)
        silence = numpy.zeros(round(BETWEEN_SECONDS * rate), numpy.float32)
        parts = [part for chunk in spoken for part in (silence, chunk)][1:]
        soundfile.write(target, numpy.concatenate(parts), rate, subtype="FLOAT")

    def _infer(self, chunk: str, voice: Voice, speed: float) -> Samples:
        """The audio of one chunk."""
        import numpy

        name = self._register(voice)
        # For a voice that is registered by name the other arguments are not used.
        options = {"zero_shot_spk_id": name, "stream": False, "speed": speed,
                   "text_frontend": False}  # fmt: skip
        answers: Iterator[dict[str, Any]]
        if self._uses_text(voice):
            answers = self._model.inference_zero_shot(chunk, "", "", **options)
        else:
            lead = INSTRUCTION if self._generation == 3 else ""
            answers = self._model.inference_cross_lingual(lead + chunk, "", **options)
        parts = [numpy.asarray(answer["tts_speech"], numpy.float32).reshape(-1)
                 for answer in answers]  # fmt: skip
        return numpy.concatenate(parts) if parts else numpy.zeros(0, numpy.float32)

    def _uses_text(self, voice: Voice) -> bool:
        """Whether the model gets the recording's text as well."""
        return self._mode == ZERO_SHOT and bool(voice.sample_text)

    def _register(self, voice: Voice) -> str:
        """The name under which the model knows the voice, which is computed at its first use."""
        name = f"{voice.number}-{voice.sample_sha256}"
        if name not in self._known:
            assert voice.sample is not None
            text = ""
            if self._uses_text(voice):
                lead = INSTRUCTION if self._generation == 3 else ""
                text = f"{lead}{voice.sample_text}"
            self._model.add_zero_shot_spk(text, str(voice.sample), name)
            self._known.add(name)
        return name


def _generation(folder: Path, choice: EngineChoice) -> int:
    numbers = [number for name, number in GENERATIONS.items() if (folder / name).is_file()]
    if len(numbers) != 1:
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} is not CosyVoice 2 or 3: expected one of "
            f"{', '.join(GENERATIONS)} in its folder. Run `dubstage models pull` again, or name "
            "another model in the profile.",
            reason="ModelUnusable",
        )
    return numbers[0]


def _load(folder: Path, choice: EngineChoice) -> Any:
    os.environ.update(ENVIRONMENT)
    try:
        from cosyvoice.cli.cosyvoice import AutoModel
    except ImportError as error:
        raise Misconfigured(
            f"The image has no CosyVoice ({error}): give the synthesize stage the image tts, "
            "built with CLONE_COSYVOICE=true, or another engine.",
            reason="EngineMissing",
        ) from error
    try:
        return AutoModel(model_dir=str(folder), fp16=bool(choice.parameters.get("fp16", False)))
    except Exception as error:
        # A damaged file ends in any error of the library that reads it.
        if OUT_OF_MEMORY in str(error):
            raise _out_of_memory() from error
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} cannot be loaded ({type(error).__name__}: "
            f"{error}): run `dubstage models pull` again, or correct the engine's parameters.",
            reason="ModelUnusable",
        ) from error


def _out_of_memory() -> TemporaryFailure:
    return TemporaryFailure(
        "The GPU's memory is too small for CosyVoice: give the synthesize stage a GPU with more "
        "memory, or one of its own.",
        reason="OutOfMemory",
    )
