"""The dubbed video: the source's video stream, the dub, the original audio, subtitles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.clock import Shift, shift_expression
from dubstage.media.ffmpeg import input_file, run
from dubstage.media.probe import (
    RESTARTING_CLOCK_FORMATS,
    AudioTrack,
    Probe,
    SubtitleTrack,
    VideoStream,
)
from dubstage.text.languages import media_code
from dubstage.video.aac import ENCODER, AacTrack
from dubstage.video.codec_delay import lost_delay
from dubstage.video.containers import MATROSKA, MOV, MP4, Container
from dubstage.video.mp4_tracks import disable_subtitles

UNTIMED_FORMATS = frozenset({"avi", "mpeg"})
"""Formats whose packets may have no presentation time: ffmpeg works it out."""
OWN_CLOCK = 0.000001
"""Seconds. Without an offset, ffmpeg lets a stream that is read alone start at 0; with one, however
small, it keeps the stream's place on the clock of the file."""
DEFAULT = "default"
"""The disposition of the track that players choose."""
SURROUND_BIT_RATE = "384k"
"""Bit rate of the dub in 5.1."""


@dataclass(frozen=True)
class SoftSubtitles:
    """An SRT file that becomes a soft subtitle track."""

    file: Path
    language: str
    """BCP 47."""


@dataclass(frozen=True)
class DubbedVideo:
    """Everything that goes into the dubbed video."""

    source: Path
    declared: Probe
    """What the source declares."""
    video: VideoStream
    """Its video stream, which is copied."""
    dubbed_track: AudioTrack
    """Its audio track that was dubbed."""
    dub: Path
    """The dub's WAV file."""
    encoded: AacTrack
    """The same as AAC, which is copied."""
    target_language: str
    """BCP 47, of the dub."""
    source_language: str
    """BCP 47, of the dubbed track."""
    subtitles: Sequence[SoftSubtitles]
    container: Container
    surround: Path | None = None
    """The dub's WAV file in 5.1, which becomes the second audio track."""
    shifts: Mapping[int, Sequence[Shift]] = field(default_factory=dict)
    """By index, of the source's audio tracks whose clock restarts."""

    def code_of(self, tag: str) -> str:
        """The code of a language, a BCP 47 tag, in the container."""
        return media_code(tag, is_bibliographic=self.container.format == MATROSKA.format)

    @property
    def reads_tracks_separately(self) -> bool:
        """Whether each stream is read by an input of its own, as ingest reads the audio: if
        a clock restarts, ffmpeg takes the last packets of one stream for a jump of all."""
        return self.declared.format_name in RESTARTING_CLOCK_FORMATS

    @property
    def dubs(self) -> list[Path]:
        """The WAV files of the dub, in the order of their tracks."""
        return [self.dub, self.surround] if self.surround else [self.dub]

    @property
    def audio(self) -> list[tuple[AudioTrack, str]]:
        """The source's audio tracks that are kept, each with its codec. Packets cannot be moved
        where the clock restarts, so such a track is converted."""
        return [
            (track, self.container.lossless if track.index in self.shifts else codec)
            for track in self.declared.audio
            if (codec := self.container.audio_codec(track))
        ]

    @property
    def original_track(self) -> int | None:
        """The number of the dubbed track among the audio tracks of this video, from 0 on; None
        if the container does not hold it."""
        kept = [track for track, _ in self.audio]
        return len(self.dubs) + kept.index(self.dubbed_track) if self.dubbed_track in kept else None

    @property
    def own_subtitles(self) -> list[tuple[SubtitleTrack, str]]:
        """The source's subtitles that are kept, each with its codec."""
        return [
            (track, codec)
            for track in self.declared.subtitles
            if (codec := self.container.subtitle_codec(track))
        ]


def mux_video(video: DubbedVideo, target: Path, progress: Callable[[float], None]) -> None:
    """Write `video` to `target`.

    The video stream is copied. The dub is the default audio track; its 5.1 and the source's
    follow, copied, or lossless if the container does not hold them. Then come the new
    subtitles, and the source's own. Chapters, titles, attachments, the video's rotation and
    what a track is for are kept. Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg
    fails.
    """
    container = video.container
    delays = _own_delays(video, target.parent)
    arguments = [*_inputs(video, delays), *_streams(video, delays)]
    arguments += ["-c", "copy", *_audio_codecs(video), *_subtitle_codecs(video)]
    if container.format in (MP4.format, MOV.format) and video.video.codec == "hevc":
        # Apple's players know no other tag; a Matroska source has none.
        arguments += ["-tag:v", "hvc1"]
    arguments += [*_audio_tags(video), *_subtitle_tags(video)]
    arguments += ["-map_metadata", "0", *container.options]
    run(
        [*arguments, "-f", container.format, target],
        duration=video.declared.duration,
        progress=progress,
    )
    if container.format in (MP4.format, MOV.format):
        disable_subtitles(target)


def _own_delays(video: DubbedVideo, scratch: Path) -> list[float | None]:
    """For each of the source's audio tracks, the seconds to add to its times if an input of its
    own reads it, else None."""
    delays: list[float | None] = []
    for track, codec in video.audio:
        delay = lost_delay(video.source, track, video.container, scratch) if codec == "copy" else 0
        is_separate = delay or video.reads_tracks_separately
        delays.append(delay if is_separate else None)
    return delays


def _inputs(video: DubbedVideo, delays: Sequence[float | None]) -> list[str | Path]:
    """The source, the dub, the subtitles, and the source again for each track that is read
    separately."""
    arguments: list[str | Path] = [*_source(video), *video.encoded.as_input()]
    for file in (*video.dubs[1:], *(each.file for each in video.subtitles)):
        arguments += input_file(file)
    for delay in delays:
        if delay is not None:
            arguments += _source(video, delay)
    return arguments


def _source(video: DubbedVideo, delay: float = 0.0) -> list[str | Path]:
    """The source as an input, `delay` seconds later."""
    arguments: list[str | Path] = []
    if video.declared.format_name in UNTIMED_FORMATS:
        arguments += ["-fflags", "+genpts"]
    if video.reads_tracks_separately or delay:
        arguments += ["-itsoffset", f"{delay or OWN_CLOCK:.6f}"]
    return [*arguments, *input_file(video.source)]


def _streams(video: DubbedVideo, delays: Sequence[float | None]) -> list[str]:
    """Which streams of the inputs are written, in order."""
    arguments = ["-map", f"0:{video.video.index}"]
    for number in range(len(video.dubs)):
        arguments += ["-map", f"{number + 1}:a:0"]
    first = 1 + len(video.dubs)
    own_inputs = itertools.count(first + len(video.subtitles))
    for (track, _), delay in zip(video.audio, delays, strict=True):
        file = 0 if delay is None else next(own_inputs)
        arguments += ["-map", f"{file}:{track.index}"]
    for number in range(len(video.subtitles)):
        arguments += ["-map", f"{first + number}:s:0"]
    for subtitle, _ in video.own_subtitles:
        arguments += ["-map", f"0:{subtitle.index}"]
    if video.container.attachments and video.declared.has_attachments:
        arguments += ["-map", "0:t"]
    return arguments


def _audio_codecs(video: DubbedVideo) -> list[str]:
    """The dub in 5.1 is encoded, the source's tracks only if they cannot be copied."""
    arguments = video.encoded.trimmed("a:0")
    if video.surround:
        arguments += ["-c:a:1", ENCODER, "-b:a:1", SURROUND_BIT_RATE, "-ar:a:1", str(SAMPLE_RATE)]
    for number, (track, codec) in enumerate(video.audio, start=len(video.dubs)):
        if codec != "copy":
            arguments += [f"-c:a:{number}", codec]
        if shifts := video.shifts.get(track.index):
            delay = shift_expression(shifts, time=f"T-{video.declared.offset_of(track):.6f}")
            filters = f"asetpts='PTS+({delay})/TB',aresample=async=1"
            arguments += [f"-filter:a:{number}", filters]
    return arguments


def _subtitle_codecs(video: DubbedVideo) -> list[str]:
    codecs = [video.container.text_subtitles] * len(video.subtitles)
    codecs += [codec for _, codec in video.own_subtitles]
    return [part for n, codec in enumerate(codecs) for part in (f"-c:s:{n}", codec)]


def _audio_tags(video: DubbedVideo) -> list[str]:
    """The dub is the default track. The dubbed track gets the source language, which may
    have been detected; the others keep theirs."""
    language = video.code_of(video.target_language)
    arguments = ["-metadata:s:a:0", f"language={language}", "-disposition:a:0", DEFAULT]
    if video.surround:
        arguments += ["-metadata:s:a:1", f"language={language}", "-disposition:a:1", "0"]
    for number, (track, _) in enumerate(video.audio, start=len(video.dubs)):
        is_dubbed = track == video.dubbed_track
        tag = video.code_of(video.source_language) if is_dubbed else track.language
        arguments += [f"-metadata:s:a:{number}", f"language={tag or 'und'}"]
        arguments += [f"-disposition:a:{number}", _without_default(track.dispositions)]
    return arguments


def _subtitle_tags(video: DubbedVideo) -> list[str]:
    """No subtitles are the default; the source's own keep what they are for. Whether an MP4 heeds
    that is decided by :mod:`dubstage.video.mp4_tracks`."""
    arguments = []
    for number, subtitles in enumerate(video.subtitles):
        arguments += [f"-metadata:s:s:{number}", f"language={video.code_of(subtitles.language)}"]
        arguments += [f"-disposition:s:{number}", "0"]
    for number, (track, _) in enumerate(video.own_subtitles, start=len(video.subtitles)):
        arguments += [f"-disposition:s:{number}", _without_default(track.dispositions)]
    return arguments


def _without_default(dispositions: Sequence[str]) -> str:
    """The flags of a track that is not the default one, as ffmpeg reads them."""
    return "+".join(name for name in dispositions if name != DEFAULT) or "0"
