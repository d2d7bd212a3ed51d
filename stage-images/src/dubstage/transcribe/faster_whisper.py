"""faster-whisper: Whisper on CTranslate2, on the CPU or a GPU, with speakers by the local
diarizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice, SpeakerRange
from dubstage.engines.parameters import flag, whole
from dubstage.engines.repositories import LOCAL_DIARIZER
from dubstage.logs import step
from dubstage.media.windows import Part, parts_of
from dubstage.models import model_folder
from dubstage.run.ctranslate2_model import Models, device_of, memory_steps
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.text.languages import is_spaced
from dubstage.text.transcript import Word
from dubstage.transcribe.engine import Recognition
from dubstage.transcribe.hotwords import NO_HOTWORDS, Hotwords, hotwords
from dubstage.transcribe.language_by_words import corrected_language, other_language
from dubstage.transcribe.local_diarizer import (
    NOT_ASKED,
    ONE_SPEAKER,
    LocalDiarizer,
    is_alone,
    is_available,
)
from dubstage.transcribe.turns import whole_sentences
from dubstage.transcribe.word_pieces import join_pieces, keep_spaces
from dubstage.workspace.work import Work

BEAM_SIZE = 5
BATCH_SIZE = 8
"""Chunks of speech, up to 30 s each, that a GPU recognizes at the same time."""
CPU_BATCH_SIZE = 2
"""The same for a CPU, which is busy with two."""
LANGUAGE_CHUNKS = 4
"""Chunks that are used to detect the language: the first may be a song."""


def load(work: Work) -> FasterWhisper:
    """The profile's model, loaded from the models volume."""
    choice, roots = work.request.engine, work.tree.roots
    is_asked = flag(choice, "diarize", True)
    diarizer = LocalDiarizer(roots) if is_asked and is_available(roots) else None
    expected = hotwords(work.request.glossary)
    return FasterWhisper(model_folder(roots, choice), choice, expected, diarizer)


class FasterWhisper:
    """A Whisper model from a folder of the models volume; nothing is downloaded."""

    def __init__(
        self,
        folder: Path,
        choice: EngineChoice,
        expected: Hotwords = NO_HOTWORDS,
        diarizer: LocalDiarizer | None = None,
    ) -> None:
        """Load the model, which then expects some spellings. `diarizer`: None if all speech is
        one speaker's.

        `choice.parameters`: ``device`` (a GPU if there is one), ``compute_type`` (float16 on a
        GPU, else int8), ``batch_size`` (2 on the CPU, else 8), ``beam_size`` (5), ``diarize``
        (true). Raises :class:`Misconfigured` if the model cannot be loaded.
        """
        parameters = choice.parameters
        self._expected = expected
        self._beam_size = whole(choice, "beam_size", BEAM_SIZE, 1, 100)
        device = device_of(choice)

        def load(compute_type: str) -> Any:
            from faster_whisper import WhisperModel

            return WhisperModel(
                str(folder), device=device, compute_type=compute_type, local_files_only=True
            )

        self._models = Models(choice, load)
        self._diarizer = diarizer
        self._is_asked = flag(choice, "diarize", True)
        is_gpu = device.startswith("cuda")
        compute_type = str(parameters.get("compute_type", "float16" if is_gpu else "int8"))
        batch_size = whole(choice, "batch_size", BATCH_SIZE if is_gpu else CPU_BATCH_SIZE, 1, 4096)
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
        """Words with Whisper's own times; silence is skipped (Silero VAD). The language is
        that of the first part of the source with speech."""
        words: list[Word] = []
        given, detected, probability = language, language, 1.0
        notes = self._expected.notes
        diarizer = None if is_alone(speakers) else self._diarizer
        for part in parts_of(speech):
            recognition = self._recognize_part(part, language, progress)
            if diarizer:
                diarizer.hear(part)
            if language is None:
                recognition = self._corrected(part, recognition, progress)
                detected, probability = recognition.language, recognition.language_probability
                language = detected if recognition.words else None
            elif given and not words and recognition.words:
                notes = (*self._doubts(part, recognition), *notes)
            words += [_shifted(word, part.start) for word in recognition.words]
        if diarizer:
            words = _named(words, diarizer, speakers)
        else:
            notes = (*notes_on(speakers, is_asked=self._is_asked), *notes)
        return Recognition(detected or "", probability, words, notes)

    def _recognize_part(
        self, part: Part, language: str | None, progress: Callable[[float], None]
    ) -> Recognition:
        """The words of one part, with times from its start."""

        def report(share: float) -> None:
            progress((part.start + share * part.seconds) / part.total)

        return self._recognize_samples(part.samples, language, report)

    def _corrected(
        self, part: Part, recognition: Recognition, progress: Callable[[float], None]
    ) -> Recognition:
        """The part in the language of its words, if that is not the detected one."""

        spoken = corrected_language(
            recognition.words, recognition.language, part.samples, self._words
        )
        if spoken is None:
            return recognition
        language, probability = spoken
        corrected = self._recognize_part(part, language, progress)
        return replace(corrected, language_probability=probability)

    def _doubts(self, part: Part, recognition: Recognition) -> tuple[str, ...]:
        """A remark if the part is most likely not in the language that the user has given."""
        given = recognition.language
        detected = self._fallback.run(
            lambda step: detect_language(self._models.load(step[1]), part.samples)
        )
        if detected is None:
            return ()
        spoken = other_language(recognition.words, given, detected, part.samples, self._words)
        return (language_doubt(spoken, given),) if spoken else ()

    def _words(self, samples: Any, language: str) -> list[Word]:
        return self._recognize_samples(samples, language, lambda _: None).words

    def _recognize_samples(
        self, samples: Any, language: str | None, progress: Callable[[float], None]
    ) -> Recognition:
        def attempt(step: tuple[int, str]) -> Recognition:
            batch_size, compute_type = step
            return recognize_samples(
                self._models.load(compute_type),
                samples,
                language,
                batch_size,
                self._beam_size,
                progress,
                hotwords=self._expected.text,
            )

        return self._fallback.run(attempt)


def _named(
    words: Iterable[Word], diarizer: LocalDiarizer, speakers: SpeakerRange | None
) -> list[Word]:
    """`words` with their speakers."""
    ordered = sorted(words, key=lambda word: word.start)
    names = diarizer.names([(word.start, word.end) for word in ordered], speakers)
    return whole_sentences(
        [
            word.model_copy(update={"speaker": name})
            for word, name in zip(ordered, names, strict=True)
        ]
    )


def notes_on(speakers: SpeakerRange | None, *, is_asked: bool) -> tuple[str, ...]:
    """A remark for a user who may expect several speakers. `is_asked`: whether the profile requests
    diarization."""
    if is_alone(speakers):
        return ()
    if is_asked:
        return (f"{ONE_SPEAKER}: the models volume has no {LOCAL_DIARIZER}",)
    return (f"{ONE_SPEAKER}: {NOT_ASKED}",) if speakers else ()


def language_doubt(spoken: str, given: str) -> str:
    """The remark on a language that the user has given by mistake."""
    return f"the speech is most likely {spoken}, not {given}: check spec.sourceLanguage, or omit it"


def detect_language(model: Any, audio: Any) -> tuple[str, float] | None:
    """The language that `model` detects in 16 kHz samples, and its probability. None for a model
    that has only English. The first seconds may be a song, and may hold no speech."""
    if not model.model.is_multilingual:
        return None
    language, probability, _ = model.detect_language(
        audio, vad_filter=True, language_detection_segments=LANGUAGE_CHUNKS
    )
    return str(language), float(probability)


def recognize_samples(
    model: Any,
    audio: Any,
    language: str | None,
    batch_size: int,
    beam_size: int,
    progress: Callable[[float], None],
    hotwords: str | None = None,
) -> Recognition:
    """The words that `model` recognizes in `audio`, one channel of 16 kHz samples. `hotwords`:
    spellings to expect."""
    from faster_whisper import BatchedInferencePipeline

    segments, info = BatchedInferencePipeline(model).transcribe(
        audio,
        language=language,
        beam_size=beam_size,
        batch_size=batch_size,
        word_timestamps=True,
        hotwords=hotwords,
        language_detection_segments=LANGUAGE_CHUNKS,
    )
    words: list[Word] = []
    for segment in segments:
        pairs = [(word.word, _word(word, segment)) for word in segment.words or ()]
        words += join_pieces(pairs) if is_spaced(info.language) else keep_spaces(pairs)
        progress(min(segment.end / max(info.duration, 0.001), 1.0))
    return Recognition(info.language, float(info.language_probability), words)


def _shifted(word: Word, seconds: float) -> Word:
    return word.model_copy(update={"start": word.start + seconds, "end": word.end + seconds})


def _word(raw: Any, segment: Any) -> Word:
    return Word(
        word=raw.word.strip(),
        start=raw.start,
        end=max(raw.end, raw.start),
        score=raw.probability if math.isfinite(raw.probability) else None,
        no_speech=getattr(segment, "no_speech_prob", None),
    )
