"""Containers of the dubbed video, and which of them holds a source's streams.

A source keeps its family: QuickTime stays QuickTime, with its timecode, and Matroska stays
Matroska, with its styled subtitles and their fonts. Ingest tries the container that mux will
write, so that a dub that cannot be written is refused before a GPU is requested.
"""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.media.probe import AudioTrack, Probe, SubtitleTrack

MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"})
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
PCM = frozenset(
    f"pcm_{name}"
    for name in "u8 s16le s24le s32le s16be s24be s32be f32le f64le alaw mulaw".split()
)
MOV_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "adpcm_ima_qt", "qdm2"}) | PCM
MATROSKA_AUDIO = (
    MP4_AUDIO
    | PCM
    | {"mp2", "dts", "truehd", "vorbis", "tta", "wavpack", "wmav1", "wmav2", "adpcm_ms"}
)
NOT_IN_MATROSKA = frozenset({"qtrle", "rpza", "smc", "8bps", "cinepak", "svq1", "svq3"})
"""Video codecs that ffmpeg writes to Matroska in a way that nothing reads back."""
TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})
"""Subtitles that can be converted; the others are images."""
MATROSKA_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "webvtt"}) | {
    "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle",
}  # fmt: skip
WEBM_VIDEO, WEBM_AUDIO = frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})
QUICKTIME_BRAND = "qt"


@dataclass(frozen=True)
class Container:
    """A file format."""

    suffix: str
    """Of the file's name."""
    format: str
    """ffmpeg's name."""
    text_subtitles: str
    """Its codec for subtitles that are text."""
    audio: frozenset[str]
    """Audio codecs that ffmpeg copies into it, and that players expect there."""
    lossless: str
    """Codec for audio that it does not hold as it is."""
    subtitles: frozenset[str] = frozenset()
    """Subtitles that are copied into it."""
    attachments: bool = False
    """Whether it holds files, for example fonts."""
    options: tuple[str, ...] = ()

    def subtitle_codec(self, track: SubtitleTrack) -> str | None:
        """``copy``, or the codec to convert a track to; None if the container cannot hold it."""
        if track.codec in self.subtitles:
            return "copy"
        return self.text_subtitles if track.codec in TEXT_SUBTITLES else None

    def audio_codec(self, track: AudioTrack) -> str | None:
        """``copy``, or the codec to convert a track to; None if it cannot be decoded."""
        if not track.is_known:
            return None
        return "copy" if track.codec in self.audio else self.lossless


# -strict experimental: else ffmpeg 5 leaves out the records of Dolby Vision and 360-degree
# video, and refuses FLAC in MP4.
_MP4_OPTIONS = ("-strict", "experimental", "-movflags", "+faststart")
MP4 = Container("mp4", "mp4", "mov_text", MP4_AUDIO, "flac", options=_MP4_OPTIONS)
"""Every player opens it; its index comes first, so that it can be streamed."""
MOV = Container("mov", "mov", "mov_text", MOV_AUDIO, "alac", options=_MP4_OPTIONS)
"""What editors and studios deliver; it holds every video codec that comes in it."""
MATROSKA = Container(
    "mkv", "matroska", "subrip", MATROSKA_AUDIO, "flac",
    subtitles=MATROSKA_SUBTITLES, attachments=True,
)  # fmt: skip
"""It holds almost every codec."""


def container_for(source: Probe) -> Container | None:
    """The container of the dub; None for a source without a video stream.

    QuickTime and Matroska are kept. Anything else, WebM included, becomes mp4 if that holds the
    video stream and every audio track unchanged, else Matroska, or QuickTime for a codec that
    Matroska does not hold.
    """
    if source.video is None:
        return None
    if source.brand == QUICKTIME_BRAND:
        return MOV
    if source.video.codec in NOT_IN_MATROSKA:
        return MOV
    is_matroska = "matroska" in source.format_name.split(",") and not _is_webm(source)
    fits_mp4 = source.video.codec in MP4_VIDEO and all(
        track.codec in MP4_AUDIO for track in source.audio if track.is_known
    )
    return MP4 if fits_mp4 and not is_matroska else MATROSKA


def _is_webm(source: Probe) -> bool:
    """Whether a Matroska file has only what WebM can have: ffprobe names both formats alike."""
    return (
        source.video is not None
        and source.video.codec in WEBM_VIDEO
        and all(track.codec in WEBM_AUDIO for track in source.audio)
        and not source.subtitles
        and not source.has_attachments
    )
