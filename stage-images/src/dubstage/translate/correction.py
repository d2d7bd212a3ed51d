"""The user's translation, which replaces the engine's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary
from dubstage.inputs import corrections
from dubstage.inputs.corrections import Entry
from dubstage.text.counting import counted
from dubstage.text.transcript import Segment, TranslatedSegment, read_list, write_list
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the user's translation of every segment.

    Raises :class:`BadInput` if an entry of the file belongs to no segment, or a segment has
    no entry.
    """
    request = work.request
    path = corrections.find(work.tree.roots, request, Stage.TRANSLATE)
    assert path is not None
    segments = read_list(work, Artifact.TRANSCRIPT, Segment)
    texts = _texts(work, path, segments)
    translated = [
        TranslatedSegment(**segment.model_dump(), translation=texts[segment.segment_id])
        for segment in segments
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    return Outcome(
        message=f"{counted(len(segments), 'segment')} imported from "
        f"inputs/{request.job_id}/{path.name}",
        summary=StageSummary(untranslated_segments=0),
    )


def _texts(work: Work, path: Path, segments: Sequence[Segment]) -> dict[str, str]:
    """Translation by segment. Several cues of one segment follow one another."""
    request = work.request
    texts: dict[str, list[str]] = {segment.segment_id: [] for segment in segments}
    entries = corrections.read(path, request, Stage.TRANSLATE)
    for entry in entries:
        identity = entry.segment_id or _nearest(entry, segments)
        if identity not in texts:
            why = (
                f"there is no segment {identity}"
                if identity
                else "no segment is spoken at that time"
            )
            raise corrections.refused(request, Stage.TRANSLATE, path, entry, why)
        if entry.text:
            texts[identity].append(entry.text)
    for segment in segments:
        if not texts[segment.segment_id]:
            at = f"{segment.segment_id} ({segment.start:.1f} to {segment.end:.1f} s)"
            raise corrections.refused(
                request, Stage.TRANSLATE, path, entries[-1], f"no text was found for {at}"
            )
    return {identity: " ".join(parts) for identity, parts in texts.items()}


def _nearest(entry: Entry, segments: Sequence[Segment]) -> str:
    """The segment that is spoken longest during `entry`; empty if none is."""
    overlaps = [
        (min(entry.end, segment.end) - max(entry.start, segment.start), segment.segment_id)
        for segment in segments
    ]
    longest, identity = max(overlaps, default=(0.0, ""))
    return identity if longest > 0 else ""
