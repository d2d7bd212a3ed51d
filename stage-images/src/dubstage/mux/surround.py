"""The dub in 5.1, for sources in 5.1 or more: the voice in the center channel.

The separation knows the speech of the stereo mix only. What it leaves of each moment and
frequency there is left in every channel of the source, so that music and effects stay where they
are. The low frequencies are kept whole.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.parameters import flag
from dubstage.logs import step
from dubstage.media.audio import SAMPLE_RATE, Samples, to_bytes
from dubstage.media.clock import shift_expression
from dubstage.media.ffmpeg import QUIET, input_file
from dubstage.media.probe import AudioTrack, Probe
from dubstage.media.process import running
from dubstage.media.wav import WRITER
from dubstage.mux.ducking import DuckEnvelope
from dubstage.mux.loudness import SILENCE, Loudness, measure_to
from dubstage.mux.master import PEAK_CEILING, ROUNDING
from dubstage.mux.mix import CROSS_FADE, Tracks
from dubstage.mux.room import Reverberation
from dubstage.mux.spans import Envelope
from dubstage.video.facts import SourceFacts
from dubstage.workspace.layout import Artifact
from dubstage.workspace.space import SURROUND
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

LAYOUT = "5.1"
LAYOUTS = ("5.1", "6.1", "7.1")
CHANNELS = 6
LEFT, RIGHT, CENTER, LOW, BACK_LEFT, BACK_RIGHT = range(CHANNELS)
SIDES = (LEFT, RIGHT, CENTER, CENTER, LEFT, RIGHT)
"""Whose share of the background each channel keeps: that of the left, of the right, or both."""
FOLD_DOWN = math.sqrt(0.5)
"""The level of center and surround channels in a stereo mix (ITU-R BS.775)."""
WINDOW, HOP = 2048, 512
OVERLAP_GAIN = WINDOW / HOP / 2
"""The sum of the squared windows."""
FLOOR = 1e-12
BLOCK = SAMPLE_RATE
BYTES = 4


@dataclass(frozen=True)
class SurroundSource:
    """The track that is dubbed, with all its channels."""

    file: Path
    declared: Probe
    facts: SourceFacts

    @property
    def track(self) -> AudioTrack:
        """The track."""
        return next(one for one in self.declared.audio if one.index == self.facts.track)

    @property
    def is_surround(self) -> bool:
        """Whether it has at least the channels of 5.1."""
        return self.track.layout.startswith(LAYOUTS)

    def blocks(self) -> Iterator[Samples]:
        """The track in 5.1, shape (frames, 6), on the timeline of the source.

        Raises :class:`dubstage.media.ffmpeg.MediaError` if it cannot be decoded.
        """
        import numpy

        shifts = self.facts.shifts.get(self.track.index, [])
        delay = shift_expression(shifts, self.declared.offset_of(self.track))
        filters = (
            f"aresample={SAMPLE_RATE}:rematrix_maxval=1000,aformat=channel_layouts={LAYOUT},"
            f"asetpts='PTS+({delay})/TB',aresample=async=1:first_pts=0"
        )
        output = ["-map", f"0:{self.track.index}", "-af", filters, "-f", "f32le", "pipe:1"]
        with running("ffmpeg", [*QUIET, "-copyts", *input_file(self.file), *output]) as process:
            while data := process.stdout.read(BLOCK * CHANNELS * BYTES):
                yield numpy.frombuffer(data, numpy.float32).reshape(-1, CHANNELS)


def surround_dub(work: Work, tracks: Tracks, source: SurroundSource) -> Path | None:
    """Write the dub in 5.1, if the profile asks for it and the source has it."""
    if not (flag(work.request.engine, SURROUND, False) and source.is_surround):
        return None
    target = work.staging(Artifact.DUBBED_SURROUND, None)
    loudness = work.request.mix.loudness or source.facts.loudness
    with step("surround"):
        write_surround(tracks, source, SILENCE if loudness is None else float(loudness), target)
    return target


def write_surround(
    tracks: Tracks, source: SurroundSource, target_loudness: float, file: Path
) -> Loudness:
    """Write the dub in 5.1 to `file`, a 16-bit WAV file, with `target_loudness` (LUFS) as far as
    its peaks allow, and return its loudness."""
    scale = fold_down_scale(tracks, source)
    measured = _feed(surround_blocks(tracks, source.blocks(), scale), ["-f", "null", "-"])
    gain = 0.0
    if measured.is_known and target_loudness > SILENCE:
        highest = PEAK_CEILING - ROUNDING - measured.true_peak
        gain = min(target_loudness - measured.integrated, highest)
    blocks = surround_blocks(tracks, source.blocks(), scale)
    return _feed(blocks, [*WRITER, file], gain)


def fold_down_scale(tracks: Tracks, source: SurroundSource) -> float:
    """The level of the source's stereo audio relative to its fold-down: decoders lower it, so
    that it cannot clip."""
    import numpy
    import soundfile

    both = power = 0.0
    with soundfile.SoundFile(tracks.source_audio) as stereo:
        for block in source.blocks():
            folded = fold_down(block)
            other = stereo.read(len(block), dtype="float32", always_2d=True, fill_value=0.0)
            both += float(numpy.vdot(other[: len(folded)], folded))
            power += float(numpy.square(folded).sum())
    return both / power if power > 0 and both > 0 else 1.0


def fold_down(samples: Samples) -> Samples:
    """The stereo mix of 5.1, without the low frequencies' channel."""
    center = FOLD_DOWN * samples[:, CENTER, None]
    surround = FOLD_DOWN * samples[:, [BACK_LEFT, BACK_RIGHT]]
    result: Samples = samples[:, [LEFT, RIGHT]] + center + surround
    return result


def surround_blocks(
    tracks: Tracks, source: Iterable[Samples], scale: float
) -> Generator[Samples, None, None]:
    """The mix in 5.1, shape (frames, 6), of exactly `tracks.frames` frames."""
    import numpy
    import soundfile

    speech = Envelope(tracks.speech, CROSS_FADE, CROSS_FADE)
    ducking = DuckEnvelope(tracks.ducks)
    room = Reverberation(tracks.room) if tracks.room else None
    separator = _Separator()
    start = 0
    with (
        soundfile.SoundFile(tracks.source_audio) as audio,
        soundfile.SoundFile(tracks.background) as background,
        soundfile.SoundFile(tracks.voice) as voice,
    ):
        silence = (numpy.zeros((WINDOW, CHANNELS), numpy.float32) for _ in range(tracks.frames))
        for block in chain(source, silence):
            stems = [
                file.read(len(block), dtype="float32", always_2d=True, fill_value=0.0)
                for file in (audio, background)
            ]
            whole, without = separator.push(block, *stems)
            count = min(len(whole), tracks.frames - start)
            if count > 0:
                speaking = speech.block(start, count)
                mixed = whole[:count] * (1 - speaking)
                mixed += without[:count] * speaking * ducking.block(start, count)
                spoken = voice.read(count, dtype="float32", always_2d=True, fill_value=0.0)
                spoken = room.block(spoken) if room else spoken
                mixed[:, CENTER] += spoken[:, 0] / (FOLD_DOWN * scale)
                yield mixed
                start += count
            if start >= tracks.frames:
                return


class _Separator:
    """Removes from every channel what the separation removed from the stereo mix."""

    def __init__(self) -> None:
        import numpy

        self._window = numpy.sqrt(numpy.hanning(WINDOW + 1)[:-1]).astype(numpy.float32)
        # The first window is centered on what comes before the source.
        self._input = numpy.zeros((WINDOW - HOP, CHANNELS + 4), numpy.float32)
        self._tail = numpy.zeros((WINDOW - HOP, CHANNELS), numpy.float32)
        self._skip = WINDOW - HOP

    def push(self, block: Samples, stereo: Samples, background: Samples) -> tuple[Samples, Samples]:
        """The frames of the source that are ready, and the same without speech."""
        import numpy

        data = numpy.concatenate([block, stereo, background], axis=1)
        self._input = numpy.concatenate([self._input, data])
        count = max((len(self._input) - WINDOW) // HOP + 1, 0)
        if not count:
            return self._input[:0, :CHANNELS], self._input[:0, :CHANNELS]
        ready = count * HOP
        whole = self._input[:ready, :CHANNELS]
        without = self._without_speech(count)
        self._input = self._input[ready:]
        first = min(self._skip, ready)
        self._skip -= first
        return whole[first:], without[first:]

    def _without_speech(self, count: int) -> Samples:
        """The frames of `count` hops, overlapped and added."""
        import numpy

        frames = numpy.lib.stride_tricks.sliding_window_view(self._input, WINDOW, axis=0)
        windowed = frames[: count * HOP : HOP] * self._window
        spectra = numpy.fft.rfft(windowed, axis=2)
        channels, stereo = spectra[:, :CHANNELS], spectra[:, CHANNELS : CHANNELS + 2]
        masks = _masks(stereo, spectra[:, CHANNELS + 2 :])
        parts = numpy.fft.irfft(channels * masks, axis=2).astype(numpy.float32) * self._window
        result = numpy.zeros((count * HOP + WINDOW - HOP, CHANNELS), numpy.float32)
        result[: len(self._tail)] = self._tail
        for number in range(count):
            result[number * HOP : number * HOP + WINDOW] += parts[number].T / OVERLAP_GAIN
        self._tail = result[count * HOP :]
        return result[: count * HOP]


def _masks(
    stereo: NDArray[numpy.complex128], background: NDArray[numpy.complex128]
) -> NDArray[numpy.float64]:
    """The share of each channel that is background, shape (hops, 6, bins)."""
    import numpy

    kept, speech = numpy.abs(background) ** 2, numpy.abs(stereo - background) ** 2
    sums = [array.sum(axis=1, keepdims=True) for array in (kept, speech)]
    kept, speech = (
        numpy.concatenate([each, both], axis=1)
        for each, both in zip((kept, speech), sums, strict=True)
    )
    masks = ((kept + FLOOR) / (kept + speech + FLOOR))[:, SIDES]
    masks[:, LOW] = 1.0
    return numpy.asarray(masks, numpy.float64)


def _feed(blocks: Iterable[Samples], output: list[str | Path], gain_db: float = 0.0) -> Loudness:
    """The loudness of `blocks`, `gain_db` louder, which ffmpeg writes to `output`."""
    factor = float(10 ** (gain_db / 20))
    return measure_to((to_bytes(block * factor) for block in blocks), output, CHANNELS)
