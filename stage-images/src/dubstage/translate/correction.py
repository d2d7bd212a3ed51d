"""A person's translation in the engine's place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary
from dubstage.inputs import corrections
from dubstage.inputs.corrections import Line
from dubstage.text.counting import counted
from dubstage.text.transcript import Sentence, TranslatedSentence, read_list, write_list
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the person's translation of every line.

    Raises :class:`BadInput` where a line of the file belongs to no line of the
    programme, or one of the programme has none in the file.
    """
    request = work.request
    path = corrections.find(work.tree.roots, request, Stage.TRANSLATE)
    assert path is not None
    lines = read_list(work, Artifact.TRANSCRIPT, Sentence)
    texts = _texts(work, path, lines)
    translated = [
        TranslatedSentence(**line.model_dump(), translation=texts[line.segment_id])
        for line in lines
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    return Outcome(
        message=f"{counted(len(lines), 'segment')} imported from "
        f"inputs/{request.job_id}/{path.name}",
        summary=StageSummary(untranslated_segments=0),
    )


def _texts(work: Work, path: Path, lines: Sequence[Sentence]) -> dict[str, str]:
    """Translation by line: of several subtitles to one line, one after the other."""
    request = work.request
    texts: dict[str, list[str]] = {line.segment_id: [] for line in lines}
    found = corrections.read(path, request, Stage.TRANSLATE)
    for line in found:
        identity = line.segment_id or _nearest(line, lines)
        if identity not in texts:
            why = (
                f"there is no segment {identity}"
                if identity
                else "no segment is spoken at that time"
            )
            raise corrections.refused(request, Stage.TRANSLATE, path, line, why)
        if line.text:
            texts[identity].append(line.text)
    for spoken in lines:
        if not texts[spoken.segment_id]:
            at = f"{spoken.segment_id} ({spoken.start:.1f} to {spoken.end:.1f} s)"
            raise corrections.refused(
                request, Stage.TRANSLATE, path, found[-1], f"no text was found for {at}"
            )
    return {identity: " ".join(parts) for identity, parts in texts.items()}


def _nearest(line: Line, lines: Sequence[Sentence]) -> str:
    """The line that is spoken while the subtitle is shown; empty where none is."""
    overlaps = [
        (min(line.end, spoken.end) - max(line.start, spoken.start), spoken.segment_id)
        for spoken in lines
    ]
    longest, identity = max(overlaps, default=(0.0, ""))
    return identity if longest > 0 else ""
