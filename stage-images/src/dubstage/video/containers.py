"""Containers of the dubbed video, and which of them holds a source's streams.

Ingest tries the container that mux will write, so that a dub that cannot be written is
refused before a GPU is requested.
"""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.media.probe import Probe

MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
PCM_FORMATS = "u8 s16le s24le s32le s16be s24be s32be f32le f64le alaw mulaw"
MATROSKA_AUDIO = (
    MP4_AUDIO
    | {f"pcm_{name}" for name in PCM_FORMATS.split()}
    | {"mp2", "dts", "truehd", "vorbis", "tta", "wavpack", "wmav1", "wmav2", "adpcm_ms"}
)
TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})
"""Subtitles that can be converted; the others are images."""


@dataclass(frozen=True)
class Container:
    """A file format."""

    suffix: str
    """Of the file's name."""
    format: str
    """ffmpeg's name."""
    subtitles: str
    """Its codec for soft subtitles."""
    audio: frozenset[str]
    """Audio codecs that ffmpeg copies into it, and that players expect there."""
    options: tuple[str, ...] = ()


MP4 = Container("mp4", "mp4", "mov_text", MP4_AUDIO, ("-movflags", "+faststart"))
"""Every player opens it; its index comes first, so that it can be streamed."""
MATROSKA = Container("mkv", "matroska", "subrip", MATROSKA_AUDIO)
"""It holds almost every codec."""


def container_for(source: Probe) -> Container | None:
    """mp4 if it holds the video stream and every audio track unchanged, else Matroska; None
    for a source without a video stream."""
    if source.video is None:
        return None
    fits_mp4 = source.video.codec in MP4_VIDEO and all(
        track.codec in MP4_AUDIO for track in source.audio
    )
    return MP4 if fits_mp4 else MATROSKA
