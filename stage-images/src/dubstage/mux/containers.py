"""Which container holds a source's streams as they are."""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.probing import Probe


@dataclass(frozen=True)
class Container:
    """One kind of file."""

    ending: str
    """Of the file's name."""
    format: str
    """As ffmpeg calls it."""
    subtitles: str
    """Its codec for soft subtitles."""
    options: tuple[str, ...] = ()


MP4 = Container("mp4", "mp4", "mov_text", ("-movflags", "+faststart"))
"""What every player opens; its index comes first, so that it can be streamed."""
MATROSKA = Container("mkv", "matroska", "subrip")
"""What holds everything."""

MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Codecs that ffmpeg puts into mp4 unchanged and players know there."""
TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})
"""Subtitles that can be written in another form; the others are pictures."""


def container_for(source: Probe) -> Container | None:
    """mp4 where it holds the picture and every audio track unchanged, else Matroska;
    None for a source without a picture."""
    if source.video is None:
        return None
    fits = source.video.codec in MP4_VIDEO and all(
        track.codec in MP4_AUDIO for track in source.audio
    )
    return MP4 if fits else MATROSKA
