"""Translations whose clips were too long for their slot are shortened, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary
from dubstage.errors import NoInput, StageError
from dubstage.text.counting import counted
from dubstage.text.transcript import Clip, TranslatedSegment, read_aligned, read_list, write_list
from dubstage.timing.budget import Budget
from dubstage.timing.oversize import oversize
from dubstage.timing.slot import Slot, TimedSegment, slots
from dubstage.translate.engine import (
    ShorteningTranslator,
    SourceSegment,
    Translation,
    TranslationContext,
    Translator,
)
from dubstage.translate.translation_cache import KeptTranslation, kept_translations
from dubstage.workspace.layout import Artifact
from dubstage.workspace.manifest import read_manifest
from dubstage.workspace.work import Outcome, Work

Pair = tuple[SourceSegment, Translation]


def shortened(work: Work, engine: Translator) -> Outcome:
    """Write the translated segments with shorter translations of those whose clips are too long.

    An engine that cannot be asked, or does not respond, changes nothing: a dub never fails for the
    length of its segments.
    """
    segments = read_list(work, Artifact.TRANSLATED, TranslatedSegment)
    pairs = _pairs(work, segments)
    request, source = work.request, read_aligned(work).language
    job = TranslationContext(
        source=source,
        target=request.target_language,
        transcript=[_source(one) for one in segments],
        glossary=request.glossary,
        options=request.translation,
    )
    texts: dict[str, str] = {}
    failure = ""
    if isinstance(engine, ShorteningTranslator):
        try:
            for translation in _shorter(work, engine, pairs, job):
                texts[translation.segment_id] = translation.text
                work.progress(len(texts) / len(pairs))
        except StageError as error:
            failure = f"; {error}"
    changed = [
        one.model_copy(update={"translation": texts.get(one.segment_id, one.translation)})
        for one in segments
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), changed)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), changed)
    count = sum(one != before for one, before in zip(changed, segments, strict=True))
    manifest = read_manifest(work.tree, Stage.TRANSLATE)
    summary = manifest.summary if manifest else StageSummary()
    return Outcome(
        message=f"{count} of {counted(len(pairs), 'segment')} whose speech was too long shortened"
        + failure,
        summary=summary.model_copy(update={"shortened_segments": count}),
    )


def _shorter(
    work: Work, engine: ShorteningTranslator, pairs: Sequence[Pair], job: TranslationContext
) -> Iterator[Translation]:
    """The new translations. Those of an interrupted attempt are kept."""
    cache = kept_translations(work, job.source)
    keys, missing = dict[str, str](), list[Pair]()
    for segment, translation in pairs:
        size = segment.budget and [segment.budget.low, segment.budget.high]
        terms = [entry.rendering for entry in job.terms.values_in(segment.text)]
        keys[segment.segment_id] = cache.key(
            {"text": segment.text, "shorten": translation.text, "terms": terms, "budget": size}
        )
        if kept := cache.find(keys[segment.segment_id], 1):
            yield Translation(segment.segment_id, kept.parts[0])
        else:
            missing.append((segment, translation))
    for translation in engine.shorten(missing, job):
        kept = KeptTranslation(parts=[translation.text])
        cache.store(keys[translation.segment_id], kept)
        yield translation


def _pairs(work: Work, segments: Sequence[TranslatedSegment]) -> list[Pair]:
    """The segments whose clips are too long; none if the clips are gone or are not theirs."""
    try:
        clips = read_list(work, Artifact.TTS_SEGMENTS, Clip)
    except NoInput:
        return []
    if [clip.segment_id for clip in clips] != [one.segment_id for one in segments]:
        return []
    available = _slots(work, segments)
    return [
        _pair(segments[place], clips[place], available[place])
        for place in oversize(clips, available)
    ]


def _slots(work: Work, segments: Sequence[TranslatedSegment]) -> list[Slot]:
    """The slots up to the end of the source, or of the last segment if that is not known."""
    import soundfile

    times = [TimedSegment(one.segment_id, one.speaker, one.start, one.end) for one in segments]
    last = max((one.end for one in segments), default=0.0)
    vocals = work.tree.files(Artifact.VOCALS)
    return slots(times, soundfile.info(vocals[0]).duration if vocals else last)


def _pair(segment: TranslatedSegment, clip: Clip, slot: Slot) -> Pair:
    """The segment with the budget at the pace at which the voice spoke it, and its translation."""
    rate = len(" ".join(segment.translation.split())) / (clip.duration * clip.spoken_speed)
    low = max(round(slot.original * rate), 1)
    size = Budget(low=low, high=max(round(slot.turn * rate), low))
    source = SourceSegment(segment.segment_id, segment.text, segment.speaker, size)
    return source, Translation(segment.segment_id, segment.translation)


def _source(segment: TranslatedSegment) -> SourceSegment:
    return SourceSegment(segment.segment_id, segment.text, segment.speaker)
