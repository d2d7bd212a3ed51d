"""What a media file declares, as ffprobe reports it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ESTIMATED_FORMATS = frozenset({"aac", "mp3", "mpeg", "mpegts"})
"""Formats that do not declare their duration: ffprobe estimates it from the bit rate at the
beginning, or from the timestamps at the end, and may be far off."""
RESTARTING_CLOCK_FORMATS = frozenset({"mpeg", "mpegts"})
"""Formats whose clock may restart in the middle: recordings are joined byte by byte."""
MKVMERGE_TAG = "_STATISTICS"
"""How the names of mkvmerge's own tags begin."""
UNORDERED_CODECS = frozenset({"h264", "hevc"})
"""Codecs whose frames ffmpeg cannot put into the order of their display if, as in AVI, the file
has no presentation times."""
UNKNOWN_CODECS = frozenset({"", "none", "unknown"})
"""Names of codecs that ffmpeg does not know."""
MAX_PADDING_SECONDS = 0.3
"""A codec's last frame is filled up: 2048 samples of HE-AAC at 8 kHz are 0.26 s."""


@dataclass(frozen=True)
class AudioTrack:
    """One audio stream of a file."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str | None
    duration: float | None = None
    """Seconds that the file declares for it; None if it declares none."""
    is_default: bool = False
    """Whether players choose it unless the viewer chooses another."""
    start: float = 0.0
    """Seconds on the file's clock at which it starts."""
    layout: str = ""
    """ffmpeg's name of its channel layout; empty if the file does not declare one."""
    tag: str = ""
    """Four characters with which the file names the codec."""
    dispositions: tuple[str, ...] = ()
    """ffmpeg's names of what the track is for, for example comment."""

    @property
    def is_known(self) -> bool:
        """Whether its codec is known. Only decoding shows whether it can be decoded."""
        return self.codec not in UNKNOWN_CODECS and self.channels > 0


@dataclass(frozen=True)
class VideoStream:
    """One video stream of a file."""

    index: int
    codec: str
    duration: float | None = None
    """Seconds that the file declares for it; None if it declares none."""
    start: float = 0.0
    """Seconds on the file's clock at which it starts."""
    has_b_frames: bool = False
    """Whether frames are displayed in another order than they are stored."""


@dataclass(frozen=True)
class SubtitleTrack:
    """One subtitle stream of a file."""

    index: int
    codec: str
    language: str | None
    dispositions: tuple[str, ...] = ()
    """ffmpeg's names of what the track is for, for example forced."""


@dataclass(frozen=True)
class Probe:
    """What a media file declares."""

    duration: float
    """Seconds of its longest stream, an estimate for some formats; 0.0 if it declares none."""
    format_name: str
    video: VideoStream | None
    """The first that is not cover art."""
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...] = ()
    brand: str = ""
    """Brand of a file of the MP4 family: ``qt`` is a QuickTime file."""
    has_attachments: bool = False
    """Whether there are files in it, for example the fonts of its subtitles."""

    @property
    def is_unordered(self) -> bool:
        """Whether nothing in the file says in which order its frames are displayed."""
        video = self.video
        return (
            video is not None
            and self.format_name == "avi"
            and video.codec in UNORDERED_CODECS
            and video.has_b_frames
        )

    def declared_seconds(self, *streams: AudioTrack | VideoStream | None) -> float:
        """Seconds that the file declares for the longest of `streams`; 0.0 if it declares
        none. Subtitles do not count: they may end long after the video."""
        known = [stream.duration for stream in streams if stream and stream.duration]
        if known:
            return max(known)
        is_reliable = not self.subtitles and self.format_name not in ESTIMATED_FORMATS
        return self.duration if is_reliable and any(streams) else 0.0

    def offset_of(self, stream: AudioTrack | VideoStream) -> float:
        """Seconds to add to the times of `stream` if a separate ffmpeg process reads it.

        ffmpeg starts the file at 0.0, but with formats whose clock may restart it starts the
        first stream that it reads at 0.0, so that a late track would lose its delay.
        """
        if self.format_name not in RESTARTING_CLOCK_FORMATS:
            return 0.0
        starts = [track.start for track in self.audio]
        if self.video:
            starts.append(self.video.start)
        return stream.start - min(starts)

    def source_seconds(self, audio_seconds: float) -> float:
        """Seconds of the source, of whose audio `audio_seconds` were decoded.

        The video stream's duration, if the audio is as long except for the padding of its
        last frame, else the longer of the two, because the declared one may be an estimate.
        """
        video_seconds = self.declared_seconds(self.video)
        if abs(audio_seconds - video_seconds) <= MAX_PADDING_SECONDS:
            return video_seconds
        return max(audio_seconds, video_seconds)


def parse_probe(answer: dict[str, Any]) -> Probe:
    """Parse ffprobe's JSON of a file's format and streams."""
    streams = answer.get("streams", [])
    format_name = str(answer.get("format", {}).get("format_name", ""))
    video = [
        VideoStream(
            int(stream["index"]),
            _codec(stream),
            _duration(stream, format_name),
            _start(stream),
            bool(stream.get("has_b_frames")),
        )
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    audio = [
        _audio_track(stream, format_name)
        for stream in streams
        if stream.get("codec_type") == "audio"
    ]
    subtitles = [
        SubtitleTrack(
            int(stream["index"]), _codec(stream), _language(stream), _dispositions(stream)
        )
        for stream in streams
        if stream.get("codec_type") == "subtitle"
    ]
    return Probe(
        duration=float(answer.get("format", {}).get("duration") or 0.0),
        format_name=format_name,
        video=video[0] if video else None,
        audio=tuple(audio),
        subtitles=tuple(subtitles),
        brand=str(answer.get("format", {}).get("tags", {}).get("major_brand", "")).strip(),
        has_attachments=any(stream.get("codec_type") == "attachment" for stream in streams),
    )


def _audio_track(stream: dict[str, Any], format_name: str) -> AudioTrack:
    return AudioTrack(
        index=int(stream["index"]),
        codec=_codec(stream),
        channels=int(stream.get("channels", 0)),
        sample_rate=int(stream.get("sample_rate", 0)),
        language=_language(stream),
        duration=_duration(stream, format_name),
        is_default=bool(stream.get("disposition", {}).get("default")),
        start=_start(stream),
        layout=layout if (layout := str(stream.get("channel_layout", ""))) != "unknown" else "",
        tag=str(stream.get("codec_tag_string", "")),
        dispositions=_dispositions(stream),
    )


def _dispositions(stream: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, is_set in stream.get("disposition", {}).items() if is_set)


def _codec(stream: dict[str, Any]) -> str:
    return str(stream.get("codec_name", ""))


def _start(stream: dict[str, Any]) -> float:
    return float(stream.get("start_time") or 0.0)


def _duration(stream: dict[str, Any], format_name: str) -> float | None:
    """Seconds of a stream. Matroska has them in a tag, as ``00:01:02.5``: mkvmerge writes
    the length (and ``DURATION-eng``), other programs the time at which the stream ends."""
    if format_name in ESTIMATED_FORMATS:
        return None
    if "duration" in stream:
        return float(stream["duration"])
    tags = {name.upper(): str(value) for name, value in stream.get("tags", {}).items()}
    text = next((tags[name] for name in tags if name.startswith("DURATION")), "")
    parts = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", text)
    if parts is None:
        return None
    seconds = int(parts[1]) * 3600 + int(parts[2]) * 60 + float(parts[3])
    is_length = any(name.startswith(MKVMERGE_TAG) for name in tags)
    return seconds if is_length else max(seconds - _start(stream), 0.0)


def _language(stream: dict[str, Any]) -> str | None:
    """None if the file does not declare it."""
    language = stream.get("tags", {}).get("language")
    return None if language in (None, "", "und") else str(language)
