"""Synthesize: one clip for each line, in its speaker's voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dubstage.contract.summary import StageSummary, scaled
from dubstage.engines import engine_of
from dubstage.errors import BadInput, TemporaryFailure
from dubstage.logs import step
from dubstage.synthesize.clip_cache import ClipCache
from dubstage.synthesize.clips import ClipMaker
from dubstage.synthesize.engine import Speaker
from dubstage.synthesize.voices import choose_voices
from dubstage.text.counting import counted
from dubstage.text.transcript import Clip, ClipFlag, TranslatedSegment, read_list, write_list
from dubstage.timing.slot import TimedSegment, slots
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write a WAV file for each line that is spoken, and ``segments.json`` for all.

    A line that did not change since an earlier run is not spoken again. A line without a
    translation, or without sound, has no file and a flag.

    Raises :class:`BadInput` where there is nothing to say, and
    :class:`TemporaryFailure` where the engine makes no sound at all.
    """
    import soundfile

    lines = read_list(work, Artifact.TRANSLATED, TranslatedSegment)
    if not any(unspoken(line) is None for line in lines):
        raise BadInput(
            f"No segment of inputs/{work.request.source} ({len(lines)} in all) has a translation "
            "that can be spoken: expected words. Put a translation.srt into "
            f"inputs/{work.request.job_id}, or choose another translation engine.",
            reason="NothingToSay",
        )
    (vocals,) = work.read(Artifact.VOCALS)
    limits = slots(
        [TimedSegment(line.segment_id, line.speaker, line.start, line.end) for line in lines],
        soundfile.info(vocals).duration,
    )
    speaker = load_engine(work)
    kept = ClipCache(work.tree.clip_cache)
    if work.request.force:
        kept.clear(work.request.run)
    own_voices = speaker.voices(work.request.target_language)
    cast = choose_voices(work, lines, own_voices)
    recorder = ClipMaker(work, speaker, cast.voices, kept)
    clips = []
    with step("synthesize") as current:
        for number, (line, slot) in enumerate(zip(lines, limits, strict=True)):
            current.position = line.segment_id
            flag = unspoken(line)
            clips.append(recorder.silent(line, flag) if flag else recorder.clip(line, slot))
            work.progress((number + 1) / len(lines))
    _check_sound(work, clips)
    kept.finish(recorder.keys)
    write_list(work.staging(Artifact.TTS_SEGMENTS, None), clips)
    return _outcome(work, clips, recorder, cast.remarks)


def unspoken(line: TranslatedSegment) -> ClipFlag | None:
    """Why a line is not to be spoken; None where it is."""
    if line.untranslated:
        return ClipFlag.UNTRANSLATED
    if not any(character.isalnum() for character in line.translation):
        return ClipFlag.NOTHING_TO_SAY
    return None


def load_engine(work: Work) -> Speaker:
    """The profile's engine. Raises :class:`Misconfigured` for one that is unknown."""
    speaker: Speaker = engine_of(work.request).load(work)
    return speaker


def _check_sound(work: Work, clips: Sequence[Clip]) -> None:
    if not any(clip.audio_file for clip in clips):
        raise TemporaryFailure(
            f"{work.request.engine.engine} made no sound for any of "
            f"{counted(len(clips), 'segment')}: retry, or choose another engine.",
            reason="NoSpeechMade",
        )


def _outcome(
    work: Work, clips: Sequence[Clip], recorder: ClipMaker, remarks: Sequence[str]
) -> Outcome:
    seconds = sum(clip.duration for clip in clips)
    flags = Counter(clip.flag for clip in clips if clip.flag)
    said = [f"{count} {flag}" for flag, count in sorted(flags.items())]
    return Outcome(
        message="; ".join(
            [
                f"{counted(len(clips), 'segment')}, {seconds:.1f} s of speech by "
                f"{work.request.engine.engine}",
                *([", ".join(said)] if said else []),
                *remarks,
            ]
        ),
        summary=StageSummary(
            speech_milliseconds=scaled(seconds, 1000),
            reused_clips=recorder.kept_count,
            silent_segments=sum(not clip.audio_file for clip in clips),
            too_long_clips=flags.get(ClipFlag.TOO_LONG),
            clipped_clips=flags.get(ClipFlag.CLIPPED),
        ),
    )
