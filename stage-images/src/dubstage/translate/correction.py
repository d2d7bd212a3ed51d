"""The user's translation, which replaces the engine's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dubstage.contract import Stage, StageRequest
from dubstage.contract.summary import StageSummary
from dubstage.inputs import corrections
from dubstage.inputs.corrections import Entry
from dubstage.text.counting import counted, listed
from dubstage.text.not_speech import is_not_speech
from dubstage.text.transcript import Segment, TranslatedSegment, read_list, write_list
from dubstage.translate.assignment import Assignment, assign, fits
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the user's translation of every segment. A segment that the file leaves out is
    untranslated; a song or the description of a sound needs no translation.

    Raises :class:`BadInput` if an item of the file belongs to no segment or to another one, or
    if no text of the file belongs to any.
    """
    request = work.request
    path = corrections.find(work.tree.roots, request, Stage.TRANSLATE)
    assert path is not None
    segments = read_list(work, Artifact.TRANSCRIPT, Segment)
    assigned = read(path, request, segments)
    translated = [_translated(one, assigned.texts[one.segment_id]) for one in segments]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    untranslated = [segment.segment_id for segment in translated if segment.untranslated]
    return Outcome(
        message=_message(work, path, segments, untranslated, assigned.unused),
        summary=StageSummary(untranslated_segments=len(untranslated)),
    )


def read(path: Path, request: StageRequest, segments: Sequence[Segment]) -> Assignment:
    """The texts of the file for `segments`.

    Raises :class:`BadInput` as :func:`run` does.
    """
    entries = corrections.read(path, request, Stage.TRANSLATE)
    for entry in entries:
        if why := _fault(entry, segments):
            raise corrections.refused(request, Stage.TRANSLATE, path, entry, why)
    assigned = assign(entries, segments, request.target_language)
    if not any(assigned.texts.values()):
        raise corrections.refused(request, Stage.TRANSLATE, path, entries[0], _unmatched(entries))
    return assigned


def _translated(segment: Segment, text: str) -> TranslatedSegment:
    is_missing = not text and not is_not_speech(segment.text)
    return TranslatedSegment(
        **segment.model_dump(), translation=text or segment.text, untranslated=is_missing
    )


def _fault(entry: Entry, segments: Sequence[Segment]) -> str:
    """Why an item cannot have the segment that it names; empty if it can, or names none."""
    if not entry.segment_id:
        return ""
    segment = next((one for one in segments if one.segment_id == entry.segment_id), None)
    if segment is None:
        return f"there is no segment {entry.segment_id}"
    if fits(entry, segment):
        return ""
    return (
        f"{entry.segment_id} is spoken from {segment.start:.1f} to {segment.end:.1f} s, and the "
        f"item says {entry.start:.1f} to {entry.end:.1f} s: the transcript has changed since. "
        "Correct the new text/trg_transcript.json, or delete the file"
    )


def _unmatched(entries: Sequence[Entry]) -> str:
    if not any(entry.text for entry in entries):
        return "it has no text"
    return "no segment is spoken at that time, nor at those of the other entries"


def _message(
    work: Work,
    path: Path,
    segments: Sequence[Segment],
    untranslated: Sequence[str],
    unused: Sequence[Entry],
) -> str:
    parts = [
        f"{counted(len(segments), 'segment')} imported from "
        f"inputs/{work.request.job_id}/{path.name}" + listed("untranslated", untranslated)
    ]
    if unused:
        count = counted(len(unused), "entry", "entries")
        parts.append(f"{count} of the file left out, because nobody speaks then: {unused[0].place}")
    return "; ".join(parts)
