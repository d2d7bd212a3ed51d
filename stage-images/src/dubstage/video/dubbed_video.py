"""The dubbed video: the source's video stream, the dub, the original audio, subtitles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import input_file, run
from dubstage.media.probe import RESTARTING_CLOCK_FORMATS, AudioTrack, Probe, VideoStream
from dubstage.text.languages import media_code
from dubstage.video.containers import MP4, TEXT_SUBTITLES, Container

AAC, AAC_BIT_RATE = "aac", "192k"
"""Codec and bit rate of the dub: 48 kHz stereo."""


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
    dub_gain_db: float
    """Gain with which the dub is encoded."""
    target_language: str
    """BCP 47, of the dub."""
    source_language: str
    """BCP 47, of the dubbed track."""
    subtitles: Sequence[SoftSubtitles]
    container: Container

    @property
    def reads_tracks_separately(self) -> bool:
        """Whether each stream is read by an input of its own, as ingest reads the audio: if
        a clock restarts, ffmpeg takes the last packets of one stream for a jump of all."""
        return self.declared.format_name in RESTARTING_CLOCK_FORMATS

    @property
    def text_subtitles(self) -> list[int]:
        """Indexes of the source's subtitle streams that are kept."""
        return [x.index for x in self.declared.subtitles if x.codec in TEXT_SUBTITLES]


def mux_video(video: DubbedVideo, target: Path, progress: Callable[[float], None]) -> None:
    """Write `video` to `target`.

    The video stream is copied. The dub is the default audio track; the source's tracks
    follow, copied, or as FLAC if the container does not hold them. Then come the new
    subtitles, and the source's own if they are text. Chapters and the video's rotation are
    kept. Raises :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    container = video.container
    arguments = [*_inputs(video), *_streams(video)]
    arguments += ["-c", "copy", "-c:s", container.subtitles, *_audio_codecs(video)]
    if container.format == MP4.format and video.video.codec == "hevc":
        # Apple's players know no other tag; a Matroska source has none.
        arguments += ["-tag:v", "hvc1"]
    arguments += _audio_tags(video)
    for number, subtitles in enumerate(video.subtitles):
        arguments += [f"-metadata:s:s:{number}", f"language={media_code(subtitles.language)}"]
    arguments += ["-disposition:s", "0", "-map_metadata", "0", *container.options]
    run(
        [*arguments, "-f", container.format, target],
        duration=video.declared.duration,
        progress=progress,
    )


def _inputs(video: DubbedVideo) -> list[str | Path]:
    """The source, the dub, the subtitles, and the source again for each track that is read
    separately."""
    repeated = len(video.declared.audio) if video.reads_tracks_separately else 0
    files = [video.source, video.dub, *(x.file for x in video.subtitles)]
    return [
        argument for file in [*files, *[video.source] * repeated] for argument in input_file(file)
    ]


def _streams(video: DubbedVideo) -> list[str]:
    """Which streams of the inputs are written, in order."""
    arguments = ["-map", f"0:{video.video.index}", "-map", "1:a:0"]
    for number, track in enumerate(video.declared.audio, start=2 + len(video.subtitles)):
        file = number if video.reads_tracks_separately else 0
        arguments += ["-map", f"{file}:{track.index}"]
    for number in range(len(video.subtitles)):
        arguments += ["-map", f"{number + 2}:s:0"]
    for index in video.text_subtitles:
        arguments += ["-map", f"0:{index}"]
    return arguments


def _audio_codecs(video: DubbedVideo) -> list[str]:
    """The dub is encoded with its gain, the other tracks only if they cannot be copied."""
    arguments = ["-c:a:0", AAC, "-b:a:0", AAC_BIT_RATE, "-ar:a:0", str(SAMPLE_RATE)]
    if video.dub_gain_db:
        arguments += ["-filter:a:0", f"volume={video.dub_gain_db:.3f}dB"]
    for number, track in enumerate(video.declared.audio, start=1):
        if track.codec not in video.container.audio:
            arguments += [f"-c:a:{number}", "flac"]
    return arguments


def _audio_tags(video: DubbedVideo) -> list[str]:
    """The dub is the default track. The dubbed track gets the source language, which may
    have been detected; the others keep theirs."""
    language = media_code(video.target_language)
    arguments = ["-metadata:s:a:0", f"language={language}", "-disposition:a:0", "default"]
    for number, track in enumerate(video.declared.audio, start=1):
        is_dubbed = track == video.dubbed_track
        tag = media_code(video.source_language) if is_dubbed else track.language
        arguments += [f"-metadata:s:a:{number}", f"language={tag or 'und'}"]
        arguments += [f"-disposition:a:{number}", "0"]
    return arguments
