"""The curves of all tracks of a dub, and their form in the page: bytes in base64."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubstage.media.audio import BLOCK_FRAMES, Samples, read_frames
from dubstage.media.hops import Hops, HopSplitter, measure_hops
from dubstage.page.curves import BANDS, Curves, Waveform

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

LOWEST_LUFS, STEPS_PER_LU = -64.0, 4
"""A loudness is stored as a byte: quarters of a LU above the lowest that is shown."""
LOWEST_DB, RANGE_DB = -90.0, 70.0
"""The level that is the darkest in the spectrogram, and the distance to the brightest."""


class Pictures:
    """The curves of the source, the dub and its two stems."""

    def __init__(self, frames: int) -> None:
        """`frames`: length of the dub at 48 kHz."""
        self._source = Curves(frames)
        self._dub = Curves(frames)
        self._stems = [(HopSplitter(), Waveform(frames)) for _ in range(2)]

    def add(self, background: Samples, voice: Samples, dub: Hops) -> None:
        """Add the next block of the two stems of the dub, and its own next hops; `voice` has one
        channel, for both sides."""
        for (splitter, waveform), samples in zip(self._stems, (background, voice), strict=True):
            waveform.add(splitter.add(samples))
        self._dub.add(dub)

    def finish(self, dub: Hops) -> None:
        """Add the last hop of the dub, and of its stems, which silence completes."""
        for splitter, waveform in self._stems:
            waveform.add(splitter.finish())
        self._dub.add(dub)

    def add_source(self, audio: Path) -> None:
        """Measure the audio of the source, a WAV file, block by block."""
        import soundfile

        splitter = HopSplitter()
        with soundfile.SoundFile(audio) as file:
            while len(block := read_frames(file, BLOCK_FRAMES)):
                self._source.add(measure_hops(splitter.add(block)))
        self._source.add(measure_hops(splitter.finish()))

    def encoded(self) -> dict[str, Any]:
        """The curves as the script of the page reads them."""
        curves = {"original": self._source, "dub": self._dub}
        (_, background), (_, voice) = self._stems
        waveforms = {name: each.waveform for name, each in curves.items()}
        waveforms |= {"voice": voice, "background": background}
        return {
            "peaks": {name: _amplitudes(each.peaks) for name, each in waveforms.items()},
            "bands": BANDS,
            "spectrogram": {name: _levels(each.spectrogram) for name, each in curves.items()},
            "loudness": {name: _lufs(each.short_term_loudness()) for name, each in curves.items()},
            "lowestLufs": LOWEST_LUFS,
            "stepsPerLu": STEPS_PER_LU,
        }


def _amplitudes(values: NDArray[numpy.float32]) -> str:
    """Square roots, so that soft audio has more steps than loud audio."""
    import numpy

    return _bytes(numpy.sqrt(numpy.clip(values, 0.0, 1.0)) * 255)


def _levels(power: NDArray[numpy.float64]) -> str:
    """Decibels, of which those that are shown have 256 steps."""
    import numpy

    decibels = 10 * numpy.log10(numpy.maximum(power, 1e-12))
    return _bytes((decibels - LOWEST_DB) / RANGE_DB * 255)


def _lufs(loudness: NDArray[numpy.float64]) -> str:
    return _bytes((loudness - LOWEST_LUFS) * STEPS_PER_LU)


def _bytes(values: NDArray[numpy.float32] | NDArray[numpy.float64]) -> str:
    """Values from 0 to 255 as bytes, in base64."""
    import numpy

    quantized = numpy.clip(numpy.rint(values), 0, 255).astype(numpy.uint8)
    return base64.b64encode(quantized.tobytes()).decode()
