"""What the mix does to voice and background, measured on audio: ducking, cleaning, room."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from made_media import RATE, tone

from dubstage.mux.clean_voice import clean
from dubstage.mux.ducking import (
    ATTACK,
    MAX_DUCK_DB,
    TARGET_LU,
    Duck,
    DuckEnvelope,
    measure_ducks,
)
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.measured import DubbedSpeech, measure_speech
from dubstage.mux.mix import Tracks, mix_blocks
from dubstage.mux.room import LONGEST_SECONDS, Reverberation, Room, estimate
from dubstage.mux.spans import Span
from dubstage.timing.slot import TimedSegment


def noise(seconds: float, level: float, seed: int = 1) -> numpy.ndarray:
    values = numpy.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * values).astype(numpy.float32)


def level(samples: numpy.ndarray) -> float:
    return float(10 * numpy.log10(numpy.square(samples, dtype=numpy.float64).mean() + 1e-15))


def wav(path: Path, samples: numpy.ndarray) -> Path:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


SPANS = [Span(RATE, 3 * RATE), Span(4 * RATE, 6 * RATE)]


def mixed(folder: Path, background: float, speech: float = 0.1) -> tuple[numpy.ndarray, list[Duck]]:
    """The background of a mix of eight seconds, and how far it is lowered under two segments;
    `background` and `speech` are levels."""
    voice = numpy.zeros(8 * RATE, numpy.float32)
    for span in SPANS:
        voice[span.start : span.end] = noise(2.0, speech, seed=2)
    music = noise(8.0, background)
    source = wav(folder / "source.wav", numpy.stack([music, music], 1))
    track = wav(folder / "voice.wav", voice)
    ducks = measure_ducks(source, SPANS, measure_speech(track, SPANS))
    tracks = Tracks(source, source, track, 8 * RATE, [], SPANS, ducks)
    return numpy.concatenate([block.background for block in mix_blocks(tracks)]), ducks


@pytest.mark.parametrize(
    ("background", "ratio"),
    [
        pytest.param(0.01, 20.0, id="soft: not lowered"),
        pytest.param(0.06, TARGET_LU, id="lowered to the target"),
        pytest.param(0.1, MAX_DUCK_DB, id="as loud as the voice: lowered by 9 dB at most"),
        pytest.param(0.2, MAX_DUCK_DB - 6.0, id="louder than the voice"),
    ],
)
def test_background_is_lowered_as_far_as_speech_needs(
    tmp_path: Path, background: float, ratio: float
) -> None:
    result, ducks = mixed(tmp_path, background)
    voice, _ = soundfile.read(tmp_path / "voice.wav", dtype="float32")
    for span, duck in zip(SPANS, ducks, strict=True):
        under = result[span.start : span.end]
        heard = segment_loudness(numpy.stack([voice, voice], 1)[span.start : span.end])
        assert heard - segment_loudness(under) == pytest.approx(ratio, abs=0.3)
        assert duck.speech_to_background == pytest.approx(ratio, abs=0.3)
    outside = result[: round(0.8 * RATE)]
    assert level(outside) == pytest.approx(20 * numpy.log10(background), abs=0.1)


def test_silence_is_not_lowered(tmp_path: Path) -> None:
    _, ducks = mixed(tmp_path, 0.0)
    assert [(duck.decibels, duck.speech_to_background) for duck in ducks] == [(0.0, None)] * 2
    assert Duck(SPANS[0], SILENCE, -30.0).decibels == 0.0


def test_only_the_background_of_a_segment_counts(tmp_path: Path) -> None:
    """It is loud before and after the segment, and ends within the next one."""
    music = noise(3.0, 0.3)
    music[RATE : 2 * RATE] = noise(1.0, 0.05, seed=3)
    source = wav(tmp_path / "source.wav", numpy.stack([music, music], 1))
    places = [Span(RATE, 2 * RATE), Span(round(2.5 * RATE), 5 * RATE), Span(4 * RATE, 5 * RATE)]
    speech = [DubbedSpeech(0.0, 1.0, -20.0, True)] * 3
    soft, loud, none = measure_ducks(source, places, speech)
    assert loud.background - soft.background == pytest.approx(20 * numpy.log10(6), abs=0.5)
    assert none.background == SILENCE


rows = st.lists(
    st.tuples(st.integers(0, 300_000), st.integers(1, 90_000), st.floats(-40, -10)), max_size=5
)


@settings(max_examples=40)
@given(rows=rows, block=st.integers(5_000, 100_000))
def test_gain_of_the_background_is_smooth_and_never_too_low(
    rows: list[tuple[int, int, float]], block: int
) -> None:
    ducks = [Duck(Span(at, at + count), -20.0, music) for at, count, music in rows]
    envelope = DuckEnvelope(ducks)
    parts = [envelope.block(at, min(block, 400_000 - at)) for at in range(0, 400_000, block)]
    gains = numpy.concatenate(parts)[:, 0]
    decibels = 20 * numpy.log10(gains)
    assert decibels.max() <= 1e-4
    assert decibels.min() >= -MAX_DUCK_DB - 1e-3
    assert abs(numpy.diff(decibels)).max() <= MAX_DUCK_DB / ATTACK + 1e-3
    for duck in ducks:
        assert (decibels[duck.span.start : duck.span.end] <= -duck.decibels + 1e-3).all()


def test_background_stays_low_in_a_short_gap() -> None:
    def gains(gap: float) -> numpy.ndarray:
        spans = [Span(0, RATE), Span(round((1 + gap) * RATE), 3 * RATE)]
        return DuckEnvelope([Duck(span, -20.0, -20.0) for span in spans]).block(0, 3 * RATE)

    assert gains(0.25).max() == pytest.approx(gains(0.25).min())
    assert gains(0.8).max() == pytest.approx(1.0)


def voice_with(sibilant: float, rumble: float = 0.0) -> numpy.ndarray:
    """A vowel, a sibilant of that level and a vowel, one second each."""
    vowel = tone(1.0, 200, 0.1) + tone(1.0, 800, 0.05)
    noisy = numpy.fft.rfft(noise(1.0, 1.0))
    frequencies = numpy.fft.rfftfreq(RATE, 1 / RATE)
    noisy[(frequencies < 5000) | (frequencies > 9000)] = 0
    hiss = numpy.fft.irfft(noisy)
    hiss *= sibilant / numpy.sqrt(numpy.square(hiss).mean())
    return numpy.concatenate([vowel, hiss, vowel]).astype(numpy.float32) + tone(3.0, 30, rumble)


MIDDLE = slice(round(1.1 * RATE), round(1.9 * RATE))
VOWEL = slice(round(0.1 * RATE), round(0.9 * RATE))


@pytest.mark.parametrize(
    ("sibilant", "reduction"),
    [
        pytest.param(0.01, 0.0, id="soft"),
        pytest.param(0.04, 3.9, id="harsh"),
        pytest.param(0.2, 8.0, id="as loud as the vowels"),
    ],
)
def test_harsh_sibilants_are_lowered_and_vowels_are_not(sibilant: float, reduction: float) -> None:
    before = voice_with(sibilant)
    after = clean(before)
    assert level(before[MIDDLE]) - level(after[MIDDLE]) == pytest.approx(reduction, abs=1.2)
    assert level(after[VOWEL]) == pytest.approx(level(before[VOWEL]), abs=0.1)


def test_rumble_is_removed_and_nothing_moves() -> None:
    before, rumbling = voice_with(0.01), voice_with(0.01, rumble=0.1)
    after = clean(rumbling)
    assert level(after[VOWEL] - before[VOWEL]) < level(rumbling[VOWEL] - before[VOWEL]) - 25
    assert clean(numpy.zeros(0, numpy.float32)).shape == (0,)
    assert not clean(numpy.zeros(500, numpy.float32)).any()
    click = numpy.zeros(RATE, numpy.float32)
    click[20_000] = 0.5
    assert int(abs(clean(click)).argmax()) == 20_000


SENTENCES = [TimedSegment(str(n), "ONE", 0.5 + 2.5 * n, 1.5 + 2.5 * n) for n in range(5)]


def scene(folder: Path, room: Room | None, tail: float = 0.02) -> Path:
    """Sentences of noise that end within `tail` seconds, in `room`."""
    dry = numpy.zeros(13 * RATE, numpy.float32)
    fall = round(tail * RATE)
    for number, one in enumerate(SENTENCES):
        burst = noise(one.end - one.start, 0.1, seed=number)
        burst[-fall:] *= numpy.linspace(1, 0, fall, dtype=numpy.float32)
        dry[round(one.start * RATE) :][: len(burst)] = burst
    samples = Reverberation(room).block(dry[:, None])[:, 0] if room else dry
    return wav(folder / "vocals.wav", numpy.stack([samples, samples], 1))


def decay_seconds(samples: numpy.ndarray, end: float) -> float:
    """Seconds in which the level falls by 60 dB after `end`, by backward integration."""
    after = samples[round((end + 0.02) * RATE) : round((end + 0.9) * RATE)]
    energy = numpy.cumsum(numpy.square(after[::-1], dtype=numpy.float64))[::-1]
    decibels = 10 * numpy.log10(energy / energy[0] + 1e-12)
    first, last = (int(numpy.flatnonzero(decibels < limit)[0]) for limit in (-5, -25))
    return 3 * (last - first) / RATE


@pytest.mark.parametrize("decay", [0.3, 0.5, 0.7])
def test_dub_decays_like_the_scene(tmp_path: Path, decay: float) -> None:
    """The decay of the dub's own end, in the room that was estimated from the vocals."""
    vocals = scene(tmp_path, Room(decay, -8.0))
    room = estimate(vocals, SENTENCES)
    assert room is not None
    assert room.level == pytest.approx(-8.0, abs=3.0)
    voice = numpy.zeros(3 * RATE, numpy.float32)
    voice[:RATE] = noise(1.0, 0.1, seed=9)
    silent = wav(tmp_path / "silent.wav", numpy.zeros((3 * RATE, 2), numpy.float32))
    tracks = Tracks(silent, silent, wav(tmp_path / "voice.wav", voice), 3 * RATE, [], [], (), room)
    dub = numpy.concatenate([block.voice for block in mix_blocks(tracks)])[:, 0]
    assert decay_seconds(dub, 1.0) == pytest.approx(decay, rel=0.3)
    assert level(dub[VOWEL]) == pytest.approx(level(voice[VOWEL]), abs=0.5)


def test_dry_scene_has_no_room(tmp_path: Path) -> None:
    assert estimate(scene(tmp_path, None), SENTENCES) is None
    assert estimate(scene(tmp_path, Room(0.5, -8.0)), SENTENCES[:2]) is None, "too few decays"


def test_slow_ends_of_words_are_no_room(tmp_path: Path) -> None:
    """Three of five sentences fade out slowly; two show that the room is dry."""
    slow = scene(tmp_path, None, tail=0.4)
    samples, _ = soundfile.read(slow, dtype="float32")
    for cut in (1.25, 3.75):
        samples[round(cut * RATE) : round((cut + 1) * RATE)] = 0
    assert estimate(wav(slow, samples), SENTENCES) is None


def test_room_does_not_depend_on_the_blocks() -> None:
    voice = noise(2.0, 0.1)[:, None]
    whole = Reverberation(Room(LONGEST_SECONDS, -8.0)).block(voice)
    reverberation = Reverberation(Room(LONGEST_SECONDS, -8.0))
    edges = [0, 1000, 20_000, 21_000, 90_000, len(voice)]
    parts = [reverberation.block(voice[one:other]) for one, other in pairwise(edges)]
    assert numpy.concatenate(parts) == pytest.approx(whole, abs=1e-5)
