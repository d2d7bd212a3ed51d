"""Cleaning of a synthesized voice: no rumble, no harsh sibilants.

Cloned voices inherit the rumble of their recording, and vocoders exaggerate sibilants. Both
filters have no phase: they multiply the spectrum of the clip, so that nothing moves in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

RUMBLE_HZ = 70.0
"""Below, there is no voice."""
RUMBLE_ORDER = 4
HIGHEST_RUMBLE_HZ = 10 * RUMBLE_HZ
"""Above, the filter changes nothing."""
SIBILANTS_HZ = (4500.0, 11000.0)
SLOPE = 2 ** (1 / 3)
"""A third of an octave, in which the band begins and ends."""
HARSH_DB = -12.0
"""Level of the sibilants, relative to the voice, above which they are lowered."""
RATIO = 3.0
"""Decibels above that level for each decibel that remains."""
MAX_REDUCTION_DB = 8.0
HOP = SAMPLE_RATE // 200
"""Frames for which one gain is calculated."""
SMOOTHING_HOPS = 5
ACTIVE_DB = -30.0
"""Hops that far below the loudest one do not count for the level of the voice."""
EDGE = SAMPLE_RATE // 10
"""Frames of silence, at least, that keep the end of the clip out of its beginning. A multiple of
it is transformed fast."""


def clean(samples: Samples) -> Samples:
    """`samples`, shape (frames,) at 48 kHz, without rumble and with softer sibilants."""
    import numpy

    if not len(samples):
        return samples
    size = -(-(len(samples) + EDGE) // EDGE) * EDGE
    spectrum = numpy.fft.rfft(samples, size)
    frequencies = numpy.arange(size // 2 + 1, dtype=numpy.float32) * (SAMPLE_RATE / size)
    low = slice(0, int(numpy.searchsorted(frequencies, HIGHEST_RUMBLE_HZ)))
    spectrum[low] *= _high_pass(frequencies[low])
    voice = _inverse(spectrum, len(samples))
    first, last = numpy.searchsorted(
        frequencies, (SIBILANTS_HZ[0] / SLOPE, SIBILANTS_HZ[1] * SLOPE)
    )
    band = numpy.zeros_like(spectrum)
    band[first:last] = spectrum[first:last] * _band(frequencies[first:last])
    sibilants = _inverse(band, len(samples))
    result: Samples = voice - _excess(voice, sibilants) * sibilants
    return result


def _inverse(spectrum: NDArray[numpy.complexfloating], frames: int) -> Samples:
    """The first `frames` of the audio that has `spectrum`."""
    import numpy

    samples = numpy.fft.irfft(spectrum)[:frames]
    return samples.astype(numpy.float32, copy=False)


def _high_pass(frequencies: Samples) -> Samples:
    """The gain of a Butterworth filter."""
    import numpy

    ratio = RUMBLE_HZ / numpy.maximum(frequencies, 1.0)
    return numpy.asarray(1 / numpy.sqrt(1 + ratio ** (2 * RUMBLE_ORDER)), numpy.float32)


def _band(frequencies: Samples) -> Samples:
    """1.0 in the band of the sibilants, with slopes of a third of an octave."""
    import numpy

    octaves = numpy.log2(frequencies)
    low, high = (float(numpy.log2(edge)) for edge in SIBILANTS_HZ)
    inside = numpy.minimum(octaves - low, high - octaves) * 3 + 1
    return numpy.asarray(numpy.clip(inside, 0.0, 1.0), numpy.float32)


def _excess(voice: Samples, sibilants: Samples) -> Samples:
    """The share of the sibilants to remove, for each frame."""
    import numpy

    level, harsh = _levels(voice), _levels(sibilants)
    active = level[level > level.max() + ACTIVE_DB]
    usual = 10 * numpy.log10(numpy.power(10.0, active / 10).mean())
    over = numpy.maximum(harsh - usual - HARSH_DB, 0.0) * (1 - 1 / RATIO)
    reduction = numpy.minimum(over, MAX_REDUCTION_DB)
    kernel = numpy.hanning(SMOOTHING_HOPS + 2)[1:-1]
    reduction = numpy.convolve(reduction, kernel / kernel.sum(), "same")
    centers = (numpy.arange(len(reduction)) + 0.5) * HOP
    share = 1 - numpy.power(10.0, -reduction / 20)
    return numpy.asarray(numpy.interp(numpy.arange(len(voice)), centers, share), numpy.float32)


def _levels(samples: Samples) -> NDArray[numpy.float64]:
    """Decibels of each hop; the last one is padded."""
    import numpy

    padded = numpy.pad(numpy.square(samples), (0, -len(samples) % HOP))
    return numpy.asarray(10 * numpy.log10(padded.reshape(-1, HOP).mean(axis=1) + 1e-12))
