"""The measures and the files of a dub, as the DubJob's status shows them."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.alias_generators import to_camel


class _Shown(BaseModel):
    """A part of a result that also stands in the DubJob's status, there in camelCase; a
    field's docstring becomes its description. Unknown fields are ignored, as in the other
    messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int32"})]
Milliseconds = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
Measure = Annotated[int, Field(json_schema_extra={"format": "int32"})]
INT32 = 2**31


class DubSummary(_Shown):
    """The most important measures of a dub: integers, with the unit at the end of the name."""

    duration_milliseconds: Milliseconds | None = None
    """Duration of the source in milliseconds."""
    speakers: Count | None = None
    """Number of speakers."""
    segments: Count | None = None
    """Number of segments in the transcript."""
    spoken_segments: Count | None = None
    """Number of segments that are audible in the dub."""
    untranslated_segments: Count | None = None
    """Number of segments without a translation; they keep the original voice."""
    trimmed_segments: Count | None = None
    """Number of segments whose end was cut off because they were too long for their slot."""
    max_speed_percent: Count | None = None
    """Tempo of the fastest segment in percent of the voice's natural tempo."""
    loudness_centi_lufs: Measure | None = None
    """Integrated loudness of the dub in hundredths of LUFS (EBU R128)."""
    source_loudness_centi_lufs: Measure | None = None
    """Integrated loudness of the source in hundredths of LUFS (EBU R128)."""
    true_peak_centi_dbtp: Measure | None = None
    """True peak of the dub in hundredths of dBTP."""
    word_error_rate_percent: Count | None = None
    """Word error rate of the dub in percent, as the profile's check model recognizes it."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _usable(cls, value: object, validate: ValidatorFunctionWrapHandler) -> object:
        """Leave out a value that cannot be used: the rest of the result counts."""
        try:
            found = validate(value)
        except ValidationError:
            return None
        return None if isinstance(found, int) and abs(found) >= INT32 else found


class StageSummary(DubSummary):
    """The measures of one stage: integers, with the unit at the end of the name.
    What an earlier stage has measured is not repeated."""

    audio_tracks: Count | None = None
    """Number of audio tracks in the source."""
    words: Count | None = None
    """Number of words in the transcript."""
    doubtful_segments: Count | None = None
    """Number of segments in the transcript whose words the recognizer may have invented."""
    left_out_segments: Count | None = None
    """Number of segments that were left out, because the recognizer most likely invented their
    words."""
    glossary_missed_segments: Count | None = None
    """Number of segments whose translation lacks a term of the glossary."""
    reused_translations: Count | None = None
    """Number of segments that an earlier run had translated."""
    speech_milliseconds: Milliseconds | None = None
    """Duration of all clips together in milliseconds."""
    reused_clips: Count | None = None
    """Number of clips that an earlier run had synthesized."""
    silent_segments: Count | None = None
    """Number of segments without a clip."""
    too_long_clips: Count | None = None
    """Number of clips that are far longer than expected; words may be repeated in them."""
    too_short_clips: Count | None = None
    """Number of clips that are far shorter than expected; words may be missing in them."""
    oversize_segments: Count | None = None
    """Number of segments that would have to be spoken at more than 130 percent of the natural tempo
    to fit their slot."""
    shortened_segments: Count | None = None
    """Number of segments whose translation was shortened after synthesis."""
    clipped_clips: Count | None = None
    """Number of clips that are at full scale for too long."""
    misspoken_clips: Count | None = None
    """Number of clips in which a recognizer hears missing, added or other words. Not set if the
    speech was not checked."""
    repeated_takes: Count | None = None
    """Number of additional takes, made because an earlier take of the segment failed a check."""
    letter_error_rate_percent: Count | None = None
    """Mean character error rate of the clips, as a recognizer measures it, in percent."""
    speech_quality_centi_mos: Count | None = None
    """Quality of the clips as listeners would rate it, estimated by DNSMOS (P.835, overall), in
    hundredths from 100 (bad) to 500 (excellent). Not set if it was not estimated."""
    other_voice_clips: Count | None = None
    """Number of clips that do not sound like the recording of their voice. Not set if no voice is
    cloned, or the voices were not compared."""
    voice_similarity_percent: Count | None = None
    """Median similarity of the clips with the recordings of their voices, in percent."""
    adherent_segments_percent: Count | None = None
    """Share of the spoken segments that fit their slot within -10 and +20 percent before any
    time-stretch, in percent."""
    fast_segments_percent: Count | None = None
    """Share of the spoken segments above 120 percent of the natural tempo, in percent."""
    onset_error_p95_milliseconds: Count | None = None
    """Onset error that 95 percent of the spoken segments do not exceed, in milliseconds."""
    max_level_error_centi_lu: Count | None = None
    """Largest difference in loudness between a segment's dub and what was planned for it, in
    hundredths of LU."""
    background_change_centi_db: Measure | None = None
    """Difference in level between dub and source outside speech, without the gain of the whole
    mix, in hundredths of dB."""
    peak_limited: bool | None = None
    """Whether the dub is quieter than its target because of the limit on its true peak."""

    @property
    def essential(self) -> StageSummary:
        """The measures that a summary of the whole dub also has."""
        return StageSummary.model_validate(self.model_dump(include={*DubSummary.model_fields}))


def scaled(value: float, factor: int) -> int | None:
    """`value` times `factor` as an integer, for a summary; None where it is not finite."""
    return round(value * factor) if math.isfinite(value) else None


class Output(_Shown):
    """One file of the finished dub."""

    name: str
    """Name of the file's role: video, audio, surround-audio, subtitles, report, report-page,
    translation, source-subtitles, transcript, voice-stem or background-stem."""
    path: str
    """Path of the file relative to the outputs folder."""
    size_bytes: Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
    """Size of the file in bytes."""
    sha256: str
    """SHA-256 of the file's content, in hexadecimal."""
    media_type: str
    """Media type of the file, for example video/mp4."""
