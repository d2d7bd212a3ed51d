"""Reads a dubbed video back: every stream that should be in it is there, decodes, and is the
right one.

What a player needs is decided by the muxer and the container, not only by the packets that were
copied, which is in :mod:`dubstage.video.dubbed_video`. A position whose video the source itself
does not decode is not the fault of the dub.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dubstage.errors import BadInput
from dubstage.logs import step
from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import MediaError, decoded_streams, probe, read_window
from dubstage.media.probe import Probe
from dubstage.video.dubbed_video import DubbedVideo

WINDOW = 1.0
"""Seconds that are decoded at the beginning, in the middle and near the end."""
AUDIBLE = 1e-3
"""Effective value of samples; what is softer cannot be compared."""
SAME = 0.5
"""Correlation of the dub with its AAC track, which is above 0.9; other audio is below 0.3."""
COMPARED_HERTZ = 3000
"""AAC replaces noise above 4 kHz by other noise."""
MAX_SHIFT = round(0.05 * SAMPLE_RATE)
"""Frames by which the two may be shifted: containers start their clocks differently."""
MAX_MISSING_SECONDS = 1.0


@step("read back")
def verify(video: DubbedVideo, target: Path, duration: float) -> None:
    """Raise :class:`BadInput` unless `target` is `video`, of `duration` seconds, and plays."""
    try:
        found = probe(target)
        problem = _difference(video, found, duration)
        for start in _positions(duration):
            problem = problem or _decoding_problem(video, target, start)
        problem = problem or _dub_problem(video.dub, target, duration)
    except MediaError as error:
        problem = str(error).replace(str(target), target.name)
    if problem:
        raise BadInput(
            f"The dub of {video.source.name} was written as {video.container.suffix} and cannot be "
            f"played: {problem}. Convert the source, for example to MP4 with H.264 and AAC.",
            reason="VideoUnsupported",
        )


def _difference(video: DubbedVideo, found: Probe, duration: float) -> str:
    """What is missing in `found`, the probe of the dubbed video; empty if nothing is."""
    if found.video is None or found.video.codec != video.video.codec:
        return f"its video is {found.video.codec if found.video else 'missing'}, expected " + (
            video.video.codec
        )
    streams = (
        ("audio tracks", len(found.audio), len(video.dubs) + len(video.audio)),
        ("subtitles", len(found.subtitles), len(video.subtitles) + len(video.own_subtitles)),
    )
    for name, count, expected in streams:
        if count != expected:
            return f"it has {count} {name}, expected {expected}"
    language = video.code_of(video.target_language)
    if found.audio[0].language not in (language, None):
        return f"its first audio track is in {found.audio[0].language}, expected {language}"
    if found.duration and found.duration < duration - MAX_MISSING_SECONDS:
        return f"it ends at {found.duration:.1f} s, expected {duration:.1f} s"
    return ""


def _positions(duration: float) -> Iterator[float]:
    """Seconds at which a window starts."""
    last = max(duration - 2 * WINDOW, 0.0)
    yield from sorted({0.0, last / 2, last})


def _decoding_problem(video: DubbedVideo, target: Path, start: float) -> str:
    """Which stream has nothing at a window that decodes, though it has in the source; empty if
    there is none. Of tracks that are converted, the source is not asked."""
    dubs = [None] * len(video.dubs)
    originals = [video.video.index, *dubs, *(track.index for track, _ in video.audio)]
    streams = ["0:v:0", *(f"0:a:{number}" for number in range(len(originals) - 1))]
    silent = set(range(len(streams))) - decoded_streams(target, start, WINDOW, streams)
    if not silent - set(range(1, 1 + len(dubs))):
        return ""
    known = [f"0:{index}" for index in originals if index is not None]
    places = [place for place, index in enumerate(originals) if index is not None]
    in_source = {places[number] for number in decoded_streams(video.source, start, WINDOW, known)}
    if lost := sorted(silent & in_source):
        return f"at {start:.1f} s its stream {streams[lost[0]][2:]} does not decode"
    return ""


def _dub_problem(dub: Path, target: Path, duration: float) -> str:
    """Whether the first audio track is another audio than the dub, at the first window with
    audible audio; empty if it is the dub, or if that is silent."""
    import soundfile

    for start in _positions(duration):
        first = round(start * SAMPLE_RATE)
        with soundfile.SoundFile(dub) as audio:
            audio.seek(min(first, audio.frames))
            expected = audio.read(round(WINDOW * SAMPLE_RATE), "float32", always_2d=True)
        if _level(expected.mean(axis=1)) < AUDIBLE:
            continue
        heard = read_window(target, start, WINDOW)
        is_dub = _similarity(expected.mean(axis=1), heard) >= SAME
        return "" if is_dub else f"at {start:.1f} s its first audio track is not the dub"
    return ""


def _level(samples: Samples) -> float:
    import numpy

    return float(numpy.sqrt(numpy.mean(numpy.square(samples)))) if len(samples) else 0.0


def _similarity(one: Samples, other: Samples) -> float:
    """The highest correlation of two windows within :data:`MAX_SHIFT`."""
    import numpy

    size = 2 * max(len(one), len(other), 1)
    low = numpy.fft.rfftfreq(size, 1 / SAMPLE_RATE) < COMPARED_HERTZ
    first, second = (numpy.fft.rfft(samples, size) * low for samples in (one, other))
    products = numpy.fft.irfft(first * numpy.conj(second), size)
    near = numpy.concatenate([products[: MAX_SHIFT + 1], products[-MAX_SHIFT:]])
    energies = [float((numpy.fft.irfft(part, size) ** 2).sum()) for part in (first, second)]
    energy = (energies[0] * energies[1]) ** 0.5
    return float(near.max()) / energy if energy else 0.0
