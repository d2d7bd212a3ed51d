"""The curves of all tracks of a dub, and their form in the page: bytes in base64."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubstage.media.audio import BLOCK_FRAMES, Samples, read_frames
from dubstage.page.curves import BANDS, Curves

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
        self._frames = frames
        self._source = Curves(frames)
        self._dub = Curves(frames)
        self._voice = Curves(frames, has_spectrum=False)
        self._background = Curves(frames, has_spectrum=False)

    def add(self, background: Samples, voice: Samples, mixed: Samples) -> None:
        """Measure the next block of the dub, `mixed`, and of its two stems; `voice` has one
        channel, for both sides."""
        self._background.add(background)
        self._voice.add(voice)
        self._dub.add(mixed)

    def loudness_change(self, gain_db: float) -> float:
        """LU by which a gain of `gain_db` has changed the loudness of the dub, which has it."""
        return self._dub.loudness_change(gain_db)

    def add_source(self, audio: Path) -> None:
        """Measure the audio of the source, a WAV file, block by block."""
        import soundfile

        with soundfile.SoundFile(audio) as file:
            while len(block := read_frames(file, BLOCK_FRAMES)):
                self._source.add(block)

    def encoded(self) -> dict[str, Any]:
        """The curves as the script of the page reads them."""
        tracks = {
            "original": self._source,
            "dub": self._dub,
            "voice": self._voice,
            "background": self._background,
        }
        for curves in tracks.values():
            curves.finish()
        with_spectrum = {name: tracks[name] for name in ("original", "dub")}
        return {
            "peaks": _each(tracks, lambda curves: _amplitudes(curves.peaks)),
            "bands": BANDS,
            "spectrogram": _each(with_spectrum, lambda curves: _levels(curves.spectrogram)),
            "loudness": _each(with_spectrum, lambda curves: _lufs(curves.short_term_loudness())),
            "lowestLufs": LOWEST_LUFS,
            "stepsPerLu": STEPS_PER_LU,
        }


def _each(tracks: dict[str, Curves], encode: Callable[[Curves], str]) -> dict[str, str]:
    return {name: encode(curves) for name, curves in tracks.items()}


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
