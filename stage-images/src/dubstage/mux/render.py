"""One line's clip as it will be heard: stretched, levelled, trimmed, at 48 kHz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.media import SAMPLE_RATE, ffmpeg, input_file
from dubstage.mux.level import gain_db
from dubstage.timing.fit import Fit
from dubstage.timing.onset import speech_bounds

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

FADE_SECONDS = 0.05
"""A trimmed line fades out over this time."""
EDGE_SECONDS = 0.002
"""Every line fades in and out over this time: no clicks."""


@dataclass(frozen=True)
class Rendered:
    """A clip ready to be mixed."""

    samples: Samples
    """Shape (frames,): one channel, heard in the middle."""
    onset: float
    """Seconds from the first sample to the first sound."""


def render(file: Path, fit: Fit, original: Samples, scratch: Path) -> Rendered:
    """Render the recording `file` as `fit` says, at the level of the original line's
    speech (`original`: one channel).

    Rubberband changes tempo without pitch. Raises
    :class:`dubstage.media.MediaError` where ffmpeg cannot.
    """
    import numpy
    import soundfile

    target = scratch / "line.wav"
    filters = [f"aresample={SAMPLE_RATE}"]
    if fit.stretch != 1.0:
        filters.append(f"rubberband=tempo={fit.stretch:.6f}")
    ffmpeg([*input_file(file), "-af", ",".join(filters), "-ac", "1", "-c:a", "pcm_f32le",
            "-f", "wav", target])  # fmt: skip
    samples, _ = soundfile.read(target, dtype="float32")
    begin, end = speech_bounds(samples, SAMPLE_RATE)
    longest = int(min(fit.slot.length, fit.length + FADE_SECONDS) * SAMPLE_RATE)
    first = int(begin * SAMPLE_RATE)
    samples = samples[first : max(int(end * SAMPLE_RATE), first)]
    cut = len(samples) > longest
    samples = samples[:longest].copy()
    if len(samples):
        samples *= numpy.float32(10 ** (gain_db(original, samples) / 20))
    _fade(samples, FADE_SECONDS if cut or fit.overflow else EDGE_SECONDS)
    onset, _ = speech_bounds(samples, SAMPLE_RATE)
    return Rendered(numpy.ascontiguousarray(samples), onset)


def _fade(samples: Samples, out_seconds: float) -> None:
    """Fade in over :data:`EDGE_SECONDS` and out over `out_seconds`, in place."""
    import numpy

    into = min(int(EDGE_SECONDS * SAMPLE_RATE), len(samples))
    out = min(int(out_seconds * SAMPLE_RATE), len(samples))
    if into:
        samples[:into] *= numpy.linspace(0.0, 1.0, into, dtype=numpy.float32)
    if out:
        samples[-out:] *= numpy.linspace(1.0, 0.0, out, dtype=numpy.float32)
