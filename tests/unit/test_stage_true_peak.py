"""True peaks: as ffmpeg measures them, whatever the signal and the blocks."""

from __future__ import annotations

import re
import subprocess

import numpy
import pytest
from numpy.typing import NDArray

from dubstage.media.audio import SAMPLE_RATE, Samples, to_bytes
from dubstage.mux.loudness import measure
from dubstage.mux.true_peak import HOP, NO_PEAK, TruePeak, hop_peaks

RANDOM = numpy.random.default_rng(3)
TIME = numpy.arange(2 * SAMPLE_RATE) / SAMPLE_RATE


def quarter_rate() -> NDArray[numpy.float64]:
    """The peaks of a quarter of the sample rate at 45 degrees are all between samples."""
    return numpy.sin(numpy.arange(len(TIME)) * numpy.pi / 2 + numpy.pi / 4)


def clicks() -> NDArray[numpy.float64]:
    samples = numpy.zeros(len(TIME))
    samples[RANDOM.integers(0, len(TIME), 40)] = RANDOM.uniform(-1, 1, 40)
    return samples


def late_burst() -> NDArray[numpy.float64]:
    """Soft, with a burst across the edge of a block whose true peak is far above its samples."""
    samples = 0.05 * numpy.sin(2 * numpy.pi * 300 * TIME)
    samples[SAMPLE_RATE - 100 : SAMPLE_RATE + 100] += 0.7 * quarter_rate()[:200]
    return samples


SIGNALS = {
    "tone": numpy.sin(2 * numpy.pi * 440 * TIME),
    "quarter": quarter_rate(),
    "high": numpy.sin(2 * numpy.pi * 15000 * TIME),
    "noise": RANDOM.normal(0, 0.2, len(TIME)),
    "square": numpy.sign(numpy.sin(2 * numpy.pi * 997 * TIME)),
    "clicks": clicks(),
    "burst": late_burst(),
}


def by_ffmpeg(samples: Samples) -> float:
    """dBTP, to a tenth."""
    output = subprocess.run(
        [*"ffmpeg -nostdin -hide_banner -f f32le -ar 48000 -ac 2 -i pipe:0".split(),
         *"-af ebur128=peak=true:framelog=verbose -f null -".split()],
        input=to_bytes(samples), check=True, capture_output=True,
    ).stderr.decode()  # fmt: skip
    return float(re.findall(r"Peak: +(-?[\d.]+) dBFS", output)[-1])


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("block", [SAMPLE_RATE, 1001])
def test_true_peak_is_that_of_ffmpeg(name: str, block: int) -> None:
    edges = numpy.minimum(numpy.arange(len(TIME)), len(TIME) - numpy.arange(len(TIME)))
    mono = (0.5 * SIGNALS[name] * numpy.minimum(edges / 1000, 1)).astype(numpy.float32)
    samples = numpy.stack([mono * 0.3, mono], 1)
    meter = TruePeak()
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    # The filters differ at the highest frequencies.
    tolerance = 0.3 if name in ("clicks", "square", "noise") else 0.1
    assert meter.decibels() == pytest.approx(by_ffmpeg(samples), abs=tolerance)
    assert measure([to_bytes(samples)]).true_peak == pytest.approx(meter.decibels(), abs=0.03)


def test_peak_after_the_last_sample_counts() -> None:
    meter = TruePeak(1)
    meter.add(numpy.array([[0.0], [0.5], [0.5]], numpy.float32))
    assert meter.decibels() == pytest.approx(20 * numpy.log10(0.5 * 4 / numpy.pi), abs=0.2)


def test_silence_has_no_peak() -> None:
    assert TruePeak().decibels() == NO_PEAK
    assert measure([to_bytes(numpy.zeros((SAMPLE_RATE, 2), numpy.float32))]).true_peak == NO_PEAK


@pytest.mark.parametrize("name", SIGNALS)
def test_hops_are_left_out_only_below_the_threshold(name: str) -> None:
    """For every threshold, the peaks above it are those of a measurement without one."""
    samples = SIGNALS[name].astype(numpy.float32)[: SAMPLE_RATE // 2 + 7, None]
    history = numpy.zeros((HOP, 1), numpy.float32)
    everything = hop_peaks(history, samples, -1.0)
    for threshold in numpy.quantile(everything, [0.1, 0.5, 0.9, 0.99, 1.0]):
        found = hop_peaks(history, samples, float(threshold))
        above = everything > threshold
        assert found[above] == pytest.approx(everything[above], abs=1e-6)
        assert (found[~above] <= threshold + 1e-6).all()
