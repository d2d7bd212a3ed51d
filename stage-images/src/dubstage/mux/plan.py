"""The plan of the voice track: each clip with its slot, and how it is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.spans import Span
from dubstage.text.transcript import Clip
from dubstage.timing.fit import Fit, fit
from dubstage.timing.slot import Slot, TimedSegment, slots


@dataclass(frozen=True)
class PlannedClip:
    """A clip, and how it is fitted into its slot."""

    clip: Clip
    fit: Fit

    @property
    def segment(self) -> TimedSegment:
        """The original segment."""
        return _segment(self.clip)

    @property
    def has_clip(self) -> bool:
        """False if there was nothing to synthesize: the original plays there."""
        return bool(self.clip.audio_file)

    @property
    def has_room(self) -> bool:
        """False if its slot has no frame: it starts at or after the end of the source, or
        together with the next segment of the same speaker."""
        return int(self.fit.slot.length * SAMPLE_RATE) > 0

    @property
    def start(self) -> int:
        """Frame of its first sample: the onset of the original."""
        return round(self.clip.start * SAMPLE_RATE)

    @property
    def span(self) -> Span:
        """Where it is audible."""
        return Span(self.start, self.start + round(self.fit.length * SAMPLE_RATE))


def plan(clips: Sequence[Clip], source_end: float) -> list[PlannedClip]:
    """The plan for `clips`, in the order of their start. `source_end`: in seconds."""
    ordered = sorted(clips, key=lambda clip: (clip.start, clip.segment_id))
    segments = [_segment(clip) for clip in ordered]
    inside = [segment for segment in segments if segment.start < source_end]
    late = [Slot(segment.end - segment.start, 0.0, 0.0) for segment in segments[len(inside) :]]
    return [
        PlannedClip(clip, fit(clip.duration, clip.spoken_speed, slot))
        for clip, slot in zip(ordered, [*slots(inside, source_end), *late], strict=True)
    ]


def _segment(clip: Clip) -> TimedSegment:
    return TimedSegment(clip.segment_id, clip.speaker, clip.start, clip.end)
