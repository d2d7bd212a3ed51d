"""What a media file declares, as ffprobe tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AudioTrack:
    """One audio stream of a file."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str | None


@dataclass(frozen=True)
class VideoTrack:
    """One video stream of a file."""

    index: int
    codec: str


@dataclass(frozen=True)
class SubtitleTrack:
    """One subtitle stream of a file."""

    index: int
    codec: str
    language: str | None


@dataclass(frozen=True)
class Probe:
    """What a media file declares."""

    duration: float
    """Seconds; 0.0 where the file does not say."""
    format_name: str
    video: VideoTrack | None
    """The first that is not a cover picture."""
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...] = ()


def declared(found: dict[str, Any]) -> Probe:
    """What ffprobe's JSON of a file's format and streams says."""
    streams = found.get("streams", [])
    video = [
        VideoTrack(int(stream["index"]), str(stream.get("codec_name", "")))
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    subtitles = [
        SubtitleTrack(int(stream["index"]), str(stream.get("codec_name", "")), _language(stream))
        for stream in streams
        if stream.get("codec_type") == "subtitle"
    ]
    return Probe(
        duration=float(found.get("format", {}).get("duration") or 0.0),
        format_name=str(found.get("format", {}).get("format_name", "")),
        video=video[0] if video else None,
        audio=tuple(_audio(stream) for stream in streams if stream.get("codec_type") == "audio"),
        subtitles=tuple(subtitles),
    )


def _audio(stream: dict[str, Any]) -> AudioTrack:
    return AudioTrack(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        channels=int(stream.get("channels", 0)),
        sample_rate=int(stream.get("sample_rate", 0)),
        language=_language(stream),
    )


def _language(stream: dict[str, Any]) -> str | None:
    """None where the file does not know."""
    found = stream.get("tags", {}).get("language")
    return None if found in (None, "", "und") else str(found)
