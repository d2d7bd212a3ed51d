"""Synthesize: one clip per segment, in its speaker's voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import mean, median

from dubstage.contract.summary import StageSummary, scaled
from dubstage.engines import engine_of
from dubstage.errors import BadInput, TemporaryFailure
from dubstage.logs import step
from dubstage.synthesize import checks, quality
from dubstage.synthesize.clip_cache import ClipCache
from dubstage.synthesize.clips import ClipMaker
from dubstage.synthesize.engine import (
    AccentedSynthesizer,
    ConnectedSynthesizer,
    GenderedSynthesizer,
    Synthesizer,
)
from dubstage.synthesize.voices import choose_voices
from dubstage.text.counting import counted
from dubstage.text.languages import speaks_like
from dubstage.text.not_speech import is_not_speech
from dubstage.text.transcript import Clip, ClipFlag, TranslatedSegment, read_list, write_list
from dubstage.timing.oversize import oversize
from dubstage.timing.slot import Slot, TimedSegment, slots
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

NAMED = 5
"""Segments that the message names at most."""


def run(work: Work) -> Outcome:
    """Write a WAV file for each segment that can be spoken, and ``segments.json`` for all.

    A segment that did not change since an earlier run is not synthesized again. A segment
    without a translation, or without audio, has no file and a flag.

    Raises :class:`BadInput` if there is nothing to say, and :class:`TemporaryFailure` if the
    engine makes no audio at all.
    """
    import soundfile

    segments = read_list(work, Artifact.TRANSLATED, TranslatedSegment)
    if all(unspoken(segment) for segment in segments):
        raise BadInput(
            f"No segment of inputs/{work.request.source} ({len(segments)} in all) has a "
            "translation that can be spoken: expected words. Put a translation.srt into "
            f"inputs/{work.request.job_id}, or choose another translation engine.",
            reason="NothingToSay",
        )
    (vocals,) = work.read(Artifact.VOCALS)
    available = slots(
        [TimedSegment(one.segment_id, one.speaker, one.start, one.end) for one in segments],
        soundfile.info(vocals).duration,
    )
    engine = load_engine(work)
    cache = ClipCache(work.tree.clip_cache)
    if work.request.force:
        cache.clear(work.request.run)
    own_voices = engine.voices(work.request.target_language)
    # A song is no sample of a voice.
    speech = [segment for segment in segments if unspoken(segment) is not ClipFlag.NOT_SPEECH]
    genders = None
    if isinstance(engine, GenderedSynthesizer):
        genders = engine.genders(work.request.target_language)
    choice = choose_voices(work, speech, own_voices, genders)
    maker = ClipMaker(work, engine, choice, cache, checks.load(work, clones=own_voices is None))
    with _connected(engine):
        maker.announce(
            pair for pair in zip(segments, available, strict=True) if not unspoken(pair[0])
        )
        clips = _clips(work, maker, segments, available)
    _check_audio(work, clips)
    cache.prune(maker.keys)
    write_list(work.staging(Artifact.TTS_SEGMENTS, None), clips)
    remarks = [*choice.remarks, *accent_remarks(engine, work.request.target_language)]
    files = [work.staging(Artifact.TTS_CLIPS, one.audio_file) for one in clips if one.audio_file]
    rating = quality.estimate(work, files)
    return _outcome(work, clips, maker, remarks, len(oversize(clips, available)), rating)


@contextmanager
def _connected(engine: Synthesizer) -> Iterator[None]:
    try:
        yield
    finally:
        if isinstance(engine, ConnectedSynthesizer):
            engine.close()


def _clips(
    work: Work, maker: ClipMaker, segments: Sequence[TranslatedSegment], available: Sequence[Slot]
) -> list[Clip]:
    """The clip of each segment, in order."""
    clips = []
    with step("synthesize") as current:
        for number, (segment, slot) in enumerate(zip(segments, available, strict=True)):
            current.position = segment.segment_id
            flag = unspoken(segment)
            clips.append(maker.silent(segment, flag) if flag else maker.clip(segment, slot))
            work.progress((number + 1) / len(segments))
    return clips


def accent_remarks(engine: Synthesizer, language: str) -> list[str]:
    """A remark if the voices are those of another region than the target language's."""
    accent = engine.accent(language) if isinstance(engine, AccentedSynthesizer) else None
    if accent is None or speaks_like(language, accent):
        return []
    return [f"there is no voice for {language}: the accent is that of {accent}"]


def unspoken(segment: TranslatedSegment) -> ClipFlag | None:
    """Why a segment is not synthesized; None if it is."""
    if is_not_speech(segment.text) or is_not_speech(segment.translation):
        return ClipFlag.NOT_SPEECH
    if segment.untranslated:
        return ClipFlag.UNTRANSLATED
    if not any(character.isalnum() for character in segment.translation):
        return ClipFlag.NOTHING_TO_SAY
    return None


def load_engine(work: Work) -> Synthesizer:
    """The profile's engine. Raises :class:`Misconfigured` for an unknown one."""
    synthesizer: Synthesizer = engine_of(work.request).load(work)
    return synthesizer


def _check_audio(work: Work, clips: Sequence[Clip]) -> None:
    if not any(clip.audio_file for clip in clips):
        raise TemporaryFailure(
            f"{work.request.engine.engine} made no audio for any of "
            f"{counted(len(clips), 'segment')}: retry, or choose another engine.",
            reason="NoSpeechMade",
        )


def _outcome(
    work: Work,
    clips: Sequence[Clip],
    maker: ClipMaker,
    remarks: Sequence[str],
    oversize_count: int,
    rating: float | None,
) -> Outcome:
    seconds = sum(clip.duration for clip in clips)
    flags = Counter(clip.flag for clip in clips if clip.flag)
    counts = [f"{count} {flag}{_named(clips, flag)}" for flag, count in sorted(flags.items())]
    rates = [clip.error_rate for clip in clips if clip.error_rate is not None]
    alike = [clip.similarity for clip in clips if clip.similarity is not None]
    return Outcome(
        message="; ".join(
            [
                f"{counted(len(clips), 'segment')}, {seconds:.1f} s of speech by "
                f"{work.request.engine.engine}",
                *([", ".join(counts)] if counts else []),
                *maker.pronunciation.remarks,
                *remarks,
            ]
        ),
        summary=StageSummary(
            speech_milliseconds=scaled(seconds, 1000),
            reused_clips=maker.reused_count,
            silent_segments=sum(not clip.audio_file for clip in clips),
            too_long_clips=flags.get(ClipFlag.TOO_LONG),
            too_short_clips=flags.get(ClipFlag.TOO_SHORT),
            oversize_segments=oversize_count or None,
            clipped_clips=flags.get(ClipFlag.CLIPPED),
            misspoken_clips=flags.get(ClipFlag.MISSPOKEN, 0) if rates else None,
            repeated_takes=sum(clip.takes - 1 for clip in clips) if rates or alike else None,
            letter_error_rate_percent=scaled(mean(rates), 100) if rates else None,
            other_voice_clips=flags.get(ClipFlag.OTHER_VOICE, 0) if alike else None,
            voice_similarity_percent=scaled(max(median(alike), 0.0), 100) if alike else None,
            speech_quality_centi_mos=None if rating is None else scaled(rating, 100),
        ),
    )


def _named(clips: Sequence[Clip], flag: ClipFlag) -> str:
    """The first segments with a flag for which someone should listen to them."""
    if flag not in (ClipFlag.MISSPOKEN, ClipFlag.OTHER_VOICE):
        return ""
    found = [clip.segment_id for clip in clips if clip.flag is flag]
    return f" ({', '.join(found[:NAMED])}{', …' if len(found) > NAMED else ''})"
