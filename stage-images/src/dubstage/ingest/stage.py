"""Ingest: refuse what cannot be dubbed, and write the programme's sound.

Everything that can be known is known here, before a GPU is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dubstage.contract.summary import StageSummary, scaled
from dubstage.errors import BadInput
from dubstage.inputs.source import resolve_source
from dubstage.logs import step
from dubstage.media.ffmpeg import (
    DECODED,
    SAMPLE_RATE,
    MediaError,
    decoded,
    ffmpeg,
    input_file,
    probe,
)
from dubstage.media.probe import AudioTrack, Probe, VideoTrack
from dubstage.media.tracks import dubbed_track
from dubstage.media.wav import WRITER
from dubstage.text.counting import counted
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

WHOLE = 0.98
"""A file of which less than this share of its declared length can be read is cut off."""


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
        heard = extract_audio(source, declared, track, audio, work)
        seen = readable_video(source, declared.video) if declared.video else 0.0
    except MediaError as error:
        raise BadInput(
            f"{name} cannot be decoded ({error}): expected a whole video file.",
            reason="SourceUnreadable",
        ) from error
    _check_whole(name, declared.length_of(track, declared.video), max(heard, seen))
    kind = "video" if declared.video else "audio without a video stream"
    duration = declared.programme_length(heard)
    return Outcome(
        message=f"{duration:.1f} s of {kind}, {_choice(declared.audio, track)}",
        summary=StageSummary(
            duration_milliseconds=scaled(duration, 1000), audio_tracks=len(declared.audio)
        ),
    )


@step("probe")
def inspect(source: Path, name: str) -> Probe:
    """What the file declares.

    Raises :class:`BadInput` where it is empty, no media file, or lacks a stream.
    """
    if source.stat().st_size == 0:
        raise BadInput(f"{name} is empty (0 bytes): copy the video again.", reason="SourceEmpty")
    try:
        declared = probe(source)
    except MediaError as error:
        raise BadInput(
            f"{name} is not a video that can be read ({_reason(error, source)}): it is cut off, or "
            "not a media file. Copy it again; mp4, mov, mkv, webm and sound files are accepted.",
            reason="SourceUnreadable",
        ) from error
    if not declared.audio:
        raise BadInput(
            f"{name} has no audio stream ({declared.format_name}): there is no speech to dub.",
            reason="NoAudioStream",
        )
    return declared


def _choice(tracks: Sequence[AudioTrack], chosen: AudioTrack) -> str:
    """Of several tracks, which is dubbed."""
    found = counted(len(tracks), "audio track")
    if len(tracks) == 1:
        return found
    language = chosen.language or "language not tagged"
    return f"{found}: number {tracks.index(chosen) + 1} ({language}) is dubbed"


@step("extract audio")
def extract_audio(
    source: Path, declared: Probe, track: AudioTrack, target: Path, work: Work
) -> float:
    """Decode `track`; the seconds that it has. Gaps at the start
    and in the middle become silence, so that sample 0 is the video's second 0.

    Gaps are filled apart from decoding: where a source's sound changes its form, from
    stereo to surround, ffmpeg starts its filters anew, and these would fill from 0 again.
    """
    import soundfile

    with decoded([*input_file(source), "-map", f"0:{track.index}"]) as sound:
        ffmpeg(
            [
                *DECODED,
                *("-af", f"aresample={SAMPLE_RATE}:async=1:first_pts=0"),
                *(*WRITER, target),
            ],
            duration=declared.duration,
            progress=work.progress,
            source=sound,
        )
    return float(soundfile.info(target).duration)


@step("read video")
def readable_video(source: Path, video: VideoTrack) -> float:
    """Seconds of the video stream that are in the file; packets are read, not
    decoded, so that this costs no more than reading the file."""
    return ffmpeg(
        [
            *input_file(source),
            *("-map", f"0:{video.index}", "-c", "copy", "-f", "null", "-"),
        ]
    )


def _check_whole(name: str, declared: float, found: float) -> None:
    """Raise :class:`BadInput` for a file that says more than it has, in seconds."""
    if declared > 0 and found < declared * WHOLE:
        raise BadInput(
            f"{name} is cut off: it declares {declared:.1f} s, {found:.1f} s "
            f"({found / declared:.0%}) can be read. Copy it again.",
            reason="SourceTruncated",
        )


def _reason(error: MediaError, source: Path) -> str:
    """ffmpeg's words without the path, which is the container's."""
    return str(error).replace(f"file:{source}: ", "").replace(str(source), source.name)
