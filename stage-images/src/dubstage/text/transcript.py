"""Segments, words and clips, as the tree stores them.

``transcript.json`` is a list of :class:`Segment`, ``translated.json`` of
:class:`TranslatedSegment`, ``segments.json`` of :class:`Clip`. Times are seconds with three
decimals. The keys are those of earlier dubbing tools.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_serializer

from dubstage.errors import NoInput
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import PRODUCER
from dubstage.workspace.work import Work

DEFAULT_SPEAKER = "SPEAKER_00"
"""The speaker of everything that was not diarized."""


class Word(BaseModel):
    """One recognized word."""

    model_config = ConfigDict(frozen=True)

    word: str
    """In a language without spaces between words, with the space before it, if there is one."""
    start: float
    end: float
    score: float | None = None
    """Probability according to the recognizer, 0.0 to 1.0."""
    speaker: str = DEFAULT_SPEAKER
    no_speech: float | None = Field(default=None, exclude=True)
    """Probability that nobody speaks then, according to the recognizer; not stored."""

    @field_serializer("start", "end", "score")
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)


class AlignedSegments(BaseModel):
    """``aligned_segments.json``: words with their times, and the language."""

    language: str
    """BCP 47: as requested, or as detected."""
    language_probability: float = 1.0
    word_segments: list[Word]


class Segment(BaseModel):
    """One unit of the transcript: a sentence, or a part of it, of one speaker."""

    model_config = ConfigDict(frozen=True)

    segment_id: str
    """``segment_0000``, ``segment_0001``, … in the order of their start."""
    original_segment_id: int = 0
    speaker: str = DEFAULT_SPEAKER
    start: float
    end: float
    text: str
    duration: float
    gap_after: float = 0.0
    """Silence before the next segment, 0.0 after the last."""
    gap_after_vad: float = 0.0
    word_ids: list[str] = []
    word_metadata_file: str = ""
    is_overlapping: bool = False
    asr_score: float | None = None
    is_doubtful: bool = False
    """Whether the recognizer may have invented the words."""

    @field_serializer("start", "end", "duration", "gap_after", "gap_after_vad", "asr_score")
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)


class TranslatedSegment(Segment):
    """A segment with its translation."""

    translation: str
    untranslated: bool = False
    """Whether the engine returned nothing, or the text unchanged. Such a segment is not
    synthesized."""


class ClipFlag(str, Enum):
    """What a user should know about a clip."""

    UNTRANSLATED = "untranslated"
    """Not synthesized: there is no translation."""
    NOTHING_TO_SAY = "nothing-to-say"
    """Not synthesized: the translation has no letter and no digit."""
    NOT_SPEECH = "not-speech"
    """Not synthesized: a song, or the description of a sound, such as ``[laughter]``."""
    NO_SOUND = "no-sound"
    """The engine made no audio in any take."""
    TOO_LONG = "too-long"
    """Far longer than expected in each take: words may be repeated."""
    DOUBTFUL = "doubtful"
    """Synthesized, although the recognizer may have invented the words."""
    TOO_SHORT = "too-short"
    """Far shorter than expected in each take: words may be missing."""
    CLIPPED = "clipped"
    """Clipped in each take."""
    MISSPOKEN = "misspoken"
    """A recognizer hears missing, added or other words in each take."""
    OTHER_VOICE = "other-voice"
    """No take sounds like the recording of the voice."""

    def __str__(self) -> str:
        return self.value


class Clip(BaseModel):
    """The synthesized audio of a segment, and its place in the source."""

    model_config = ConfigDict(frozen=True)

    segment_id: str
    speaker: str
    start: float
    end: float
    target_duration: float
    """Duration of the original segment in seconds."""
    audio_file: str
    """File name of the clip in the folder of ``segments.json``; empty without audio."""
    predicted: float = 0.0
    """Expected duration in seconds; 0.0 without audio."""
    duration: float = 0.0
    """Duration of the clip in seconds."""
    spoken_speed: float = 1.0
    """Speed of the engine, relative to its natural pace."""
    voice_sample: str | None = None
    """The recording of the voice: a file of the tree, with ``#t=1.000,3.500`` (seconds) for
    parts of it. None for the engine's own voice."""
    prompt_text: str | None = None
    """The words of that recording, if known."""
    tts_backend: str
    error_rate: float | None = None
    """Share of wrong letters, as a recognizer hears the clip; None if it was not checked."""
    similarity: float | None = None
    """How much it sounds like the recording of its voice, at most 1; None if it was not compared
    with one."""
    takes: int = 1
    """Number of takes that were made for it."""
    flag: ClipFlag | None = None

    @field_serializer("start", "end", "target_duration", "predicted", "duration", "spoken_speed")
    def _round(self, value: float) -> float:
        return round(value, 3)


Item = TypeVar("Item", bound=BaseModel)


def read_list(work: Work, artifact: Artifact, kind: type[Item]) -> list[Item]:
    """The items of a JSON list that an earlier stage wrote.

    Raises :class:`NoInput` for malformed contents: the stage has to write the file again.
    """
    (path,) = work.read(artifact)
    return _parse(work, artifact, path, TypeAdapter(list[kind]))  # type: ignore[valid-type]


def read_aligned(work: Work) -> AlignedSegments:
    """The words of the source. Raises :class:`NoInput` like :func:`read_list`."""
    (path,) = work.read(Artifact.ALIGNED_SEGMENTS)
    return _parse(work, Artifact.ALIGNED_SEGMENTS, path, TypeAdapter(AlignedSegments))


def write_list(path: Path, items: Sequence[BaseModel]) -> None:
    """Write a JSON list."""
    rows = [item.model_dump(mode="json") for item in items]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


Parsed = TypeVar("Parsed")


def _parse(work: Work, artifact: Artifact, path: Path, kind: TypeAdapter[Parsed]) -> Parsed:
    try:
        return kind.validate_json(path.read_bytes())
    except ValueError as error:
        producer = PRODUCER[artifact]
        raise NoInput(
            f"{work.tree.relative(path)} does not hold what the {producer} stage writes; it has "
            "to write it again.",
            missing_from=producer,
        ) from error
