"""What the transcribe stage writes, from the words of an engine or of a user's file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from dubstage.text.languages import is_spaced
from dubstage.text.transcript import AlignedSegments, Segment, write_list
from dubstage.transcribe.segments import Group, segments_of
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work


def write_transcript(
    work: Work,
    groups: Sequence[Group],
    language: str,
    probability: float = 1.0,
    doubtful: Collection[int] = (),
) -> list[Segment]:
    """Write the words, the segments, and the segments' copy among the outputs; return the
    segments. `groups`: the words of each segment, in the order of their start; `doubtful`: the
    positions of those that the recognizer may have invented."""
    segments = [
        segment.model_copy(update={"is_doubtful": number in doubtful})
        for number, segment in enumerate(segments_of(groups, " " if is_spaced(language) else ""))
    ]
    aligned = AlignedSegments(
        language=language,
        language_probability=round(probability, 3),
        word_segments=sorted(
            (word for group in groups for word in group), key=lambda word: word.start
        ),
    )
    work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(
        json.dumps(aligned.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"
    )
    write_list(work.staging(Artifact.TRANSCRIPT, None), segments)
    write_list(work.staging(Artifact.SRC_TRANSCRIPT, None), segments)
    return segments
