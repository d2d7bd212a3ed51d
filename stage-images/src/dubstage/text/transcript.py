"""Sentences and words, as they lie in the tree.

``transcript.json`` is a list of :class:`Segment`, ``translated.json`` of
:class:`TranslatedSegment`, ``segments.json`` of :class:`Clip`. Times are seconds
with three decimals. The keys are those that earlier tools of the field read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, field_serializer

from dubstage.errors import NoInput
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import PRODUCER
from dubstage.workspace.work import Work

DEFAULT_SPEAKER = "SPEAKER_00"
"""The speaker where nobody told them apart."""


class Word(BaseModel):
    """One word as it was heard."""

    model_config = ConfigDict(frozen=True)

    word: str
    """In a language without spaces between words, with the space that is written before it."""
    start: float
    end: float
    score: float | None = None
    """How sure the recognizer is, 0.0 to 1.0."""
    speaker: str = DEFAULT_SPEAKER

    @field_serializer("start", "end", "score")
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)


class AlignedSegments(BaseModel):
    """``aligned_segments.json``: words with their times, and the language."""

    language: str
    """BCP 47: as it was asked for, or as it was detected."""
    language_probability: float = 1.0
    word_segments: list[Word]


class Segment(BaseModel):
    """One line of the programme."""

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
    """Silence to the next line, 0.0 after the last."""
    gap_after_vad: float = 0.0
    word_ids: list[str] = []
    word_metadata_file: str = ""
    is_overlapping: bool = False
    asr_score: float | None = None

    @field_serializer("start", "end", "duration", "gap_after", "gap_after_vad", "asr_score")
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)


class TranslatedSegment(Segment):
    """A line with its translation."""

    translation: str
    untranslated: bool = False
    """True: the engine gave nothing, or the line as it was; it is not spoken."""


class ClipFlag(str, Enum):
    """What a person should know about a spoken line."""

    UNTRANSLATED = "untranslated"
    """Not spoken: there is no translation."""
    NOTHING_TO_SAY = "nothing-to-say"
    """Not spoken: the line has no letter and no digit."""
    NO_SOUND = "no-sound"
    """The engine made no sound for it, each time."""
    TOO_LONG = "too-long"
    """Far longer than expected, each time: words are perhaps repeated."""
    CLIPPED = "clipped"
    """At full scale for too long, each time."""

    def __str__(self) -> str:
        return self.value


class Clip(BaseModel):
    """One spoken line, and where it goes."""

    model_config = ConfigDict(frozen=True)

    segment_id: str
    speaker: str
    start: float
    end: float
    target_duration: float
    """Seconds that the original line takes."""
    audio_file: str
    """Name of the clip beside ``segments.json``; empty where there is nothing to say."""
    predicted: float = 0.0
    """Seconds that were expected before it was spoken; 0.0: nothing was."""
    duration: float = 0.0
    """Seconds of the clip."""
    spoken_speed: float = 1.0
    """How much faster than its own pace the engine spoke."""
    voice_sample: str | None = None
    """Where the recording comes from whose voice it is: a file of the tree, with
    ``#t=1.000,3.500`` (seconds) for parts of it. None: a voice of the engine's own."""
    prompt_text: str | None = None
    """What is said in that recording, where it is known."""
    tts_backend: str
    flag: ClipFlag | None = None

    @field_serializer("start", "end", "target_duration", "predicted", "duration", "spoken_speed")
    def _round(self, value: float) -> float:
        return round(value, 3)


Item = TypeVar("Item", bound=BaseModel)


def read_list(work: Work, artifact: Artifact, kind: type[Item]) -> list[Item]:
    """The items of a JSON list that an earlier stage wrote.

    Raises :class:`NoInput` where the file does not hold what it should: the stage
    that wrote it has to write it again.
    """
    (path,) = work.read(artifact)
    return _parse(work, artifact, path, TypeAdapter(list[kind]))  # type: ignore[valid-type]


def read_aligned(work: Work) -> AlignedSegments:
    """The words of the programme. Raises :class:`NoInput` as :func:`read_list`."""
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
