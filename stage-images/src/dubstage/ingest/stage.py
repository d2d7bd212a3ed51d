"""Ingest: refuse a source that cannot be dubbed, and extract its audio.

Every fault of a source that can be detected is detected here, before a GPU is requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dubstage.contract.summary import StageSummary, scaled
from dubstage.errors import BadInput
from dubstage.inputs.source import resolve_source
from dubstage.logs import step
from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import MediaError, input_file, probe, run_on_track
from dubstage.media.ffmpeg import run as run_ffmpeg
from dubstage.media.probe import AudioTrack, Probe, VideoStream
from dubstage.media.tracks import dubbed_track
from dubstage.media.wav import WRITER
from dubstage.text.counting import counted
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

MIN_READABLE_SHARE = 0.98
"""A file of which a smaller share of its declared length can be read is cut off."""


def run(work: Work) -> Outcome:
    """Write ``audio.wav``: 48 kHz, stereo, 16 bit, from 0.0 to the source's end.

    Raises :class:`BadInput` for a source that cannot be dubbed.
    """
    source = resolve_source(work.tree.roots, work.request)
    name = f"inputs/{work.request.source}"
    declared = inspect(source, name)
    track = dubbed_track(declared.audio, work.request.source_language)
    audio = work.staging(Artifact.AUDIO, None)
    try:
        audio_seconds = extract_audio(source, declared, track, audio, work)
        video_seconds = read_video(source, declared.video) if declared.video else 0.0
    except MediaError as error:
        raise BadInput(
            f"{name} cannot be decoded ({error}): expected a whole video file.",
            reason="SourceUnreadable",
        ) from error
    declared_seconds = declared.declared_seconds(track, declared.video)
    _check_complete(name, declared_seconds, max(audio_seconds, video_seconds))
    kind = "video" if declared.video else "audio without a video stream"
    duration = declared.source_seconds(audio_seconds)
    return Outcome(
        message=f"{duration:.1f} s of {kind}, {_track_choice(declared.audio, track)}",
        summary=StageSummary(
            duration_milliseconds=scaled(duration, 1000), audio_tracks=len(declared.audio)
        ),
    )


@step("probe")
def inspect(source: Path, name: str) -> Probe:
    """What the file declares.

    Raises :class:`BadInput` if it is empty, is not a media file, or has no audio.
    """
    if source.stat().st_size == 0:
        raise BadInput(f"{name} is empty (0 bytes): copy the video again.", reason="SourceEmpty")
    try:
        declared = probe(source)
    except MediaError as error:
        raise BadInput(
            f"{name} cannot be read ({_without_path(error, source)}): it is cut off, or not a "
            "media file. Copy it again; mp4, mov, mkv, webm and audio files are accepted.",
            reason="SourceUnreadable",
        ) from error
    if not declared.audio:
        raise BadInput(
            f"{name} has no audio stream ({declared.format_name}): there is no speech to dub.",
            reason="NoAudioStream",
        )
    return declared


def _track_choice(tracks: Sequence[AudioTrack], chosen: AudioTrack) -> str:
    """How many tracks there are, and which of several is dubbed."""
    number = counted(len(tracks), "audio track")
    if len(tracks) == 1:
        return number
    language = chosen.language or "language not tagged"
    return f"{number}: number {tracks.index(chosen) + 1} ({language}) is dubbed"


@step("extract audio")
def extract_audio(
    source: Path, declared: Probe, track: AudioTrack, target: Path, work: Work
) -> float:
    """Extract `track` to `target`; return its length in seconds.

    Gaps at the start and in the middle become silence, so that sample 0 is the video's
    second 0.
    """
    import soundfile

    run_on_track(
        source,
        track.index,
        ["-af", f"aresample={SAMPLE_RATE}:async=1:first_pts=0", *WRITER, target],
        duration=declared.duration,
        progress=work.progress,
    )
    return float(soundfile.info(target).duration)


@step("read video")
def read_video(source: Path, video: VideoStream) -> float:
    """Seconds of the video stream that the file holds. Packets are read, not decoded, which
    costs no more than reading the file."""
    return run_ffmpeg(
        [*input_file(source), "-map", f"0:{video.index}", "-c", "copy", "-f", "null", "-"]
    )


def _check_complete(name: str, declared: float, readable: float) -> None:
    """Raise :class:`BadInput` for a file that declares more seconds than it holds."""
    if declared > 0 and readable < declared * MIN_READABLE_SHARE:
        raise BadInput(
            f"{name} is cut off: it declares {declared:.1f} s, {readable:.1f} s "
            f"({readable / declared:.0%}) can be read. Copy it again.",
            reason="SourceTruncated",
        )


def _without_path(error: MediaError, source: Path) -> str:
    """ffmpeg's message without the path, which is the one inside the container."""
    return str(error).replace(f"file:{source}: ", "").replace(str(source), source.name)
