"""Translate: every line, in order, under the same id."""

from __future__ import annotations

from dubstage.contract.summary import StageSummary
from dubstage.engines import engine_of
from dubstage.errors import BadInput, NoInput
from dubstage.text.counting import counted
from dubstage.text.languages import needs_translation
from dubstage.text.transcript import (
    Segment,
    TranslatedSegment,
    read_aligned,
    read_list,
    write_list,
)
from dubstage.translate.engine import Translator
from dubstage.translate.rounds import translate_lines
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import PRODUCER
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the translated lines, and their copy among the outputs.

    Raises :class:`TemporaryFailure` where the engine loses lines.
    """
    request = work.request
    lines = _lines(work)
    source, target = read_aligned(work).language, request.target_language
    if not needs_translation(source, target):
        raise BadInput(
            f"inputs/{request.source} is spoken in {source}, which is spec.targetLanguage: there "
            "is nothing to dub.",
            reason="SameLanguage",
        )
    found = translate_lines(
        load_engine(work),
        [line.text for line in lines],
        (source, target),
        request.glossary,
        work.progress,
    )
    translated = [
        TranslatedSegment(
            **line.model_dump(), translation=answer.text, untranslated=answer.is_untranslated
        )
        for line, answer in zip(lines, found, strict=True)
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    untranslated = [line.segment_id for line in translated if line.untranslated]
    lost = [line.segment_id for line, answer in zip(lines, found, strict=True) if answer.lost_terms]
    return Outcome(
        message=f"{counted(len(lines), 'segment')} translated from {source} to {target}"
        + _named("untranslated", untranslated)
        + _named("without their glossary terms", lost),
        summary=StageSummary(
            untranslated_segments=len(untranslated),
            glossary_missed_segments=len(lost),
        ),
    )


def _lines(work: Work) -> list[Segment]:
    """The lines of the programme. Raises :class:`NoInput` where two have one id."""
    lines = read_list(work, Artifact.TRANSCRIPT, Segment)
    if len({line.segment_id for line in lines}) != len(lines):
        raise NoInput(
            "transcript.json has two segments with the same segment_id; the transcribe stage has "
            "to write it again.",
            missing_from=PRODUCER[Artifact.TRANSCRIPT],
        )
    return lines


def _named(what: str, identities: list[str]) -> str:
    """``, 2 of them untranslated (segment_0003, …)``; empty where there is none."""
    if not identities:
        return ""
    shown = ", ".join(identities[:3]) + (", …" if len(identities) > 3 else "")
    return f", {len(identities)} of them {what} ({shown})"


def load_engine(work: Work) -> Translator:
    """The profile's engine. Raises :class:`Misconfigured` for one that is unknown."""
    translator: Translator = engine_of(work.request).load(work)
    return translator
