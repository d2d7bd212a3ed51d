"""The phrases of a clip, measured: where the original pauses, and where the clip is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dubstage.media.audio import average
from dubstage.mux.original import OriginalSpeech
from dubstage.text.transcript import Clip
from dubstage.timing.onset import spoken_spans
from dubstage.timing.phrases import Phrase, Spoken, divide

MIN_SILENCE = 0.15
"""Seconds, at the voice's natural tempo. A shorter silence may be the closure of a consonant."""


def phrases_of(
    clips: Sequence[Clip], originals: Mapping[str, OriginalSpeech], folder: Path
) -> dict[str, tuple[Phrase, ...]]:
    """The phrases of those of `clips` whose original pauses, by segment; `folder` contains their
    files."""
    found = {}
    for clip in clips:
        spans = originals[clip.segment_id].phrases
        if clip.audio_file and len(spans) > 1:
            found[clip.segment_id] = divide(spans, _spoken(clip, folder / clip.audio_file))
    return found


def _spoken(clip: Clip, file: Path) -> list[Spoken]:
    import soundfile

    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    spans = spoken_spans(average(samples), rate, MIN_SILENCE / clip.spoken_speed)
    first = spans[0][0] if spans else 0.0
    return [Spoken(start - first, end - first) for start, end in spans]
