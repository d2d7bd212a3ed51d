"""What a media file declares, as ffprobe tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

GUESSED = frozenset({"aac", "mp3", "mpeg", "mpegts"})
"""Formats that say nothing of their length: ffprobe works it out from the rate at the
beginning, or from the times at the end, and may be far off."""
PADDING_SECONDS = 0.3
"""A codec's last frame is filled up: 2048 samples of HE-AAC at 8 kHz are 0.26 s."""
CLOCKED = frozenset({"mpeg", "mpegts"})
"""Formats whose clock may start anew in the middle: recordings are joined byte by byte."""


@dataclass(frozen=True)
class AudioTrack:
    """One audio stream of a file."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str | None
    duration: float | None = None
    """Seconds that the file declares for it; None where it does not."""
    is_default: bool = False
    """Players take it unless they are told otherwise."""


@dataclass(frozen=True)
class VideoTrack:
    """One video stream of a file."""

    index: int
    codec: str
    duration: float | None = None
    """Seconds that the file declares for it; None where it does not."""


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
    """Seconds of its longest stream, guessed for some formats; 0.0 where nothing is said."""
    format_name: str
    video: VideoTrack | None
    """The first that is not a cover picture."""
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...] = ()

    def length_of(self, *tracks: AudioTrack | VideoTrack | None) -> float:
        """Seconds that the file declares for the longest of `tracks`; 0.0 where it does
        not. A subtitle may end long after the picture, and is none of them."""
        known = [track.duration for track in tracks if track and track.duration]
        if known:
            return max(known)
        is_said = not self.subtitles and self.format_name not in GUESSED
        return self.duration if is_said and any(tracks) else 0.0

    def programme_length(self, heard: float) -> float:
        """Seconds of the programme, of whose sound `heard` seconds were decoded: the picture's,
        where the sound is as long but for the last frame's padding, else of the two the longer,
        since a file's own word may be a guess."""
        shown = self.length_of(self.video)
        return shown if abs(heard - shown) <= PADDING_SECONDS else max(heard, shown)


def declared(found: dict[str, Any]) -> Probe:
    """What ffprobe's JSON of a file's format and streams says."""
    streams = found.get("streams", [])
    format_name = str(found.get("format", {}).get("format_name", ""))
    video = [
        VideoTrack(
            int(stream["index"]), str(stream.get("codec_name", "")), _duration(stream, format_name)
        )
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
        format_name=format_name,
        video=video[0] if video else None,
        audio=tuple(
            _audio(stream, format_name) for stream in streams if stream.get("codec_type") == "audio"
        ),
        subtitles=tuple(subtitles),
    )


def _audio(stream: dict[str, Any], format_name: str) -> AudioTrack:
    return AudioTrack(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        channels=int(stream.get("channels", 0)),
        sample_rate=int(stream.get("sample_rate", 0)),
        language=_language(stream),
        duration=_duration(stream, format_name),
        is_default=bool(stream.get("disposition", {}).get("default")),
    )


def _duration(stream: dict[str, Any], format_name: str) -> float | None:
    """Seconds of a stream. Matroska has them in a tag, as ``00:01:02.5`` (``DURATION-eng``
    where mkvmerge wrote it)."""
    if format_name in GUESSED:
        return None
    if "duration" in stream:
        return float(stream["duration"])
    tags = stream.get("tags", {})
    text = next((tags[name] for name in tags if name.upper().startswith("DURATION")), "")
    parts = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", text)
    return int(parts[1]) * 3600 + int(parts[2]) * 60 + float(parts[3]) if parts else None


def _language(stream: dict[str, Any]) -> str | None:
    """None where the file does not know."""
    found = stream.get("tags", {}).get("language")
    return None if found in (None, "", "und") else str(found)
