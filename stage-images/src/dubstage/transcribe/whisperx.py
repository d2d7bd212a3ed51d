"""WhisperX 3.8: Whisper in batches, word times by forced alignment, speakers by pyannote.

All weights come from folders of the models volume, and the libraries are offline. The
exception is the diarizer: without its folder, and with a token, it is downloaded at run time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice, SpeakerRange
from dubstage.engines.parameters import whole
from dubstage.engines.repositories import ALIGNER_ENGINE, DIARIZER
from dubstage.logs import step
from dubstage.media.windows import RECOGNIZER_SAMPLE_RATE, recognizer_samples
from dubstage.models import model_folder
from dubstage.models.pull import hugging_face_token
from dubstage.models.volume import find_model
from dubstage.run.ctranslate2_model import Models, device_of, memory_steps
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.text.languages import is_spaced
from dubstage.text.transcript import Word
from dubstage.transcribe.diarization import Diarizer, Progress, devices, in_percent, unusable
from dubstage.transcribe.engine import Recognition
from dubstage.transcribe.faster_whisper import (
    BEAM_SIZE,
    detect_language,
    language_doubt,
    recognize_samples,
)
from dubstage.transcribe.hotwords import NO_HOTWORDS, Hotwords, hotwords
from dubstage.transcribe.language_by_words import (
    EXCERPT_SECONDS,
    corrected_language,
    other_language,
)
from dubstage.transcribe.turns import whole_sentences
from dubstage.transcribe.word_times import fill_times, words_of
from dubstage.workspace.layout import Roots
from dubstage.workspace.work import Work

BATCH_SIZE = 16
"""Chunks of speech, up to 30 s each, that are recognized at the same time."""
ENGLISH = "en"
"""The language of the models that have only one."""
PUNKT_FILES = ("abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt")

RawSegment = dict[str, Any]
"""A segment of whisperx: ``start``, ``end`` (seconds), ``text`` and ``words``."""


def load(work: Work) -> WhisperX:
    """The profile's model, loaded from the models volume."""
    return WhisperX(
        work.tree.roots,
        work.request.engine,
        hugging_face_token(),
        work.scratch,
        hotwords(work.request.glossary),
    )


class WhisperX:
    """A Whisper model, an aligner per language, and a diarizer."""

    def __init__(
        self,
        roots: Roots,
        choice: EngineChoice,
        token: str | None,
        scratch: Path,
        expected: Hotwords = NO_HOTWORDS,
    ) -> None:
        """Load the Whisper model.

        `choice.parameters`: ``device`` (cuda if there is a GPU), ``compute_type`` (float16
        on a GPU, else int8), ``batch_size`` (16), ``beam_size`` (5), ``diarize`` (true).
        `token`: of Hugging Face, for the diarizer. `scratch`: a folder for the libraries'
        files. `expected`: spellings for the recognizer.

        Raises :class:`Misconfigured` if a model is missing or cannot be loaded.
        """
        parameters = choice.parameters
        folder = model_folder(roots, choice)
        is_local = find_model(roots, DIARIZER) is not None or not token
        self._roots = roots
        self._expected = expected
        self._whisperx = _import(scratch, is_offline=is_local)
        self._device = device_of(choice)
        self._diarizer = Diarizer(self._whisperx, roots, choice, token, self._device)
        self._beam_size = whole(choice, "beam_size", BEAM_SIZE, 1, 100)

        def load(compute_type: str) -> Any:
            return self._whisperx.load_model(
                str(folder),
                self._device,
                compute_type=compute_type,
                asr_options={"beam_size": self._beam_size, "hotwords": expected.text},
                local_files_only=True,
            )

        is_gpu = self._device.startswith("cuda")
        compute_type = str(parameters.get("compute_type", "float16" if is_gpu else "int8"))
        batch_size = whole(choice, "batch_size", BATCH_SIZE, 1, 4096)
        self._models = Models(choice, load)
        self._fallback = MemoryFallback(memory_steps(batch_size, compute_type), "recognition")
        self._fallback.run(lambda step: self._models.load(step[1]))

    def recognize(
        self,
        speech: Path,
        language: str | None,
        speakers: SpeakerRange | None,
        progress: Progress,
    ) -> Recognition:
        """Words with the times of an aligner, each with its speaker."""
        audio = recognizer_samples(speech)
        probability = 1.0
        notes = list(self._expected.notes)
        if language is None:
            language, probability = self._detect_language(audio)
        else:
            notes = self._doubts(audio, language) + notes
        if find_model(self._roots, f"{ALIGNER_ENGINE}/{language}"):
            segments = self._transcribe(audio, language, _part(progress, 0.0, 0.4))
            # The GPU must have room for the next model.
            self._models.free()
            segments = self._align(segments, language, audio, _part(progress, 0.4, 0.8))
        else:
            notes.append(f"{language} has no aligner: its words have Whisper's own times")
            segments = self._transcribe_words(audio, language, _part(progress, 0.0, 0.8))
            self._models.free()
        spaced = is_spaced(language)
        segments = [{**segment, "words": fill_times(segment, spaced)} for segment in segments]
        notes += self._diarizer.name_speakers(
            segments, audio, speakers, in_percent(_part(progress, 0.8, 1.0))
        )
        words = words_of((word for segment in segments for word in segment["words"]), spaced)
        return Recognition(language, probability, whole_sentences(words), tuple(notes))

    @step("detect language")
    def _detect_language(self, audio: Any) -> tuple[str, float]:
        """The language, and its probability. whisperx' own detection uses only the first 30 s,
        whether they hold speech or not."""

        detected = self._detected(audio)
        if detected is None:
            return ENGLISH, 1.0
        language, probability = detected
        excerpt = audio[: round(EXCERPT_SECONDS * RECOGNIZER_SAMPLE_RATE)]

        def recognize(samples: Any, language: str) -> list[Word]:
            return self._words(samples, language, lambda _: None)

        spoken = corrected_language(recognize(excerpt, language), language, excerpt, recognize)
        return spoken or (language, probability)

    def _detected(self, audio: Any) -> tuple[str, float] | None:
        """As :func:`detect_language`, by the loaded model."""
        return self._fallback.run(
            lambda step: detect_language(self._models.load(step[1]).model, audio)
        )

    @step("detect language")
    def _doubts(self, audio: Any, given: str) -> list[str]:
        """A remark if the speech is most likely not in the language that the user has given."""
        detected = self._detected(audio)
        if detected is None or detected[0] == given:
            return []
        excerpt = audio[: round(EXCERPT_SECONDS * RECOGNIZER_SAMPLE_RATE)]

        def recognize(samples: Any, language: str) -> list[Word]:
            return self._words(samples, language, lambda _: None)

        words = recognize(excerpt, given)
        spoken = other_language(words, given, detected, excerpt, recognize)
        return [language_doubt(spoken, given)] if spoken else []

    @step("recognize")
    def _transcribe(self, audio: Any, language: str, progress: Progress) -> list[RawSegment]:
        """Segments with their text; without words."""

        def attempt(step: tuple[int, str]) -> list[RawSegment]:
            batch_size, compute_type = step
            result = self._models.load(compute_type).transcribe(
                audio,
                batch_size=batch_size,
                language=language,
                progress_callback=in_percent(progress),
            )
            segments: list[RawSegment] = result["segments"]
            return segments

        return self._fallback.run(attempt)

    @step("recognize")
    def _transcribe_words(self, audio: Any, language: str, progress: Progress) -> list[RawSegment]:
        """Words with Whisper's own times, all in one segment."""

        words = self._words(audio, language, progress)
        if not words:
            return []
        raw = [word.model_dump(exclude={"speaker"}) for word in words]
        return [{"start": words[0].start, "end": words[-1].end, "words": raw}]

    def _words(self, audio: Any, language: str, progress: Progress) -> list[Word]:
        def attempt(step: tuple[int, str]) -> Recognition:
            batch_size, compute_type = step
            model = self._models.load(compute_type).model
            return recognize_samples(
                model,
                audio,
                language,
                batch_size,
                self._beam_size,
                progress,
                hotwords=self._expected.text,
            )

        return self._fallback.run(attempt).words

    @step("align")
    def _align(
        self, segments: list[RawSegment], language: str, audio: Any, progress: Progress
    ) -> list[RawSegment]:
        """The segments, divided further, with words; some words may have no times."""
        if not segments:
            return []
        choice = EngineChoice(engine=ALIGNER_ENGINE, model=language)
        folder = model_folder(self._roots, choice)

        def attempt(device: str) -> list[RawSegment]:
            try:
                model, metadata = self._whisperx.load_align_model(
                    language, device, model_name=str(folder), model_cache_only=True
                )
            except (ValueError, OSError) as error:
                raise unusable(f"{ALIGNER_ENGINE}/{language}", error) from error
            aligned = self._whisperx.align(
                segments, model, metadata, audio, device, progress_callback=in_percent(progress)
            )
            result: list[RawSegment] = aligned["segments"]
            return result

        return MemoryFallback(devices(self._device), "alignment").run(attempt)


def _import(scratch: Path, is_offline: bool) -> Any:
    """Import the library, which reads the environment when it is imported."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ["TORCH_HOME"] = str(scratch / "torch")
    if is_offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    import whisperx
    import whisperx.diarize
    from nltk import data
    from whisperx.utils import PUNKT_LANGUAGES

    # whisperx splits sentences with NLTK, which would download its data. The result is not
    # used: segments are made of all words together. So an untrained splitter is enough.
    for language in {*PUNKT_LANGUAGES.values(), "english"}:
        folder = scratch / "nltk/tokenizers/punkt_tab" / language
        folder.mkdir(parents=True, exist_ok=True)
        for name in PUNKT_FILES:
            (folder / name).touch()
    data.path.insert(0, str(scratch / "nltk"))
    return whisperx


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Progress of a part of the work that goes from `start` to `end` of the whole."""
    return lambda share: progress(start + (end - start) * share)
