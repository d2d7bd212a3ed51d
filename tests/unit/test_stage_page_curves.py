"""The curves of the report's page: peaks, loudness and spectrogram."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import tone

from dubstage.media.audio import SAMPLE_RATE, to_bytes
from dubstage.media.hops import HOP, HopSplitter, measure_hops
from dubstage.mux.dub_meter import DubMeter
from dubstage.mux.loudness import measure
from dubstage.mux.mix import Block
from dubstage.page.curves import BANDS, MAX_COLUMNS, MAX_PEAKS, Curves
from dubstage.page.pictures import Pictures


def curves_of(samples: numpy.ndarray, block: int = SAMPLE_RATE) -> Curves:
    curves, splitter = Curves(len(samples)), HopSplitter()
    for start in range(0, len(samples), block):
        curves.add(measure_hops(splitter.add(samples[start : start + block])))
    curves.add(measure_hops(splitter.finish()))
    return curves


@pytest.mark.parametrize("hertz", [100, 1000, 6000])
def test_short_term_loudness_is_that_of_the_standard(hertz: float) -> None:
    mono = tone(8.0, hertz, 0.1)
    stereo = numpy.stack([mono, mono], 1)
    expected = measure(iter([to_bytes(stereo)])).integrated
    for samples in (stereo, mono[:, None]):
        loudness = curves_of(samples).short_term_loudness()
        assert len(loudness) == 8
        assert loudness == pytest.approx([expected] * 8, abs=0.15)


def test_both_sides_count_in_the_spectrogram() -> None:
    """Each with its own frequencies, and those that they share by their power, not their sum."""
    left, right = tone(1.0, 300, 0.2), tone(1.0, 5000, 0.1)
    silent = numpy.zeros_like(left)
    alone = [curves_of(numpy.stack(pair, 1)) for pair in ((left, silent), (silent, right))]
    both = curves_of(numpy.stack([left, right], 1))
    total = sum(curves.spectrogram for curves in alone)
    numpy.testing.assert_allclose(both.spectrogram, total, rtol=1e-3, atol=1e-9)
    opposite = curves_of(numpy.stack([left, -left], 1))
    once = alone[0].spectrogram
    numpy.testing.assert_allclose(opposite.spectrogram, 2 * once, rtol=1e-3, atol=1e-9)


def test_short_term_loudness_is_that_of_three_seconds() -> None:
    burst = numpy.concatenate([tone(1.0, 1000, 0.5), numpy.zeros(5 * SAMPLE_RATE, numpy.float32)])
    loudness = curves_of(burst[:, None]).short_term_loudness()
    assert loudness[1] == pytest.approx(loudness[0] - 3.0, abs=0.05), "half of two seconds"
    assert loudness[2] == pytest.approx(loudness[0] - 4.8, abs=0.05)
    assert loudness[3] < -100


def test_curves_do_not_depend_on_the_blocks() -> None:
    samples = numpy.random.default_rng(1).uniform(-0.5, 0.5, (SAMPLE_RATE * 3 + 77, 2)).astype("f4")
    whole, parts = curves_of(samples), curves_of(samples, block=1733)
    assert len(whole.waveform.peaks) == 31
    assert whole.waveform.peaks[-1] == pytest.approx(abs(samples[-77:]).max())
    for one, other in (
        (whole.waveform.peaks, parts.waveform.peaks),
        (whole.spectrogram, parts.spectrogram),
        (whole.short_term_loudness(), parts.short_term_loudness()),
    ):
        numpy.testing.assert_allclose(one, other, rtol=1e-4)


def test_spectrogram_shows_a_tone_in_its_band_and_second() -> None:
    silence = numpy.zeros(SAMPLE_RATE, numpy.float32)
    low, high = tone(1.0, 150, 0.2), tone(1.0, 8000, 0.2)
    mono = numpy.concatenate([low, silence, high])
    bands = curves_of(mono[:, None]).spectrogram
    assert bands.shape == (30, BANDS)
    assert bands[5].argmax() < 3
    assert bands[15].max() < 1e-9
    assert bands[25].argmax() > 25


def test_a_longer_source_has_longer_columns() -> None:
    curves = Curves(MAX_PEAKS * 3 * HOP)
    burst = numpy.full((SAMPLE_RATE, 1), 0.5, numpy.float32)
    curves.add(measure_hops(HopSplitter().add(burst)))
    assert (len(curves.waveform.peaks), len(curves.spectrogram)) == (MAX_PEAKS, MAX_COLUMNS)
    assert list(curves.waveform.peaks[:5]) == [0.5, 0.5, 0.5, 0.5, 0.0]


@pytest.mark.parametrize("extra", [-0.55, 0.0, 0.55])
def test_source_may_be_longer_or_shorter_than_the_dub(tmp_path: Path, extra: float) -> None:
    file = tmp_path / "audio.wav"
    mono = tone(3.0 + extra, 500, 0.5)
    soundfile.write(file, numpy.stack([mono, mono], 1), SAMPLE_RATE)
    pictures = Pictures(3 * SAMPLE_RATE)
    pictures.add_source(file)
    peaks = base64.b64decode(pictures.encoded()["peaks"]["original"])
    assert len(peaks) == 30
    assert peaks[20] == pytest.approx(255 * 0.5**0.5, abs=1)
    assert (peaks[29] > 0) is (extra >= 0)


@pytest.mark.parametrize("frames", [SAMPLE_RATE, SAMPLE_RATE + 77, HOP, 1])
def test_pictures_of_the_dub_and_its_stems(frames: int) -> None:
    """To the last frame, which is rarely the end of a hop."""
    pictures, meter = Pictures(frames), DubMeter()
    background = numpy.full((frames, 2), 0.2, numpy.float32)
    voice = numpy.full((frames, 1), 0.3, numpy.float32)
    assert len(list(meter.watch(iter([Block(background, voice)]), pictures))) == 1
    peaks = {name: base64.b64decode(text) for name, text in pictures.encoded()["peaks"].items()}
    expected = {"original": 0.0, "background": 0.2, "voice": 0.3, "dub": 0.5}
    columns = -(-frames // HOP)
    assert peaks == {
        name: bytes([round(255 * level**0.5)] * columns) for name, level in expected.items()
    }


def test_audio_without_a_frame_has_curves() -> None:
    pictures, meter = Pictures(0), DubMeter()
    assert list(meter.watch(iter([]), pictures)) == []
    assert meter.loudness_change(6.0) == 0.0
    assert set(pictures.encoded()["peaks"]) == {"original", "background", "voice", "dub"}
