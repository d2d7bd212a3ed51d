"""The parts of the mix: loudness, spans, gains, and the voice track."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from made_media import RATE, tone

from dubstage.media.audio import stereo_bytes, to_bytes
from dubstage.media.ffmpeg import read_stereo
from dubstage.mux.dub_meter import DubMeter
from dubstage.mux.ducking import Duck
from dubstage.mux.limiter import MAX_REDUCTION_DB, Limiting, limit
from dubstage.mux.loudness import SILENCE, Loudness, measure, segment_loudness
from dubstage.mux.master import correct_gain, encode_dub, plan_gain
from dubstage.mux.measured import measure_speech
from dubstage.mux.mix import CROSS_FADE, Block, Tracks, mix_blocks, write_dub, write_stems
from dubstage.mux.original import analyze
from dubstage.mux.spans import Envelope, Span, count_frames, count_shared_frames, merge
from dubstage.mux.voice import (
    BATCH_CLIPS,
    BATCH_SECONDS,
    TRIM_FADE_SECONDS,
    FittedClip,
    PlacedClip,
    render,
    write_voice_track,
)
from dubstage.page.pictures import Pictures
from dubstage.timing.fit import fit
from dubstage.timing.slot import Slot, TimedSegment
from dubstage.video.aac import encode


def noise(seconds: float, level: float, seed: int = 1) -> numpy.ndarray:
    values = numpy.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * values).astype(numpy.float32)


def stereo(samples: numpy.ndarray) -> numpy.ndarray:
    return numpy.stack([samples, samples], axis=1)


@pytest.mark.parametrize("samples", [noise(3, 0.05), tone(3, 60, 0.2), tone(3, 4000, 0.1)])
def test_segment_loudness_agrees_with_ebu_r128(samples: numpy.ndarray) -> None:
    """To the tenth that ffmpeg's ebur128 reports."""
    measured = measure(iter([to_bytes(stereo(samples))]))
    assert segment_loudness(stereo(samples)) == pytest.approx(measured.integrated, abs=0.11)
    assert segment_loudness(samples) == pytest.approx(measured.integrated - 3.01, abs=0.11)


def test_segment_loudness_ignores_length_and_pauses() -> None:
    long = segment_loudness(noise(3, 0.05))
    assert segment_loudness(noise(0.15, 0.05)) == pytest.approx(long, abs=0.5)
    assert segment_loudness(noise(0.04, 0.05)) == pytest.approx(long, abs=1.0)
    paused = numpy.concatenate([noise(1, 0.05), numpy.zeros(RATE, numpy.float32), noise(1, 0.05)])
    assert segment_loudness(paused) == pytest.approx(long, abs=0.3)
    assert segment_loudness(numpy.zeros(RATE, numpy.float32)) == SILENCE
    assert segment_loudness(numpy.zeros(0, numpy.float32)) == SILENCE


rows = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 120)), max_size=6)


def bits(spans: list[Span]) -> set[int]:
    return {frame for span in spans for frame in range(span.start, span.end)}


@given(one=rows, other=rows)
def test_merged_spans_hold_the_same_frames(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    first, second = ([Span(a, a + n) for a, n in side] for side in (one, other))
    assert bits(merge(first)) == bits(first)
    assert count_frames(merge(first)) == len(bits(first))
    assert count_shared_frames(merge(first), merge(second)) == len(bits(first) & bits(second))


@given(rows=rows, block=st.integers(1, 300))
def test_envelope_does_not_depend_on_the_blocks(rows: list[tuple[int, int]], block: int) -> None:
    spans = merge(Span(a, a + n) for a, n in rows)
    whole = Envelope(spans, 20, 50).block(0, 600)
    envelope = Envelope(spans, 20, 50)
    parts = [envelope.block(at, min(block, 600 - at)) for at in range(0, 600, block)]
    assert numpy.concatenate(parts) == pytest.approx(whole)
    assert all(whole[frame] == 1.0 for frame in bits(spans) if frame < 600)
    assert abs(numpy.diff(whole[:, 0])).max() <= 1 / 20 + 1e-6


@pytest.mark.parametrize(
    ("integrated", "peak", "target", "gain", "needs_limiter", "peak_limited"),
    [
        (-20.0, -6.0, -23.0, -3.0, False, False),
        (-26.0, -6.0, -23.0, 3.0, False, False),
        (-26.0, -3.0, -23.0, 3.0, True, False),
        (-23.0, 2.0, -23.0, 0.0, True, False),
        (-21.0, -4.5, -14.0, 7.0, True, False),
        (-30.0, -6.0, -16.0, 8.9, True, True),
        (SILENCE, -99.0, -23.0, 0.0, False, False),
        (-23.0, -6.0, SILENCE, 0.0, False, False),
    ],
)
def test_gain_raises_peaks_as_far_as_the_limiter_may_lower_them(
    integrated: float,
    peak: float,
    target: float,
    gain: float,
    needs_limiter: bool,
    peak_limited: bool,
) -> None:
    planned = plan_gain(Loudness(integrated, peak), target)
    assert planned.decibels == pytest.approx(gain)
    assert planned.needs_limiter == needs_limiter
    assert planned.peak_limited == peak_limited


def peaks_in_noise(seconds: int) -> numpy.ndarray:
    """Noise with a burst each second, between whose samples there are true peaks."""
    samples = noise(seconds, 0.03)
    burst = numpy.float32(0.6) * numpy.sin(numpy.arange(400) * numpy.pi / 2 + numpy.pi / 4)
    for second in range(seconds):
        samples[second * RATE + 7 * second : second * RATE + 7 * second + 400] += burst
    return samples


@pytest.mark.parametrize("frames", [5 * RATE, 4 * RATE + 1001])
def test_limiter_keeps_true_peaks_below_the_ceiling(frames: int) -> None:
    """Elsewhere the mix only becomes louder; the level falls and rises without a click."""
    voice = peaks_in_noise(5)[:frames, None]
    silent = numpy.zeros((frames, 2), numpy.float32)
    blocks = (Block(silent[at : at + RATE], voice[at : at + RATE]) for at in range(0, frames, RATE))
    done = Limiting()
    out = numpy.concatenate([block.mixed for block in limit(blocks, 6.0, -1.2, done)])
    assert out.shape == (frames, 2)
    assert measure(iter([to_bytes(out)])).true_peak <= -1.0
    gain = out[:, 0] / (voice[:, 0] * 10 ** (6 / 20))
    away = slice(RATE // 2 + 12000, RATE - 2400)
    assert gain[away] == pytest.approx(1.0, abs=0.02), "between two bursts"
    audible = abs(voice[:, 0]) > 0.01
    assert abs(numpy.diff(gain)[audible[1:] & audible[:-1]]).max() < 0.01
    assert done.reduction_db == pytest.approx(measure_peak(voice) + 6.0 + 1.2, abs=0.2)
    assert 0.02 < done.share < 0.4


def measure_peak(voice: numpy.ndarray) -> float:
    return measure(iter([to_bytes(stereo(voice[:, 0]))])).true_peak


def test_limiter_leaves_a_mix_without_peaks_unchanged() -> None:
    voice = noise(2, 0.03)[:, None]
    silent = numpy.zeros((len(voice), 2), numpy.float32)
    done = Limiting()
    (block,) = limit(iter([Block(silent, voice)]), 6.0, -1.2, done)
    assert block.voice == pytest.approx(voice * 10 ** (6 / 20), abs=1e-6)
    assert (done.reduction_db, done.share) == (0.0, 0.0)


def speechlike() -> numpy.ndarray:
    """Loud and soft in turn, so that there is a loudness range."""
    return numpy.concatenate([noise(1, 0.1), noise(1, 0.01), noise(1, 0.1), noise(1, 0.003)])


@pytest.mark.parametrize("target", [-30.0, -16.0, -3.0])
@pytest.mark.parametrize(
    "samples",
    [stereo(speechlike()), stereo(numpy.sign(tone(2, 1000, 1.0)))],
    ids=["speech", "square"],
)
def test_mastering_applies_one_static_gain(
    tmp_path: Path, samples: numpy.ndarray, target: float
) -> None:
    """The mix reaches its target, and every sample has the same gain unless the limiter is
    needed."""
    mix = measure(iter([to_bytes(samples)]))
    gain = plan_gain(mix, target)
    mixed = [Block(samples, numpy.zeros((len(samples), 1), numpy.float32))]
    blocks = [block.louder(10 ** (gain.decibels / 20)) for block in mixed]
    done = Limiting()
    if gain.needs_limiter:
        trial = limit(iter(mixed), gain.decibels, gain.ceiling, Limiting())
        gain = correct_gain(gain, mix, measure(to_bytes(block.mixed) for block in trial))
        blocks = list(limit(iter(mixed), gain.decibels, gain.ceiling, done))
    assert done.reduction_db <= MAX_REDUCTION_DB + 0.15
    list(write_dub(iter(blocks), len(samples), tmp_path / "out.wav"))
    out, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == RATE
    if not gain.needs_limiter:
        assert out == pytest.approx(samples * 10 ** (gain.decibels / 20), abs=2e-4)
    after = measure(iter([to_bytes(out)]))
    assert after.true_peak <= -1.0
    if not gain.peak_limited:
        assert after.integrated == pytest.approx(target, abs=0.15)


def test_audio_that_is_too_short_to_measure_gets_no_gain() -> None:
    samples = stereo(noise(0.2, 0.1))
    mix = measure(iter([to_bytes(samples)]))
    assert not mix.is_known
    assert plan_gain(mix, -23.0).decibels == 0.0
    assert mix.with_gain(0.0, 0.0) == mix


def gated(softest: float) -> numpy.ndarray:
    """Speech, pauses 12 LU below it, and a noise at `softest`, which lasts far longer."""
    parts = [noise(2, 0.05), noise(2, 0.05 * 10 ** (-12 / 20)), noise(12, 10 ** (softest / 20))]
    return stereo(numpy.concatenate(parts))


@pytest.mark.parametrize("gain_db", [-14.0, -3.0, 0.0, 5.0, 9.0])
@pytest.mark.parametrize(
    ("softest", "drawn"), [(-90.0, 0), (-80.0, 10**6), (-71.0, 0), (-66.0, 0), (-50.0, 10**6)]
)
def test_loudness_with_a_gain_is_that_of_the_dub(
    tmp_path: Path, softest: float, drawn: int, gain_db: float
) -> None:
    """Also if noise that did not count before the gain counts after it: the speech's pauses are
    then above the relative gate, too. However many frames the page draws."""
    samples = gated(softest)
    mix = measure(iter([to_bytes(samples)]))
    meter = DubMeter()
    block = Block(samples, numpy.zeros((len(samples), 1), numpy.float32))
    blocks = meter.watch(iter([block.louder(10 ** (gain_db / 20))]), Pictures(drawn))
    assert len(list(write_dub(blocks, len(samples), tmp_path / "dub.wav"))) == 1
    reported = mix.with_gain(gain_db, meter.loudness_change(gain_db))
    measured = measure(stereo_bytes(tmp_path / "dub.wav"))
    assert reported.integrated == pytest.approx(measured.integrated, abs=0.11)
    assert reported.true_peak == pytest.approx(measured.true_peak, abs=0.03)


def test_dub_is_rounded_to_16_bits_and_clipped(tmp_path: Path) -> None:
    """As ffmpeg does; a stem that is louder than full scale does not turn over."""
    values = numpy.array([0.25, 1 / 65536 + 1e-6, -1.0, 1.0, 1.7, -1.7], numpy.float32)
    block = Block(stereo(values), numpy.zeros((len(values), 1), numpy.float32))
    list(write_dub(iter([block]), len(values), tmp_path / "dub.wav"))
    out, _ = soundfile.read(tmp_path / "dub.wav", dtype="int16")
    assert list(out[:, 0]) == [8192, 1, -32768, 32767, 32767, -32768]


def wav(path: Path, samples: numpy.ndarray) -> Path:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


@pytest.fixture
def tracks(tmp_path: Path) -> Tracks:
    """Six seconds: the original speaks from 1 to 4, the dub from 1 to 2.5, and there is
    laughter at 5."""
    background, speech, laughter, voice = (numpy.zeros(6 * RATE, numpy.float32) for _ in range(4))
    background[:] = 0.1
    speech[RATE : 4 * RATE] = 0.3
    laughter[5 * RATE :] = 0.2
    voice[RATE : round(2.5 * RATE)] = 0.25
    return Tracks(
        source_audio=wav(tmp_path / "audio.wav", stereo(background + speech + laughter)),
        background=wav(tmp_path / "background.wav", stereo(background)),
        voice=wav(tmp_path / "voice.wav", voice),
        frames=6 * RATE,
        original_speech=[Span(RATE, 4 * RATE)],
        dubbed_speech=[Span(RATE, round(2.5 * RATE))],
        ducks=[Duck(Span(RATE, round(2.5 * RATE)), speech=-20.0, background=-26.0)],
    )


def test_mix_has_source_audio_outside_speech_and_ducked_background_during_it(
    tracks: Tracks,
) -> None:
    mixed = numpy.concatenate([block.mixed for block in mix_blocks(tracks)])
    assert mixed.shape == (6 * RATE, 2)
    at = {time: mixed[round(time * RATE), 0] for time in (0.5, 2.0, 3.5, 4.5, 5.5)}
    ducked = 0.1 * 10 ** (-4 / 20)
    assert at[0.5] == pytest.approx(0.1), "before speech: the source"
    assert at[2.0] == pytest.approx(ducked + 0.25, abs=1e-5), "the dub over a ducked background"
    assert at[3.5] == pytest.approx(0.1, abs=1e-5), "the background alone, not ducked"
    assert at[4.5] == pytest.approx(0.1), "after speech"
    assert at[5.5] == pytest.approx(0.3), "the laughter is kept"
    without_voice = numpy.concatenate([block.background for block in mix_blocks(tracks)])
    assert abs(numpy.diff(without_voice[: 5 * RATE], axis=0)).max() <= 0.35 / CROSS_FADE + 1e-6


def test_mix_pads_a_short_background_with_silence(tracks: Tracks) -> None:
    wav(tracks.background, stereo(numpy.full(2 * RATE, 0.1, numpy.float32)))
    mixed = numpy.concatenate([block.mixed for block in mix_blocks(tracks)])
    assert mixed.shape == (6 * RATE, 2)
    assert mixed[round(3.5 * RATE), 0] == 0.0


def test_stems_add_up_to_the_mix(tracks: Tracks, tmp_path: Path) -> None:
    files = tmp_path / "v.wav", tmp_path / "b.wav"
    mixed = numpy.concatenate(
        [block.mixed for block in write_stems(mix_blocks(tracks), tracks.frames, *files)]
    )
    voice, background = (soundfile.read(file, dtype="float32")[0] for file in files)
    assert voice + background == pytest.approx(mixed, abs=1e-4)
    assert abs(voice[: round(0.9 * RATE)]).max() == 0


def test_voice_track_takes_clips_when_they_are_reached(tmp_path: Path) -> None:
    """A clip across two blocks is complete, overlapping clips are added, none is early."""
    taken: list[float] = []
    shares: list[float] = []

    def clips() -> object:
        for start in (0.5, 0.75, 3.25):
            taken.append(shares[-1] if shares else 0.0)
            yield PlacedClip(round(start * RATE), numpy.full(RATE, 0.25, numpy.float32))

    write_voice_track(clips(), 5 * RATE, tmp_path / "voice.w64", shares.append)  # type: ignore[arg-type]
    out, _ = soundfile.read(tmp_path / "voice.w64", dtype="float32")
    assert len(out) == 5 * RATE
    assert [out[round(t * RATE)] for t in (0.6, 1.2, 1.6, 3.5, 4.5)] == [0.25, 0.5, 0.25, 0.25, 0]
    assert shares[-1] == 1.0
    assert taken[2] < 3.25 / 5


def test_speech_is_measured_on_the_voice_track(tmp_path: Path) -> None:
    """One segment is late and softer than planned, one starts during another, one is silent."""
    voice = numpy.zeros(8 * RATE, numpy.float32)
    for start, seconds, level in ((1.2, 0.8, 0.1), (3.0, 2.0, 0.2), (4.5, 1.0, 0.05)):
        voice[round(start * RATE) :][: round(seconds * RATE)] += tone(seconds, 500, level)
    places = [(1.0, 1.8), (3.0, 5.0), (4.5, 5.5), (7.0, 7.5)]
    late, first, second, silent = measure_speech(
        wav(tmp_path / "voice.wav", voice),
        [Span(round(a * RATE), round(b * RATE)) for a, b in places],
    )
    assert (late.onset, late.offset) == pytest.approx((1.2, 2.0), abs=0.006)
    expected = segment_loudness(stereo(tone(0.8, 500, 0.1)))
    assert late.loudness == pytest.approx(expected, abs=0.1)
    assert (late.is_alone, first.is_alone, second.is_alone) == (True, False, False)
    assert (second.onset, second.offset) == pytest.approx((4.5, 5.5))
    assert first.loudness == pytest.approx(expected + 6.02, abs=0.2)
    assert second.loudness == pytest.approx(expected - 6.02, abs=0.2), "where it is alone"
    assert silent.loudness == SILENCE


def burst(voice: numpy.ndarray, start: float, end: float, level: float) -> None:
    voice[round(start * RATE) : round(end * RATE)] += tone(end - start, 500, level)


def test_speech_of_neighbors_is_not_counted(tmp_path: Path) -> None:
    """One segment starts where the other ends."""
    voice = numpy.zeros(5 * RATE, numpy.float32)
    burst(voice, 1.0, 2.0, 0.1)
    burst(voice, 2.0, 3.0, 0.2)
    places = [Span(RATE, 2 * RATE), Span(2 * RATE, 3 * RATE)]
    first, second = measure_speech(wav(tmp_path / "voice.wav", voice), places)
    assert (first.is_alone, second.is_alone) == (True, True)
    assert (first.onset, first.offset) == pytest.approx((1.0, 2.0), abs=0.006)
    assert (second.onset, second.offset) == pytest.approx((2.0, 3.0), abs=0.006)
    assert second.loudness - first.loudness == pytest.approx(6.02, abs=0.1)


def test_speech_that_is_never_alone_has_no_loudness(tmp_path: Path) -> None:
    """A segment within another; what is loud before and after their places does not count."""
    voice = numpy.zeros(6 * RATE, numpy.float32)
    burst(voice, 0.6, 0.95, 0.9)
    burst(voice, 1.0, 4.0, 0.1)
    burst(voice, 4.05, 4.4, 0.9)
    places = [Span(RATE, 4 * RATE), Span(2 * RATE, 3 * RATE)]
    outer, inner = measure_speech(wav(tmp_path / "voice.wav", voice), places)
    assert (outer.is_alone, inner.is_alone) == (False, False)
    assert outer.loudness == pytest.approx(segment_loudness(stereo(tone(1, 500, 0.1))), abs=0.1)
    assert inner.loudness == SILENCE


def test_analysis_finds_the_edges_of_the_original_speech(tmp_path: Path) -> None:
    """A recognizer's times cut off a breath and a final consonant. A segment without vocals
    gets the loudness of the others."""
    samples = numpy.zeros(6 * RATE, numpy.float32)
    samples[round(0.9 * RATE) : round(2.3 * RATE)] = tone(1.4, 500, 0.2)
    samples[round(2.45 * RATE) : round(3.0 * RATE)] = tone(0.55, 500, 0.2)
    path = wav(tmp_path / "vocals.wav", stereo(samples))
    first, lost = analyze(
        path, [TimedSegment("a", "ONE", 1.0, 2.0), TimedSegment("b", "ONE", 4.0, 5.0)]
    )
    assert first.span.start / RATE == pytest.approx(0.9, abs=0.02)
    assert first.span.end / RATE == pytest.approx(2.3, abs=0.02)
    assert (lost.span.start, lost.span.end) == (4 * RATE, 5 * RATE)
    assert lost.loudness == first.loudness
    assert first.loudness == pytest.approx(segment_loudness(stereo(tone(1, 500, 0.2))), abs=0.2)


def test_trimmed_clip_fades_out(tmp_path: Path) -> None:
    """It has its full level up to the fade, half of it in the middle, and none at the end."""
    slot = Slot(original=0.6, length=0.6, turn=0.6)
    clip = wav(tmp_path / "clip.wav", tone(2.0, 1000, 0.2))
    planned = fit(2.0, 1.0, slot)
    assert planned.overflow > 0.5
    (samples,) = render([FittedClip(clip, planned, SILENCE)], tmp_path)
    samples = abs(samples)
    fade, period = round(TRIM_FADE_SECONDS * RATE), RATE // 1000
    ends = {"before": fade + period, "middle": fade // 2 + period // 2, "end": period}
    levels = {at: samples[-far:][:period].max() / samples.max() for at, far in ends.items()}
    assert levels == pytest.approx({"before": 1.0, "middle": 0.5, "end": 0.0}, abs=0.1)


def test_aac_track_keeps_the_true_peak_below_the_ceiling(tmp_path: Path) -> None:
    """AAC rounds the corners of clipped audio: without a gain, the peak rises by 2 dB."""
    dub, target = tmp_path / "dub.wav", tmp_path / "dub.aac"
    walk = numpy.cumsum(noise(3, 1.0))
    walk -= numpy.convolve(walk, numpy.ones(2000) / 2000, "same")
    clipped = numpy.clip(walk / walk.std(), -1, 1).astype(numpy.float32)
    clipped *= numpy.minimum(
        1, numpy.minimum(numpy.arange(len(walk)), numpy.arange(len(walk))[::-1]) / 100
    )
    soundfile.write(dub, stereo(clipped * 10 ** (-4.5 / 20) * 1.4), RATE)
    measured = measure(stereo_bytes(dub))
    assert -2.5 <= measured.true_peak <= -1.0
    encode(dub, target)
    assert measure(read_stereo(target)).true_peak > -1.0
    encode_dub(dub, measured, target, lambda _: None)
    assert -1.6 < measure(read_stereo(target)).true_peak <= -1.0
    softer = Loudness(-20.0, -6.0)
    encode_dub(dub, softer, target, lambda _: None)
    assert measure(read_stereo(target)).true_peak > -1.0, "far from the ceiling it is not measured"


def test_clips_of_many_batches_stay_in_order(tmp_path: Path) -> None:
    """Each with its own tempo, and with one that is longer than a batch."""
    count, long = BATCH_CLIPS + 5, 3
    clips = []
    for number in range(count):
        seconds = BATCH_SECONDS + 5 if number == long else 0.4 + number / 100
        clip = wav(tmp_path / f"{number}.wav", tone(seconds, 500, 0.2))
        slot = Slot(original=seconds / 1.25, length=seconds / 1.25, turn=seconds / 1.25)
        clips.append(FittedClip(clip, fit(seconds, 1.0, slot), SILENCE))
    lengths = [len(samples) / RATE for samples in render(clips, tmp_path)]
    assert lengths == pytest.approx([clip.fit.length for clip in clips], abs=0.1)
    assert not list(tmp_path.glob("tmp*"))
