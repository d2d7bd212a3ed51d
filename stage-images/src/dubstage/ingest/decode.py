"""The commands that read a source: one pass decodes, checks and measures it.

Two processes share the work. The first reads the source and decodes the track to stereo at
48 kHz; where a source changes from stereo to surround, ffmpeg restarts the filters of that
process. The second places the audio on the timeline, measures it and writes it; its filters
must not be restarted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.clock import Shift, shift_expression
from dubstage.media.ffmpeg import COMMON, input_file
from dubstage.media.probe import RESTARTING_CLOCK_FORMATS, AudioTrack, Probe
from dubstage.media.process import MediaError, Process, running
from dubstage.media.wav import WRITER

INFO = (*COMMON, "-nostats", "-v", "level+info")
STEREO_PIPE = ("-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s16le", "-f", "nut", "pipe:1")
LOUDNESS = "ebur128=dualmono=true:framelog=verbose"
"""Reports the loudness of a track with its channel layout; mono counts as it is heard, from
two speakers."""
SILENCE = -70.0
"""LUFS: the absolute gate of EBU R128, which reports it if there is nothing to measure."""

FILL = "flags=res:min_comp=0.002:min_hard_comp=0.01:max_soft_comp=0.01"
"""When audio and its timestamps differ: up to 2 ms is jitter; up to 10 ms is made up for
inaudibly, by resampling; more is a gap, which becomes silence, or an overlap, which is cut."""
MAX_LAYOUT_CHANNELS = 8
GUESSED_LAYOUTS = ("", "hexadecagonal")
"""More channels of such a layout are separate microphones."""
MONO_AT_FULL_LEVEL = "volume='if(eq(nb_channels,1),1.414213562,1)':eval=frame"
"""ffmpeg lowers a mono track by 3 dB when it becomes stereo. Players do not."""
POSITION = "out_time_us="
NO_MATRIX = "Rematrix is needed"
"""How ffmpeg reports a layout that it cannot mix to stereo."""


@dataclass(frozen=True)
class DecodedAudio:
    """What decoding has shown of a source."""

    seconds: float
    """Length of the audio on the timeline."""
    readable: float
    """Seconds after which neither the track nor the video stream could be read."""
    loudness: float | None
    """LUFS of the track itself by EBU R128; None for silence, and for less than 400 ms."""
    peak: float
    """dBFS of the largest sample."""
    messages: str
    """What the decoder reported."""


def decode(
    source: Path,
    declared: Probe,
    track: AudioTrack,
    shifts: Sequence[Shift],
    target: Path,
    progress: Callable[[float], None],
) -> DecodedAudio:
    """Decode `track` to `target`, a stereo WAV file whose sample 0 is the source's second 0.

    `shifts`: those of the track, if its clock restarts. The video stream's packets are read in
    the same pass, but not decoded. Raises :class:`MediaError` for a track that cannot be
    decoded.
    """
    if track.layout in GUESSED_LAYOUTS and track.channels > MAX_LAYOUT_CHANNELS:
        return _decode(source, declared, track, shifts, target, progress, _average(track.channels))
    try:
        return _decode(source, declared, track, shifts, target, progress, MONO_AT_FULL_LEVEL)
    except MediaError as error:
        if NO_MATRIX not in error.messages:
            raise
    return _decode(source, declared, track, shifts, target, progress, _average(track.channels))


def _decode(
    source: Path,
    declared: Probe,
    track: AudioTrack,
    shifts: Sequence[Shift],
    target: Path,
    progress: Callable[[float], None],
    mix: str,
) -> DecodedAudio:
    import soundfile

    is_surround = track.channels > 2 and mix == MONO_AT_FULL_LEVEL
    stream = ("-map", f"0:{track.index}", "-af")
    # The position is reported once, at the end.
    report = ["-stats_period", "86400", "-progress", "pipe:2"]
    reader = [*INFO, *report, *input_file(source), *stream, mix, *STEREO_PIPE]
    if is_surround:
        reader += [*stream, LOUDNESS, "-f", "null", "-"]
    if declared.video and declared.format_name not in RESTARTING_CLOCK_FORMATS:
        reader += ["-map", f"0:{declared.video.index}", "-c", "copy", "-f", "null", "-"]
    with running("ffmpeg", reader) as decoder:
        delay = shift_expression(shifts, declared.offset_of(track))
        writer = _place(decoder, delay, target, declared.duration, progress)
        decoder.stdout.close()
    loudness = _loudness(decoder.messages if is_surround else writer.messages)
    seconds = float(soundfile.info(target).duration)
    return DecodedAudio(
        seconds=seconds,
        readable=max(seconds, *_times(decoder.messages)),
        loudness=loudness,
        peak=_peak(writer.messages),
        messages="\n".join(decoder.messages),
    )


def _place(
    decoder: Process,
    delay: str,
    target: Path,
    duration: float,
    progress: Callable[[float], None],
) -> Process:
    """Write the audio of `decoder` to `target`, later than it is timed by `delay`, an
    expression of seconds."""
    filters = (
        f"asetpts='PTS+({delay})/TB',aresample={SAMPLE_RATE}:async=1:first_pts=0:{FILL},"
        f"{LOUDNESS},volumedetect"
    )
    # `ebur128` makes 64-bit floats of the samples, `volumedetect` takes 16 bits.
    piped = ["-copyts", "-protocol_whitelist", "pipe", "-f", "nut", "-i", "pipe:0"]
    arguments: list[str | Path] = [
        *INFO,
        "-progress",
        "pipe:1",
        *piped,
        "-af",
        filters,
        *WRITER,
        target,
    ]
    with running("ffmpeg", arguments, decoder.stdout) as writer:
        for line in writer.stdout:
            for seconds in _times([line.decode(errors="replace")]):
                if duration:
                    progress(min(seconds / duration, 1.0))
    return writer


def _average(channels: int) -> str:
    """The filter that mixes every channel into both sides, at the level that they have
    together."""
    terms = "+".join(f"c{number}" for number in range(channels))
    return f"pan=stereo|c0<{terms}|c1<{terms}"


def _times(lines: Iterable[str]) -> list[float]:
    """The positions that ffmpeg reported, in seconds."""
    return [
        int(line[len(POSITION) :]) / 1e6
        for line in lines
        if line.startswith(POSITION) and line[len(POSITION) :].strip().lstrip("-").isdigit()
    ]


def _loudness(messages: Iterable[str]) -> float | None:
    """LUFS, from the summaries of ``ebur128``: one, or one for each layout of the track."""
    found = re.findall(r"^ +I: +(-?[\d.]+) LUFS", "\n".join(messages), re.M)
    audible = [value for text in found if (value := float(text)) > SILENCE]
    if not audible:
        return None
    power = sum(10 ** (value / 10) for value in audible) / len(audible)
    return round(10 * math.log10(power), 2)


def _peak(messages: Iterable[str]) -> float:
    """dBFS, from the report of ``volumedetect``."""
    found = re.findall(r"max_volume: (-?[\d.]+) dB", "\n".join(messages))
    return float(found[-1]) if found else -math.inf
