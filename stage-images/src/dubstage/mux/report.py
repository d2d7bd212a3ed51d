"""``report.json``: what a person should know about a dub, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, field_serializer

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.loudness import SILENCE
from dubstage.mux.original import OriginalLine
from dubstage.mux.plan import PlannedClip
from dubstage.mux.render import Rendered
from dubstage.text.transcript import ClipFlag, TranslatedSentence
from dubstage.timing.prediction import Verdict, verdict

NO_ROOM = "no-room"
"""Not heard: it begins at the programme's end or later, or with the same speaker's next line."""


class ReportLine(BaseModel):
    """How one line came out; times in seconds on the programme's time line."""

    segment_id: str
    speaker: str
    text: str
    translation: str
    start: float
    """Where the original line starts."""
    end: float
    dub_start: float
    """Where the dub is first heard."""
    dub_end: float
    onset_error: float
    """`dub_start` less `start`."""
    offset_error: float
    """`dub_end` less `end`."""
    fill: float
    """Share of the original line's time that the dub is heard."""
    slot: float
    """The time that there was, the pause after the line included."""
    predicted: float
    """Seconds that were expected before it was spoken."""
    verdict: Verdict
    """What was expected of it."""
    natural: float
    """Seconds at the voice's own pace."""
    pause_used: float
    """Seconds of the pause after the original line that are spoken in."""
    engine_speed: float
    """How much faster than its own pace the engine spoke."""
    stretch: float
    """Tempo that was applied to that."""
    speed: float
    """Both together."""
    overflow: float
    """Seconds that were trimmed off."""
    loudness: float | None
    """LUFS in the mix, before the gain of the whole; None where it is not spoken."""
    level_error: float | None
    """LU by which it is louder than the original line was."""
    voice_sample: str | None
    flags: list[str]

    @field_serializer(
        *("start", "end", "dub_start", "dub_end", "onset_error", "offset_error", "fill", "slot"),
        *("predicted", "natural", "pause_used", "engine_speed", "stretch", "speed", "overflow"),
        *("loudness", "level_error"),
    )
    def _round(self, value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    @property
    def is_spoken(self) -> bool:
        """False where nothing of it is heard: `flags` say why."""
        return self.loudness is not None


def report_line(
    item: PlannedClip,
    sentence: TranslatedSentence,
    original: OriginalLine,
    rendered: Rendered | None,
) -> ReportLine:
    """How `item` came out; `rendered` is None where it is not spoken."""
    clip, fit = item.clip, item.fit
    begin = item.start / SAMPLE_RATE
    first = begin + (rendered.onset if rendered else 0.0)
    last = begin + (len(rendered.samples) / SAMPLE_RATE if rendered else 0.0)
    length = max(clip.end - clip.start, 0.001)
    return ReportLine(
        segment_id=clip.segment_id,
        speaker=clip.speaker,
        text=sentence.text,
        translation=sentence.translation,
        start=clip.start,
        end=clip.end,
        dub_start=first,
        dub_end=last,
        onset_error=first - clip.start,
        offset_error=last - clip.end if rendered else 0.0,
        fill=(last - first) / length,
        slot=fit.slot.length,
        predicted=clip.predicted,
        verdict=verdict(clip.predicted or fit.natural, fit.slot),
        natural=fit.natural,
        pause_used=fit.pause_used,
        engine_speed=fit.engine_speed,
        stretch=fit.stretch,
        speed=fit.speed if rendered else 1.0,
        overflow=fit.overflow if rendered else 0.0,
        loudness=rendered.loudness if rendered else None,
        level_error=_level_error(original, rendered),
        voice_sample=clip.voice_sample,
        flags=_flags(item, rendered),
    )


def _flags(item: PlannedClip, rendered: Rendered | None) -> list[str]:
    """What a person should know about a line; why it is not heard, where it is not."""
    told = [str(item.clip.flag)] if item.clip.flag else []
    if rendered:
        return [*map(str, item.fit.flags), *told]
    if item.is_spoken and not item.has_room:
        return [NO_ROOM, *told]
    return told or ([str(ClipFlag.NO_SOUND)] if item.is_spoken else [])


def _level_error(original: OriginalLine, rendered: Rendered | None) -> float | None:
    if rendered is None or original.loudness <= SILENCE:
        return None
    return rendered.loudness - original.loudness


def voices(lines: Sequence[ReportLine]) -> list[dict[str, object]]:
    """Who speaks, how many lines, and whose voice it is."""
    return [
        {
            "speaker": speaker,
            "segments": sum(line.speaker == speaker for line in lines),
            "voice_samples": sorted(
                {x.voice_sample for x in lines if x.speaker == speaker and x.voice_sample}
            ),
        }
        for speaker in sorted({line.speaker for line in lines})
    ]
