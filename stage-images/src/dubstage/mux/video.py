"""The dubbed video: the picture as it was, the dub, and the original sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dubstage.languages import media_code
from dubstage.media import MP4_AUDIO, SAMPLE_RATE, Probe, ffmpeg, input_file

DUB_BITRATE = "192k"


def mux_video(
    source: Path,
    declared: Probe,
    dubbed_audio: Path,
    languages: tuple[str, str],
    target: Path,
    progress: Callable[[float], None],
) -> None:
    """Write an mp4 of the first video stream, copied; the dub as the default track;
    the original's audio tracks after it, copied where mp4 takes their codec.

    `languages`: BCP 47 of the dub and of the original. Raises
    :class:`dubstage.media.MediaError` where ffmpeg cannot.
    """
    dub, original = languages
    arguments: list[str | Path] = [*input_file(source), *input_file(dubbed_audio)]
    arguments += ["-map", f"0:{declared.video_index}", "-map", "1:a:0"]
    for track in declared.audio:
        arguments += ["-map", f"0:{track.index}"]
    arguments += ["-c:v", "copy", "-c:a:0", "aac", "-b:a:0", DUB_BITRATE]
    arguments += ["-ar:a:0", str(SAMPLE_RATE)]
    arguments += ["-metadata:s:a:0", f"language={media_code(dub)}", "-disposition:a:0", "default"]
    for number, track in enumerate(declared.audio, start=1):
        known = track.language not in (None, "und")
        language = track.language if known and number > 1 else media_code(original)
        arguments += [f"-c:a:{number}", "copy" if track.codec in MP4_AUDIO else "aac"]
        arguments += [f"-metadata:s:a:{number}", f"language={language}"]
        arguments += [f"-disposition:a:{number}", "0"]
    arguments += ["-map_metadata", "0", "-movflags", "+faststart", "-f", "mp4", target]
    ffmpeg(arguments, duration=declared.duration, progress=progress)
