"""The parts of the mix: loudness, spans, gains, the voice track."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from made_media import RATE, film, tone

from dubstage.media.audio import stereo_bytes, to_bytes
from dubstage.media.ffmpeg import MediaError, probe, read_stereo
from dubstage.mux.loudness import SILENCE, Loudness, measure, segment_loudness
from dubstage.mux.master import aac_gain_db, master, plan_gain
from dubstage.mux.mix import CROSS_FADE, DUCK_DB, Tracks, mix_blocks, write_stems
from dubstage.mux.original import analyze
from dubstage.mux.spans import Envelope, Span, count_frames, count_shared_frames, merge
from dubstage.mux.video import MP4, DubbedVideo, mux_video
from dubstage.mux.voice import (
    TRIM_FADE_SECONDS,
    PlacedClip,
    render,
    run_ahead,
    write_voice_track,
)
from dubstage.timing.fit import fit
from dubstage.timing.slot import Slot, TimedSegment


def noise(seconds: float, level: float, seed: int = 1) -> numpy.ndarray:
    values = numpy.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * values).astype(numpy.float32)


def stereo(samples: numpy.ndarray) -> numpy.ndarray:
    return numpy.stack([samples, samples], axis=1)


@pytest.mark.parametrize("sound", [noise(3, 0.05), tone(3, 60, 0.2), tone(3, 4000, 0.1)])
def test_loudness_is_that_of_the_standard(sound: numpy.ndarray) -> None:
    """As ffmpeg's ebur128 tells it, to its tenth."""
    found = measure(iter([to_bytes(stereo(sound))]))
    assert segment_loudness(stereo(sound)) == pytest.approx(found.integrated, abs=0.11)
    assert segment_loudness(sound) == pytest.approx(found.integrated - 3.01, abs=0.11)


def test_loudness_of_a_short_line_and_of_one_with_a_pause() -> None:
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
def test_spans_are_sets_of_frames(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    first, second = ([Span(a, a + n) for a, n in side] for side in (one, other))
    assert bits(merge(first)) == bits(first)
    assert count_frames(merge(first)) == len(bits(first))
    assert count_shared_frames(merge(first), merge(second)) == len(bits(first) & bits(second))


@settings(deadline=None)
@given(rows=rows, block=st.integers(1, 300))
def test_an_envelope_is_the_same_whatever_the_blocks(
    rows: list[tuple[int, int]], block: int
) -> None:
    spans = merge(Span(a, a + n) for a, n in rows)
    whole = Envelope(spans, 20, 50).block(0, 600)
    envelope = Envelope(spans, 20, 50)
    parts = [envelope.block(at, min(block, 600 - at)) for at in range(0, 600, block)]
    assert numpy.concatenate(parts) == pytest.approx(whole)
    assert all(whole[frame] == 1.0 for frame in bits(spans) if frame < 600)
    assert abs(numpy.diff(whole[:, 0])).max() <= 1 / 20 + 1e-6


@pytest.mark.parametrize(
    ("integrated", "peak", "target", "gain", "peak_limited"),
    [
        (-20.0, -6.0, -23.0, -3.0, False),
        (-26.0, -6.0, -23.0, 3.0, False),
        (-26.0, -3.0, -23.0, 1.9, True),
        (-23.0, 2.0, -23.0, -3.1, True),
        (SILENCE, -99.0, -23.0, 0.0, False),
        (-23.0, -6.0, SILENCE, 0.0, False),
    ],
)
def test_the_peak_limited(
    integrated: float, peak: float, target: float, gain: float, peak_limited: bool
) -> None:
    found = plan_gain(Loudness(integrated, -40.0, peak), target)
    assert found.decibels == pytest.approx(gain)
    assert found.peak_limited == peak_limited


def speechlike() -> numpy.ndarray:
    """Loud and soft in turn, so that there is a loudness range."""
    return numpy.concatenate([noise(1, 0.1), noise(1, 0.01), noise(1, 0.1), noise(1, 0.003)])


@pytest.mark.parametrize("target", [-30.0, -16.0, -3.0])
@pytest.mark.parametrize(
    "sound",
    [stereo(speechlike()), stereo(numpy.sign(tone(2, 1000, 1.0)))],
    ids=["speech", "square"],
)
def test_one_static_gain(tmp_path: Path, sound: numpy.ndarray, target: float) -> None:
    """The whole comes to its target, and every sample by the same factor: also of sound that
    is louder than loudnorm takes."""
    mix = measure(iter([to_bytes(sound)]))
    gain = plan_gain(mix, target)
    master(iter([to_bytes(sound)]), mix, gain, tmp_path / "out.wav")
    out, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == RATE
    assert out == pytest.approx(sound * 10 ** (gain.decibels / 20), abs=2e-4)
    after = measure(iter([to_bytes(out)]))
    assert after.true_peak <= -1.0
    if not gain.peak_limited:
        assert after.integrated == pytest.approx(target, abs=0.15)


def test_a_mode_that_is_not_linear_is_refused(tmp_path: Path) -> None:
    sound = stereo(speechlike())
    mix = Loudness(-20.0, -40.0, 30.0)  # such a peak cannot be had: loudnorm would limit it
    with pytest.raises(MediaError, match="not linear"):
        master(iter([to_bytes(sound)]), mix, plan_gain(Loudness(-20, -40, -6), -20), tmp_path / "x")


def test_too_short_to_measure(tmp_path: Path) -> None:
    sound = stereo(noise(0.2, 0.1))
    mix = measure(iter([to_bytes(sound)]))
    assert not mix.is_known
    master(iter([to_bytes(sound)]), mix, plan_gain(mix, -23.0), tmp_path / "out.wav")
    assert len(soundfile.read(tmp_path / "out.wav")[0]) == len(sound)


def wav(path: Path, samples: numpy.ndarray) -> Path:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


@pytest.fixture
def tracks(tmp_path: Path) -> Tracks:
    """Six seconds: the original speaks from 1 to 4, the dub from 1 to 2.5, somebody
    laughs at 5."""
    bed, speech, laugh, voice = (numpy.zeros(6 * RATE, numpy.float32) for _ in range(4))
    bed[:] = 0.1
    speech[RATE : 4 * RATE] = 0.3
    laugh[5 * RATE :] = 0.2
    voice[RATE : round(2.5 * RATE)] = 0.25
    return Tracks(
        source_audio=wav(tmp_path / "audio.wav", stereo(bed + speech + laugh)),
        background=wav(tmp_path / "background.wav", stereo(bed)),
        voice=wav(tmp_path / "voice.wav", voice),
        frames=6 * RATE,
        original_speech=[Span(RATE, 4 * RATE)],
        dubbed_speech=[Span(RATE, round(2.5 * RATE))],
    )


def test_what_is_heard_when(tracks: Tracks) -> None:
    mixed = numpy.concatenate([block.mixed for block in mix_blocks(tracks)])
    assert mixed.shape == (6 * RATE, 2)
    at = {time: mixed[round(time * RATE), 0] for time in (0.5, 2.0, 3.5, 4.5, 5.5)}
    ducked = 0.1 * 10 ** (-DUCK_DB / 20)
    assert at[0.5] == pytest.approx(0.1), "before speech: the programme"
    assert at[2.0] == pytest.approx(ducked + 0.25, abs=1e-5), "the dub over a ducked background"
    assert at[3.5] == pytest.approx(0.1, abs=1e-5), "the background alone, and not ducked"
    assert at[4.5] == pytest.approx(0.1), "after speech"
    assert at[5.5] == pytest.approx(0.3), "the laugh is kept"
    without_voice = numpy.concatenate([block.background for block in mix_blocks(tracks)])
    assert abs(numpy.diff(without_voice[: 5 * RATE], axis=0)).max() <= 0.35 / CROSS_FADE + 1e-6


def test_a_short_background_is_followed_by_silence(tracks: Tracks) -> None:
    wav(tracks.background, stereo(numpy.full(2 * RATE, 0.1, numpy.float32)))
    mixed = numpy.concatenate([block.mixed for block in mix_blocks(tracks)])
    assert mixed.shape == (6 * RATE, 2)
    assert mixed[round(3.5 * RATE), 0] == 0.0


def test_stems_add_up_to_the_mix(tracks: Tracks, tmp_path: Path) -> None:
    files = tmp_path / "v.wav", tmp_path / "b.wav"
    mixed = numpy.concatenate(
        [block.mixed for block in write_stems(mix_blocks(tracks), tracks.frames, -6.0, *files)]
    )
    voice, background = (soundfile.read(file, dtype="float32")[0] for file in files)
    assert voice + background == pytest.approx(mixed * 10 ** (-6 / 20), abs=1e-4)
    assert abs(voice[: round(0.9 * RATE)]).max() == 0


def test_the_voice_track_takes_lines_when_they_are_reached(tmp_path: Path) -> None:
    """A line over a block's edge is whole, lines that overlap add up, nobody is early."""
    taken: list[float] = []
    shares: list[float] = []

    def lines() -> object:
        for start in (0.5, 0.75, 3.25):
            taken.append(shares[-1] if shares else 0.0)
            yield PlacedClip(round(start * RATE), numpy.full(RATE, 0.25, numpy.float32))

    write_voice_track(lines(), 5 * RATE, tmp_path / "voice.w64", shares.append)  # type: ignore[arg-type]
    out, _ = soundfile.read(tmp_path / "voice.w64", dtype="float32")
    assert len(out) == 5 * RATE
    assert [out[round(t * RATE)] for t in (0.6, 1.2, 1.6, 3.5, 4.5)] == [0.25, 0.5, 0.25, 0.25, 0]
    assert shares[-1] == 1.0
    assert taken[2] < 3.25 / 5


def test_work_ahead_keeps_the_order() -> None:
    assert list(run_ahead(lambda x: x * x, range(20))) == [x * x for x in range(20)]
    with pytest.raises(ZeroDivisionError):
        list(run_ahead(lambda x: 1 // x, [1, 0, 2]))


def test_the_originals_edges_are_heard_in_the_speech(tmp_path: Path) -> None:
    """A recognizer's times cut off a breath and a final consonant; a line that was
    separated away is as loud as the others."""
    sound = numpy.zeros(6 * RATE, numpy.float32)
    sound[round(0.9 * RATE) : round(2.3 * RATE)] = tone(1.4, 500, 0.2)
    sound[round(2.45 * RATE) : round(3.0 * RATE)] = tone(0.55, 500, 0.2)
    path = wav(tmp_path / "vocals.wav", stereo(sound))
    first, lost = analyze(
        path, [TimedSegment("a", "ONE", 1.0, 2.0), TimedSegment("b", "ONE", 4.0, 5.0)]
    )
    assert first.span.start / RATE == pytest.approx(0.9, abs=0.02)
    assert first.span.end / RATE == pytest.approx(2.3, abs=0.02)
    assert (lost.span.start, lost.span.end) == (4 * RATE, 5 * RATE)
    assert lost.loudness == first.loudness
    assert first.loudness == pytest.approx(segment_loudness(stereo(tone(1, 500, 0.2))), abs=0.2)


def test_a_cut_line_fades_out(tmp_path: Path) -> None:
    """It is whole up to the fade, half in its middle, and nothing at its end."""
    slot = Slot(original=0.6, length=0.6, turn=0.6)
    clip = wav(tmp_path / "clip.wav", tone(2.0, 1000, 0.2))
    planned = fit(2.0, 1.0, slot)
    assert planned.overflow > 0.5
    samples = abs(render(clip, planned, SILENCE).samples)
    fade, period = round(TRIM_FADE_SECONDS * RATE), RATE // 1000
    ends = {"before": fade + period, "middle": fade // 2 + period // 2, "end": period}
    levels = {at: samples[-far:][:period].max() / samples.max() for at, far in ends.items()}
    assert levels == pytest.approx({"before": 1.0, "middle": 0.5, "end": 0.0}, abs=0.1)


def test_aac_keeps_to_the_ceiling_too(tmp_path: Path) -> None:
    """Clipped sound, whose corners AAC rounds: encoded as it is, its peak rises by 2 dB."""
    dub, film_path, target = (tmp_path / name for name in ("dub.wav", "film.mp4", "out.mp4"))
    walk = numpy.cumsum(noise(3, 1.0))
    walk -= numpy.convolve(walk, numpy.ones(2000) / 2000, "same")
    clipped = numpy.clip(walk / walk.std(), -1, 1).astype(numpy.float32)
    soundfile.write(dub, stereo(clipped * 10 ** (-4.5 / 20) * 1.4), RATE)
    measured = measure(stereo_bytes(dub))
    assert -2.5 <= measured.true_peak <= -1.0
    film(film_path, seconds=1.0)
    declared = probe(film_path)

    def peak(gain: float) -> float:
        assert declared.video
        video = DubbedVideo(
            source=film_path,
            declared=declared,
            video=declared.video,
            dubbed_track=declared.audio[0],
            dub=dub,
            dub_gain_db=gain,
            target_language="es",
            source_language="en",
            subtitles=[],
            container=MP4,
        )
        mux_video(video, target, lambda _: None)
        return measure(read_stereo(target)).true_peak

    gain = aac_gain_db(dub, measured, tmp_path)
    assert gain < 0.0
    assert peak(0.0) > -1.0
    assert peak(gain) <= -1.0
    assert aac_gain_db(dub, Loudness(-20.0, -30.0, -6.0), tmp_path) == 0.0, "it is not near"
