"""Translate: every segment in order, with the same id."""

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
from dubstage.translate.rounds import translate_texts
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import PRODUCER
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the translated segments, and their copy among the outputs.

    Raises :class:`TemporaryFailure` if the engine loses segments.
    """
    request = work.request
    segments = _read(work)
    source, target = read_aligned(work).language, request.target_language
    if not needs_translation(source, target):
        raise BadInput(
            f"inputs/{request.source} is spoken in {source}, which is spec.targetLanguage: there "
            "is nothing to dub.",
            reason="SameLanguage",
        )
    translations = translate_texts(
        load_engine(work),
        [segment.text for segment in segments],
        (source, target),
        request.glossary,
        work.progress,
    )
    pairs = list(zip(segments, translations, strict=True))
    translated = [
        TranslatedSegment(
            **segment.model_dump(),
            translation=translation.text,
            untranslated=translation.is_untranslated,
        )
        for segment, translation in pairs
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    untranslated = [segment.segment_id for segment in translated if segment.untranslated]
    missed = [segment.segment_id for segment, translation in pairs if translation.lost_terms]
    return Outcome(
        message=f"{counted(len(segments), 'segment')} translated from {source} to {target}"
        + _listed("untranslated", untranslated)
        + _listed("without their glossary terms", missed),
        summary=StageSummary(
            untranslated_segments=len(untranslated),
            glossary_missed_segments=len(missed),
        ),
    )


def _read(work: Work) -> list[Segment]:
    """The segments of the source. Raises :class:`NoInput` if two have the same id."""
    segments = read_list(work, Artifact.TRANSCRIPT, Segment)
    if len({segment.segment_id for segment in segments}) != len(segments):
        raise NoInput(
            "transcript.json has two segments with the same segment_id; the transcribe stage has "
            "to write it again.",
            missing_from=PRODUCER[Artifact.TRANSCRIPT],
        )
    return segments


def _listed(what: str, identities: list[str]) -> str:
    """``, 2 of them untranslated (segment_0003, …)``; empty for no segment."""
    if not identities:
        return ""
    shown = ", ".join(identities[:3]) + (", …" if len(identities) > 3 else "")
    return f", {len(identities)} of them {what} ({shown})"


def load_engine(work: Work) -> Translator:
    """The profile's engine. Raises :class:`Misconfigured` for an unknown one."""
    translator: Translator = engine_of(work.request).load(work)
    return translator
