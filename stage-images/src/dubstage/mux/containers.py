"""Which container holds a source's streams as they are."""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.media.probe import Probe


@dataclass(frozen=True)
class Container:
    """One kind of file."""

    ending: str
    """Of the file's name."""
    format: str
    """As ffmpeg calls it."""
    subtitles: str
    """Its codec for soft subtitles."""
    audio: frozenset[str]
    """Codecs of sound that ffmpeg puts into it unchanged, and players know there."""
    options: tuple[str, ...] = ()


MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
PCM_FORMS = "u8 s16le s24le s32le s16be s24be s32be f32le f64le alaw mulaw"
MATROSKA_AUDIO = (
    MP4_AUDIO
    | {f"pcm_{form}" for form in PCM_FORMS.split()}
    | {"mp2", "dts", "truehd", "vorbis", "tta", "wavpack", "wmav1", "wmav2", "adpcm_ms"}
)
MP4 = Container("mp4", "mp4", "mov_text", MP4_AUDIO, ("-movflags", "+faststart"))
"""What every player opens; its index comes first, so that it can be streamed."""
MATROSKA = Container("mkv", "matroska", "subrip", MATROSKA_AUDIO)
"""What holds almost everything."""
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
