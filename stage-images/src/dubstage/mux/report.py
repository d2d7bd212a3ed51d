"""``report.json``: how each segment was dubbed, and which engines made the dub."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, field_serializer

from dubstage.contract import Stage, StageRequest
from dubstage.engines import engine_version
from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.dialogue import Level
from dubstage.mux.ducking import Duck
from dubstage.mux.loudness import SILENCE
from dubstage.mux.measured import DubbedSpeech
from dubstage.mux.plan import PlannedClip
from dubstage.text.transcript import ClipFlag, TranslatedSegment
from dubstage.timing.budget import duration_ratio
from dubstage.timing.prediction import Verdict, verdict
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import read_manifest

NO_ROOM = "no-room"
"""Not in the dub: the segment starts at or after the end of the source, or together with
the next segment of the same speaker."""


class SegmentReport(BaseModel):
    """How one segment was dubbed; times in seconds from the start of the source."""

    segment_id: str
    speaker: str
    text: str
    translation: str
    start: float
    """Onset of the original segment."""
    end: float
    """Offset of the original segment."""
    dub_start: float
    """Onset of the dub, as measured on its audio."""
    dub_end: float
    """Offset of the dub, as measured on its audio."""
    lead: float
    """Seconds by which it starts before the original, because it would be too fast otherwise."""
    onset_error: float
    """`dub_start` minus `start`: minus `lead`, if all is well."""
    offset_error: float
    """`dub_end` minus `end`."""
    fill: float
    """Length of the dub as a share of the original segment's."""
    slot: float
    """Seconds that were available, including the pause after the segment."""
    predicted: float
    """Predicted length in seconds."""
    verdict: Verdict
    """Whether that was expected to fit."""
    natural: float
    """Length in seconds at the voice's natural tempo."""
    duration_ratio: float
    """`natural` and `pauses` relative to the slot: 1.0 from the length of the original segment to
    the end of the pause that may be used."""
    pauses: float
    """Seconds of silence that were inserted where the original pauses."""
    pause_used: float
    """Seconds of the pause after the segment in which the dub is audible."""
    engine_speed: float
    """Speed at which the engine spoke, 1.0 for its natural tempo."""
    stretch: float
    """Tempo of the time-stretch that followed."""
    speed: float
    """Both together."""
    overflow: float
    """Seconds that were trimmed."""
    loudness: float | None
    """LUFS in the mix, before the gain of the whole mix; None if it is not in the dub."""
    level_change: float
    """LU by which it was planned louder than the original segment, because that one is softer or
    louder than most of the dialogue."""
    level_error: float | None
    """LU by which it is louder than planned; None if the original is silent, or if another segment
    is heard all the time."""
    duck_db: float
    """Decibels by which the background is lowered under it."""
    speech_to_background: float | None
    """LU by which it is louder than the lowered background; None if one of them is silent."""
    voice_sample: str | None
    letter_error_rate: float | None
    """Share of wrong letters in the clip, as a recognizer hears it; None if it was not checked."""
    voice_similarity: float | None
    """How much the clip sounds like the recording of its voice, at most 1; None if it was not
    compared with one."""
    takes: int
    """Number of takes that were made."""
    flags: list[str]

    @field_serializer(
        *("start", "end", "dub_start", "dub_end", "lead", "onset_error", "offset_error"),
        *("fill", "slot"),
        *(
            "predicted",
            "natural",
            "duration_ratio",
            "pauses",
            "pause_used",
            "engine_speed",
            "stretch",
            "speed",
            "overflow",
        ),
        *("loudness", "level_change", "level_error", "duck_db", "speech_to_background"),
    )
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    @property
    def is_spoken(self) -> bool:
        """Whether it is audible in the dub; if not, `flags` say why."""
        return self.loudness is not None


def report_segment(
    planned: PlannedClip,
    sentence: TranslatedSegment,
    level: Level,
    dub: DubbedSpeech | None = None,
    duck: Duck | None = None,
) -> SegmentReport:
    """Report how `planned` was dubbed; `dub` and `duck` are None if it is not in the dub."""
    clip, fit = planned.clip, planned.fit
    start = planned.start / SAMPLE_RATE
    onset, offset = (dub.onset, dub.offset) if dub else (start, start)
    original_length = max(clip.end - clip.start, 0.001)
    return SegmentReport(
        segment_id=clip.segment_id,
        speaker=clip.speaker,
        text=sentence.text,
        translation=sentence.translation,
        start=clip.start,
        end=clip.end,
        dub_start=onset,
        dub_end=offset,
        lead=planned.lead if dub else 0.0,
        onset_error=onset - clip.start,
        offset_error=offset - clip.end if dub else 0.0,
        fill=(offset - onset) / original_length,
        slot=fit.slot.length,
        predicted=clip.predicted,
        verdict=verdict(clip.predicted or fit.natural, fit.slot),
        natural=fit.natural,
        duration_ratio=duration_ratio(fit.natural + fit.paused, fit.slot),
        pauses=fit.paused,
        pause_used=fit.pause_used,
        engine_speed=fit.engine_speed,
        stretch=fit.stretch,
        speed=fit.speed if dub else 1.0,
        overflow=fit.overflow if dub else 0.0,
        loudness=dub.loudness if dub else None,
        level_change=level.change if dub else 0.0,
        level_error=_level_error(level, dub),
        duck_db=duck.decibels if duck else 0.0,
        speech_to_background=duck.speech_to_background if duck else None,
        voice_sample=clip.voice_sample,
        letter_error_rate=clip.error_rate,
        voice_similarity=clip.similarity,
        takes=clip.takes,
        flags=_flags(planned, dub is not None),
    )


def _flags(planned: PlannedClip, is_spoken: bool) -> list[str]:
    """What a reviewer should check, and why a segment is not in the dub."""
    clip_flags = [str(planned.clip.flag)] if planned.clip.flag else []
    if is_spoken:
        return [*map(str, planned.fit.flags), *clip_flags]
    if planned.has_clip and not planned.has_room:
        return [NO_ROOM, *clip_flags]
    return clip_flags or ([str(ClipFlag.NO_SOUND)] if planned.has_clip else [])


def _level_error(level: Level, dub: DubbedSpeech | None) -> float | None:
    if dub is None or level.original <= SILENCE:
        return None
    if dub.loudness <= SILENCE and not dub.is_alone:
        return None
    return dub.loudness - level.planned


def report_speakers(segments: Sequence[SegmentReport]) -> list[dict[str, object]]:
    """Each speaker with the number of segments and the voice samples."""
    return [
        {
            "speaker": speaker,
            "segments": sum(segment.speaker == speaker for segment in segments),
            "voice_samples": sorted(
                {x.voice_sample for x in segments if x.speaker == speaker and x.voice_sample}
            ),
        }
        for speaker in sorted({segment.speaker for segment in segments})
    ]


def report_stages(
    tree: Tree, request: StageRequest, duration: float, mux_seconds: float
) -> list[dict[str, object]]:
    """Each stage with its engine, model and time, from its manifest. The manifest of mux is
    not written yet; it has run for `mux_seconds`. `duration`: seconds of the source."""
    entries = []
    for stage in Stage:
        engine: dict[str, str | float | None]
        if stage is Stage.MUX:
            choice = request.engines[stage]
            seconds = mux_seconds
            engine = {
                "engine": choice.engine,
                "engine_version": engine_version(choice.engine),
                "model": choice.model,
            }
        elif manifest := read_manifest(tree, stage):
            seconds = manifest.seconds
            engine = {
                "engine": manifest.engine,
                "engine_version": manifest.engine_version,
                "model": manifest.model,
                "model_revision": manifest.model_revision,
            }
            rating = manifest.summary.speech_quality_centi_mos
            if rating is not None:
                engine["speech_quality_mos"] = rating / 100
        else:
            continue
        known = {name: value for name, value in engine.items() if value is not None}
        entries.append({"stage": str(stage), **known, **_time(seconds, duration)})
    return entries


def _time(seconds: float, duration: float) -> dict[str, object]:
    """Seconds, and seconds for each second of the source."""
    entry: dict[str, object] = {"seconds": round(seconds, 3)}
    if duration > 0:
        entry["real_time_factor"] = round(seconds / duration, 4)
    return entry
