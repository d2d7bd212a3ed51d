"""faster-whisper: Whisper on CTranslate2, on the CPU or a GPU, without speakers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice, SpeakerRange
from dubstage.errors import Misconfigured
from dubstage.logs import step
from dubstage.media.windows import Part, parts_of
from dubstage.models import model_folder
from dubstage.run.gpu_memory import MemoryFallback, is_out_of_memory
from dubstage.text.languages import is_spaced
from dubstage.text.transcript import Word
from dubstage.transcribe.engine import Recognition
from dubstage.transcribe.word_pieces import join_pieces, keep_spaces
from dubstage.workspace.work import Work

BEAM_SIZE = 5
BATCH_SIZE = 8
"""Pieces of speech, of at most 30 s each, that are recognized at once on a GPU."""
CPU_BATCH_SIZE = 2
"""The same on a CPU, which more keep no busier."""
LANGUAGE_PIECES = 4
"""Pieces that are listened to until the language is sure: a song may come first."""


def load(work: Work) -> FasterWhisper:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return FasterWhisper(model_folder(work.tree.roots, choice), choice)


class FasterWhisper:
    """A Whisper model from a folder of the models volume; nothing is downloaded."""

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model.

        `choice.parameters`: ``device`` (cpu), ``compute_type`` (int8), ``batch_size`` (2 on
        the CPU, else 8), ``beam_size`` (5). Raises :class:`Misconfigured` where the model
        cannot be loaded.
        """
        parameters = choice.parameters
        self._beam_size = int(parameters.get("beam_size", BEAM_SIZE))
        device = str(parameters.get("device", "cpu"))

        def load(compute_type: str) -> Any:
            from faster_whisper import WhisperModel

            return WhisperModel(
                str(folder), device=device, compute_type=compute_type, local_files_only=True
            )

        self._models = Models(choice, load)
        compute_type = str(parameters.get("compute_type", "int8"))
        batch_size = int(
            parameters.get("batch_size", CPU_BATCH_SIZE if device == "cpu" else BATCH_SIZE)
        )
        self._fallback = MemoryFallback(memory_steps(batch_size, compute_type), "recognition")
        self._fallback.run(lambda step: self._models.load(step[1]))

    @step("recognize")
    def recognize(
        self,
        speech: Path,
        language: str | None,
        speakers: SpeakerRange | None,
        progress: Callable[[float], None],
    ) -> Recognition:
        """Words with Whisper's own times; silence is skipped (Silero VAD). The first part
        of the programme in which somebody speaks tells the language."""
        words: list[Word] = []
        heard, probability = language, 1.0
        for part in parts_of(speech):
            found = self._listen(part, language, progress)
            if language is None:
                heard, probability = found.language, found.language_probability
                language = heard if found.words else None
            words += [_later(word, part.start) for word in found.words]
        return Recognition(heard or "", probability, words, notes_on(speakers))

    def _listen(
        self, part: Part, language: str | None, progress: Callable[[float], None]
    ) -> Recognition:
        """What is heard in one part, in its own time."""

        def told(share: float) -> None:
            progress((part.start + share * part.seconds) / part.total)

        def attempt(step: tuple[int, str]) -> Recognition:
            batch_size, compute_type = step
            model = self._models.load(compute_type)
            return listen(model, part.samples, language, batch_size, self._beam_size, told)

        return self._fallback.run(attempt)


def notes_on(speakers: SpeakerRange | None) -> tuple[str, ...]:
    """What a person should know who said how many speakers there are."""
    if speakers and (speakers.max or speakers.min) > 1:
        return ("taken for one speaker: faster-whisper does not tell them apart",)
    return ()


class Models:
    """One Whisper model, loaded when it is first asked for with a compute type."""

    def __init__(self, choice: EngineChoice, load: Callable[[str], Any]) -> None:
        self._choice = choice
        self._load = load
        self._loaded: tuple[str, Any] | None = None

    def load(self, compute_type: str) -> Any:
        """The model; the one before goes first. Raises :class:`Misconfigured`."""
        if self._loaded is None or self._loaded[0] != compute_type:
            self._loaded = None
            try:
                self._loaded = compute_type, self._load(compute_type)
            except (RuntimeError, ValueError, OSError) as error:
                if isinstance(error, RuntimeError) and is_out_of_memory(error):
                    raise
                raise Misconfigured(
                    f"The model {self._choice.engine}/{self._choice.model} cannot be loaded "
                    f"({error}): run `dubstage models pull` again, or correct the engine's "
                    "parameters.",
                    reason="ModelUnusable",
                ) from error
        return self._loaded[1]

    def free(self) -> None:
        """Give the model's memory back."""
        self._loaded = None


def memory_steps(batch_size: int, compute_type: str) -> list[tuple[int, str]]:
    """Batch size and compute type, each step with less memory: the batch is halved down
    to one piece, then the weights are."""
    steps = [(batch_size, compute_type)]
    while steps[-1][0] > 1:
        steps.append((steps[-1][0] // 2, compute_type))
    return steps if compute_type == "int8" else [*steps, (1, "int8")]


def listen(
    model: Any,
    audio: Any,
    language: str | None,
    batch_size: int,
    beam_size: int,
    progress: Callable[[float], None],
) -> Recognition:
    """What `model` hears in `audio`, one channel of 16 kHz samples."""
    from faster_whisper import BatchedInferencePipeline

    segments, info = BatchedInferencePipeline(model).transcribe(
        audio,
        language=language,
        beam_size=beam_size,
        batch_size=batch_size,
        word_timestamps=True,
        language_detection_segments=LANGUAGE_PIECES,
    )
    words: list[Word] = []
    for segment in segments:
        heard = [(word.word, _word(word)) for word in segment.words or ()]
        words += join_pieces(heard) if is_spaced(info.language) else keep_spaces(heard)
        progress(min(segment.end / max(info.duration, 0.001), 1.0))
    return Recognition(info.language, float(info.language_probability), words)


def _later(word: Word, seconds: float) -> Word:
    return word.model_copy(update={"start": word.start + seconds, "end": word.end + seconds})


def _word(heard: Any) -> Word:
    return Word(
        word=heard.word.strip(),
        start=heard.start,
        end=max(heard.end, heard.start),
        score=heard.probability if math.isfinite(heard.probability) else None,
    )
