"""The dubbed video: the picture as it was, the dub, the original sound, subtitles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubstage.media.ffmpeg import SAMPLE_RATE, ffmpeg, input_file
from dubstage.media.probe import CLOCKED, AudioTrack, Probe
from dubstage.mux.containers import MP4, TEXT_SUBTITLES, Container
from dubstage.mux.lossy import AAC
from dubstage.text.languages import media_code

DUB_CODEC = ("-c:a:0", AAC[0], "-b:a:0", AAC[1], "-ar:a:0", str(SAMPLE_RATE))


@dataclass(frozen=True)
class Subtitles:
    """One SRT file that becomes a soft track."""

    file: Path
    language: str
    """BCP 47."""


def mux_video(
    source: Path,
    declared: Probe,
    dubbed: AudioTrack,
    dub: tuple[Path, float],
    languages: tuple[str, str],
    subtitles: Sequence[Subtitles],
    container: Container,
    target: Path,
    progress: Callable[[float], None],
) -> None:
    """Write the first video stream, copied; the dub as the default track; the source's audio
    tracks after it, copied, or as FLAC where the container does not hold them; `subtitles`,
    then the source's own where they are text. Chapters and the picture's rotation stay.

    `dubbed`: the original's track that the dub is of; `dub`: its sound, and the decibels
    with which it is encoded; `languages`: BCP 47 of the dub and of the original. Raises
    :class:`dubstage.media.ffmpeg.MediaError` where ffmpeg cannot.
    """
    assert declared.video
    sound, gain = dub
    own = [track for track in declared.subtitles if track.codec in TEXT_SUBTITLES]
    arguments: list[str | Path] = [*input_file(source), *input_file(sound)]
    for extra in subtitles:
        arguments += input_file(extra.file)
    # Where a clock starts anew ffmpeg takes the last packets of one stream for a jump of
    # all: each is read by itself, as ingest reads the sound.
    apart = declared.format_name in CLOCKED
    for _ in declared.audio if apart else ():
        arguments += input_file(source)
    arguments += ["-map", f"0:{declared.video.index}", "-map", "1:a:0"]
    for number, track in enumerate(declared.audio, start=2 + len(subtitles)):
        arguments += ["-map", f"{number if apart else 0}:{track.index}"]
    for number in range(len(subtitles)):
        arguments += ["-map", f"{number + 2}:s:0"]
    for text in own:
        arguments += ["-map", f"0:{text.index}"]
    arguments += ["-c", "copy", "-c:s", container.subtitles]
    arguments += _audio_codecs(declared.audio, gain, container)
    if container is MP4 and declared.video.codec == "hevc":
        # Apple's players know no other mark; a Matroska source has none.
        arguments += ["-tag:v", "hvc1"]
    arguments += _audio_tags(declared.audio, dubbed, languages)
    for number, file in enumerate(subtitles):
        arguments += [f"-metadata:s:s:{number}", f"language={media_code(file.language)}"]
    arguments += ["-disposition:s", "0", "-map_metadata", "0", *container.options]
    ffmpeg(
        [*arguments, "-f", container.format, target],
        duration=declared.duration,
        progress=progress,
    )


def _audio_codecs(tracks: Sequence[AudioTrack], gain: float, container: Container) -> list[str]:
    """The dub is encoded, with `gain` decibels; the others where they cannot be copied."""
    found = [*DUB_CODEC]
    if gain:
        found += ["-filter:a:0", f"volume={gain:.3f}dB"]
    for number, track in enumerate(tracks, start=1):
        if track.codec not in container.audio:
            found += [f"-c:a:{number}", "flac"]
    return found


def _audio_tags(
    tracks: Sequence[AudioTrack], dubbed: AudioTrack, languages: tuple[str, str]
) -> list[str]:
    """The dub is the default; the track that it is of is in the language that was heard,
    the others keep theirs."""
    dub, original = languages
    found = ["-metadata:s:a:0", f"language={media_code(dub)}", "-disposition:a:0", "default"]
    for number, track in enumerate(tracks, start=1):
        language = media_code(original) if track == dubbed else track.language
        found += [f"-metadata:s:a:{number}", f"language={language or 'und'}"]
        found += [f"-disposition:a:{number}", "0"]
    return found
