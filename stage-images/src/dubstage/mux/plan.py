"""The plan of the voice track: each clip with its slot, and how it is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dubstage.media.audio import SAMPLE_RATE
from dubstage.mux.spans import Span
from dubstage.text.transcript import Clip
from dubstage.timing.fit import MIN_SPEED, Fit, fit
from dubstage.timing.pace import lead, smooth
from dubstage.timing.phrases import Phrase
from dubstage.timing.slot import GAP_SECONDS, Slot, TimedSegment, slots


@dataclass(frozen=True)
class PlannedClip:
    """A clip, and how it is fitted into its slot."""

    clip: Clip
    fit: Fit
    lead: float = 0.0
    """Seconds by which it starts before the original."""

    @property
    def segment(self) -> TimedSegment:
        """The original segment."""
        return timed(self.clip)

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
    def is_dubbed(self) -> bool:
        """Whether it is placed on the voice track."""
        return self.has_clip and self.has_room

    @property
    def start(self) -> int:
        """Frame of its first sample: the onset of the original, or a little earlier."""
        return round((self.clip.start - self.lead) * SAMPLE_RATE)

    @property
    def span(self) -> Span:
        """Where it is audible."""
        return Span(self.start, self.start + round(self.fit.length * SAMPLE_RATE))


def plan(
    clips: Sequence[Clip],
    source_end: float,
    phrases: Mapping[str, Sequence[Phrase]] | None = None,
) -> list[PlannedClip]:
    """The plan for `clips`, in the order of their start.

    `source_end`: in seconds. `phrases`: those of the segments whose original pauses.
    """
    ordered = in_order(clips)
    segments = [timed(clip) for clip in ordered]
    inside = [segment for segment in segments if segment.start < source_end]
    late = [Slot(segment.end - segment.start, 0.0, 0.0) for segment in segments[len(inside) :]]
    drafts = [
        _Draft(clip, slot, tuple((phrases or {}).get(clip.segment_id, ())))
        for clip, slot in zip(ordered, [*slots(inside, source_end), *late], strict=True)
    ]
    return _smoothed(_starting_early(drafts))


def in_order(clips: Sequence[Clip]) -> list[Clip]:
    """`clips` in the order of their start."""
    return sorted(clips, key=lambda clip: (clip.start, clip.segment_id))


def timed(clip: Clip) -> TimedSegment:
    """The original segment of `clip`."""
    return TimedSegment(clip.segment_id, clip.speaker, clip.start, clip.end)


@dataclass(frozen=True)
class _Draft:
    """A clip before the segments around it are considered."""

    clip: Clip
    slot: Slot
    phrases: tuple[Phrase, ...]
    lead: float = 0.0

    @property
    def is_spoken(self) -> bool:
        return bool(self.clip.audio_file) and self.slot.length > 0

    def fit(self, lowest: float = MIN_SPEED) -> Fit:
        clip = self.clip
        return fit(clip.duration, clip.spoken_speed, self.slot, self.phrases, lowest)

    def starting_early(self, seconds: float) -> _Draft:
        later = (replace(one, onset=one.onset + seconds) for one in self.phrases)
        return replace(
            self, slot=self.slot.starting_early(seconds), phrases=tuple(later), lead=seconds
        )


def _starting_early(drafts: Sequence[_Draft]) -> list[_Draft]:
    """Segments that would be noticeably fast start a little early, if it is silent then."""
    result: list[_Draft] = []
    silent_since = -GAP_SECONDS
    for draft in drafts:
        clip, planned = draft.clip, draft.fit()
        if draft.is_spoken and (seconds := lead(clip.start, planned, silent_since)):
            draft = draft.starting_early(seconds)
            planned = draft.fit()
        result.append(draft)
        end = clip.start - draft.lead + planned.length if draft.is_spoken else clip.end
        silent_since = max(silent_since, end)
    return result


def _smoothed(drafts: Sequence[_Draft]) -> list[PlannedClip]:
    """The clips, each at least as fast as the segments around it require."""
    spoken = [draft for draft in drafts if draft.is_spoken]
    lowest = smooth([timed(draft.clip) for draft in spoken], [one.fit().speed for one in spoken])
    speed_of = {draft.clip.segment_id: speed for draft, speed in zip(spoken, lowest, strict=True)}
    return [
        PlannedClip(
            draft.clip, draft.fit(speed_of.get(draft.clip.segment_id, MIN_SPEED)), draft.lead
        )
        for draft in drafts
    ]
