"""Translate: every segment in order, with the same id."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.contract.summary import StageSummary
from dubstage.engines import engine_of
from dubstage.errors import NoInput
from dubstage.text.counting import counted, listed
from dubstage.text.languages import needs_translation
from dubstage.text.not_speech import is_not_speech, spoken
from dubstage.text.transcript import (
    Segment,
    TranslatedSegment,
    read_aligned,
    read_list,
    write_list,
)
from dubstage.text.unicode import composed
from dubstage.timing.budget import Budget, budget
from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import TimedSegment, slots
from dubstage.translate.engine import TranslationContext, Translator
from dubstage.translate.rounds import Rounds, Translated
from dubstage.translate.shortening import shortened
from dubstage.translate.translation_cache import kept_translations
from dubstage.video.facts import nothing_to_dub
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import PRODUCER
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the translated segments, and their copy among the outputs.

    A segment that an earlier run translated is not requested again.

    Raises :class:`TemporaryFailure` if the engine does not respond.
    """
    request = work.request
    if request.shorten and work.tree.files(Artifact.TRANSLATED):
        return shortened(work, load_engine(work))
    segments = _read(work)
    source, target = read_aligned(work).language, request.target_language
    if not needs_translation(source, target):
        raise nothing_to_dub(work, source)
    job = TranslationContext(
        source=source,
        target=target,
        glossary=request.glossary,
        options=request.translation,
    )
    cache = kept_translations(work, source)
    if request.force:
        cache.clear(request.run)
    rounds = Rounds(load_engine(work), job, cache, work.progress)
    pairs = list(zip(segments, _translations(rounds, segments, target), strict=True))
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
        + listed("untranslated", untranslated)
        + listed("without their glossary terms", missed),
        summary=StageSummary(
            untranslated_segments=len(untranslated),
            glossary_missed_segments=len(missed),
            reused_translations=rounds.reused_count,
        ),
    )


def _translations(rounds: Rounds, segments: Sequence[Segment], target: str) -> list[Translated]:
    """The translation of each segment. What nobody says stays as it is: ``[laughter]``."""
    budgets = _budgets(segments, target)
    speech = [
        (
            segment.model_copy(update={"text": " ".join(spoken(composed(segment.text)).split())}),
            size,
        )
        for segment, size in zip(segments, budgets, strict=True)
        if not is_not_speech(segment.text)
    ]
    texts = rounds.translate([one for one, _ in speech], [size for _, size in speech])
    translated = {one.segment_id: text for (one, _), text in zip(speech, texts, strict=True)}
    return [translated.get(one.segment_id, Translated(one.text)) for one in segments]


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


def _budgets(segments: Sequence[Segment], target: str) -> list[Budget | None]:
    """The length of each translation. The pause after the last segment is not used, because the
    end of the source is not known here."""
    times = [TimedSegment(one.segment_id, one.speaker, one.start, one.end) for one in segments]
    end = max((segment.end for segment in segments), default=0.0)
    rate = SpeechRate(target)
    return [budget(slot, rate) for slot in slots(times, end)]


def load_engine(work: Work) -> Translator:
    """The profile's engine. Raises :class:`Misconfigured` for an unknown one."""
    translator: Translator = engine_of(work.request).load(work)
    return translator
