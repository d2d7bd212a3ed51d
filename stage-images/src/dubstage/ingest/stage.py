"""Ingest: refuse a source that cannot be dubbed, and extract its audio.

Every fault of a source that can be detected is detected here, before a GPU is requested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dubstage.contract import Stage, StageRequest
from dubstage.contract.summary import StageSummary, scaled
from dubstage.errors import BadInput
from dubstage.ingest.decode import DecodedAudio, decode
from dubstage.ingest.refusals import is_encrypted, other_kind, undecodable, unreadable
from dubstage.inputs import corrections
from dubstage.inputs.source import resolve_source
from dubstage.logs import step
from dubstage.media.clock import Shift, shifts_of
from dubstage.media.ffmpeg import MediaError, probe
from dubstage.media.probe import MAX_PADDING_SECONDS, AudioTrack, Probe, SubtitleTrack
from dubstage.media.tracks import dubbed_languages, other_tracks, ranked_tracks
from dubstage.text.counting import counted
from dubstage.text.languages import needs_translation
from dubstage.video.facts import SourceFacts, VideoPlan
from dubstage.video.trial import plan_video
from dubstage.workspace.digests import read_through
from dubstage.workspace.layout import Artifact
from dubstage.workspace.space import require_scratch
from dubstage.workspace.work import Outcome, Work

MIN_READABLE_SHARE = 0.98
"""A file of which a smaller share of its declared length can be read is cut off."""
MIN_PEAK = -70.0
"""dBFS; audio that is never louder holds no speech."""


def run(work: Work) -> Outcome:
    """Write ``audio.wav`` (48 kHz, stereo, 16 bit, from 0.0 to the source's end) and what is
    known of the source.

    Raises :class:`BadInput` for a source that cannot be dubbed.
    """
    source = resolve_source(work.tree.roots, work.request)
    name = f"inputs/{work.request.source}"
    declared = inspect(source, name)
    shifts = shifts_of(source, declared)
    track, audio = extract_audio(source, name, declared, shifts, work)
    declared_seconds = declared.declared_seconds(track, declared.video)
    _check_complete(name, declared_seconds, audio.readable)
    _check_audible(name, audio, work)
    languages, number = [one.language for one in declared.audio], declared.audio.index(track) + 1
    _check_language(name, languages, number, work.request)
    duration = declared.source_seconds(audio.seconds)
    require_scratch(work.request, duration)
    plan = plan_video(source, declared, track, work.scratch)
    facts = SourceFacts(
        track=track.index,
        number=number,
        languages=languages,
        duration=duration,
        loudness=audio.loudness,
        shifts=dict(shifts),
        video=plan,
    )
    work.staging(Artifact.SOURCE_FACTS, None).write_text(facts.model_dump_json(indent=1) + "\n")
    kind = "video" if declared.video else "audio without a video stream"
    return Outcome(
        message=f"{duration:.1f} s of {kind}, {_track_choice(declared.audio, track)}"
        + _omissions(declared, plan)
        + _order_remark(declared),
        summary=StageSummary(
            duration_milliseconds=scaled(duration, 1000),
            audio_tracks=len(declared.audio),
            source_loudness_centi_lufs=(
                None if audio.loudness is None else scaled(audio.loudness, 100)
            ),
        ),
    )


@step("probe")
def inspect(source: Path, name: str) -> Probe:
    """What the file declares.

    Raises :class:`BadInput` if it is empty, is not a media file, or has no audio.
    """
    if source.stat().st_size == 0:
        raise BadInput(f"{name} is empty (0 bytes): copy the video again.", reason="SourceEmpty")
    if refusal := other_kind(name, source):
        raise refusal
    try:
        declared = probe(source)
    except MediaError as error:
        read_through(source)
        raise unreadable(name, source, error) from error
    if not declared.audio:
        raise BadInput(
            f"{name} has no audio stream ({declared.format_name}): there is no speech to dub.",
            reason="NoAudioStream",
        )
    return declared


@step("extract audio")
def extract_audio(
    source: Path, name: str, declared: Probe, shifts: Mapping[int, list[Shift]], work: Work
) -> tuple[AudioTrack, DecodedAudio]:
    """Extract the best track that can be decoded.

    Raises :class:`BadInput` if there is none, with the fault of the best, and OSError if
    the file cannot be read from its volume.
    """
    target = work.staging(Artifact.AUDIO, None)
    refusal: BadInput | None = None
    for track in ranked_tracks(declared.audio, work.request.source_language):
        error: MediaError | None = None
        try:
            audio = decode(
                source, declared, track, shifts.get(track.index, ()), target, work.progress
            )
            if audio.seconds > 0 and not (audio.messages and is_encrypted(source, track)):
                return track, audio
        except MediaError as failed:
            error = failed
        if refusal is None:
            read_through(source)
            refusal = undecodable(name, source, track, error)
    assert refusal is not None
    raise refusal


def _check_complete(name: str, declared: float, readable: float) -> None:
    """Raise :class:`BadInput` for a file that declares more seconds than it holds."""
    missing = declared - readable
    if missing > max(declared * (1 - MIN_READABLE_SHARE), MAX_PADDING_SECONDS):
        raise BadInput(
            f"{name} is cut off: it declares {declared:.1f} s, {readable:.1f} s "
            f"({readable / declared:.0%}) can be read. Copy it again; if it plays to its end, "
            "remux it: ffmpeg -i SOURCE -c copy NEW.mkv",
            reason="SourceTruncated",
        )


def _check_audible(name: str, audio: DecodedAudio, work: Work) -> None:
    """Raise :class:`BadInput` for silence, unless the user provides the transcript."""
    if audio.peak >= MIN_PEAK or corrections.find(work.tree.roots, work.request, Stage.TRANSCRIBE):
        return
    raise BadInput(
        f"{name} holds no speech: its audio is silent throughout (below {MIN_PEAK:.0f} dBFS). "
        "Provide a source with speech, or a transcript.",
        reason="NoSpeech",
    )


def _check_language(
    name: str, languages: Sequence[str | None], number: int, request: StageRequest
) -> None:
    """Raise :class:`BadInput` if the dubbed track `number` declares the target language, and
    another one a language to dub: the user has to choose it."""
    own, target = languages[number - 1], request.target_language
    if request.source_language or own is None or needs_translation(own, target):
        return
    if dubbed_languages(languages, number, target):
        raise BadInput(
            f"The audio of {name} is tagged {own}, which is spec.targetLanguage. "
            + other_tracks(languages, number, target)
            + " If the tag is wrong, set spec.sourceLanguage to the language that is spoken.",
            reason="SameLanguage",
        )


def _track_choice(tracks: Sequence[AudioTrack], chosen: AudioTrack) -> str:
    """How many tracks there are, and which of several is dubbed."""
    number = counted(len(tracks), "audio track")
    if len(tracks) == 1:
        return number
    language = chosen.language or "language not tagged"
    return f"{number}: number {tracks.index(chosen) + 1} ({language}) is dubbed"


def _omissions(declared: Probe, plan: VideoPlan | None) -> str:
    """Which streams the dubbed video leaves out."""
    omitted = plan.omitted if plan else ()
    kinds: dict[str, Sequence[AudioTrack | SubtitleTrack]] = {
        "audio track": declared.audio,
        "subtitles": declared.subtitles,
    }
    names = [
        f"{kind} {number} ({track.codec or 'unknown codec'})"
        for kind, tracks in kinds.items()
        for number, track in enumerate(tracks, start=1)
        if track.index in omitted
    ]
    return f"; the dubbed video leaves out {', '.join(names)}" if names else ""


def _order_remark(declared: Probe) -> str:
    """That the video may stutter: a copy of it has no presentation times either."""
    if not declared.is_unordered:
        return ""
    return (
        "; the video may stutter in some players, because AVI has no times for its B-frames: to "
        "avoid that, encode it again, for example to MP4"
    )
