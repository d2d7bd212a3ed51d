"""What is laid where: clips with their slots, and where speech is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.spans import Span
from dubstage.text.transcript import Clip
from dubstage.timing.fit import Fit, fit
from dubstage.timing.slot import Line, Slot, slots


@dataclass(frozen=True)
class PlannedClip:
    """A clip and how it is put into its slot."""

    clip: Clip
    fit: Fit

    @property
    def line(self) -> Line:
        """The original line."""
        clip = self.clip
        return Line(clip.segment_id, clip.speaker, clip.start, clip.end)

    @property
    def is_spoken(self) -> bool:
        """False where there was nothing to say: the original is heard there."""
        return bool(self.clip.audio_file)

    @property
    def has_room(self) -> bool:
        """False where no sample is left for it: it begins at the programme's end or later,
        or with the same speaker's next line."""
        return int(self.fit.slot.length * SAMPLE_RATE) > 0

    @property
    def start(self) -> int:
        """Frame of its first sample: the original's onset."""
        return round(self.clip.start * SAMPLE_RATE)

    @property
    def span(self) -> Span:
        """Where it is heard."""
        return Span(self.start, self.start + round(self.fit.length * SAMPLE_RATE))


def plan(clips: Sequence[Clip], programme_end: float) -> list[PlannedClip]:
    """How every clip is put into its slot, in the order of their start."""
    ordered = sorted(clips, key=lambda clip: (clip.start, clip.segment_id))
    lines = [Line(clip.segment_id, clip.speaker, clip.start, clip.end) for clip in ordered]
    within = [line for line in lines if line.start < programme_end]
    late = [Slot(line.end - line.start, 0.0, 0.0) for line in lines[len(within) :]]
    return [
        PlannedClip(clip, fit(clip.duration, clip.spoken_speed, slot))
        for clip, slot in zip(ordered, [*slots(within, programme_end), *late], strict=True)
    ]
