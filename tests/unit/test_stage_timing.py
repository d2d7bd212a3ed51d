"""The fit planner, slots, predictions and onsets."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.timing.fit import EASY_SPEED, MAX_SPEED, MIN_SPEED, Flag, engine_speed, fit
from dubstage.timing.onset import after_pause, snap, speech_bounds
from dubstage.timing.prediction import SpeechRate, Verdict, verdict
from dubstage.timing.slot import GAP_SECONDS, LONGEST_PAUSE, Slot, TimedSegment, slots

RATE = 16000


def slot(length: float, original: float | None = None, turn: float | None = None) -> Slot:
    return Slot(
        original=length if original is None else original,
        length=length,
        turn=length if turn is None else turn,
    )


@pytest.mark.parametrize(
    ("natural", "available", "speed", "overflow", "flags"),
    [
        pytest.param(2.9, slot(3.0), 1.0, 0.0, (), id="nearly as long: unchanged"),
        pytest.param(2.7, slot(3.0), 0.9, 0.0, (), id="shorter: slowed down"),
        pytest.param(1.0, slot(3.0), 0.9, 0.0, (), id="much shorter: no slower than 0.9"),
        pytest.param(0.5, slot(0.8), 1.0, 0.0, (), id="brief: not slowed down"),
        pytest.param(2.08, slot(4.5, original=2.0), 1.0, 0.0, (), id="nearly as long"),
        pytest.param(2.2, slot(4.5, original=2.0), 1.1, 0.0, (), id="not noticed, no pause used"),
        pytest.param(3.0, slot(4.5, original=2.0), 1.15, 0.0, (), id="1.15, then the pause"),
        pytest.param(5.4, slot(4.5, original=2.0), 1.2, 0.0, (), id="then 1.2"),
        pytest.param(3.3, slot(3.0), 1.1, 0.0, (), id="not noticed"),
        pytest.param(3.6, slot(3.0), 1.2, 0.0, (), id="1.2 is not noticed"),
        pytest.param(3.75, slot(3.0), 1.25, 0.0, (Flag.FAST,), id="a note"),
        pytest.param(4.2, slot(3.0), 1.4, 0.0, (Flag.VERY_FAST,), id="a warning"),
        pytest.param(6.0, slot(3.0), 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED), id="trimmed"),
        pytest.param(1.5, slot(0.0), 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED), id="no slot"),
        pytest.param(3.3, slot(4.0, 3.0, turn=2.9), 3.3 / 2.9, 0.0, (), id="no overlap"),
        pytest.param(
            4.0, slot(4.0, 2.5, turn=3.0), 1.2, 0.0, (), id="sped up to 1.2 at most for that"
        ),
    ],
)
def test_fit_uses_pause_speed_and_trimming(
    natural: float, available: Slot, speed: float, overflow: float, flags: tuple[Flag, ...]
) -> None:
    result = fit(natural, 1.0, available)
    assert result.speed == pytest.approx(speed)
    assert result.overflow == pytest.approx(overflow)
    assert result.flags == flags


def test_fit_reports_the_pause_that_it_uses() -> None:
    assert fit(3.0, 1.0, slot(4.5, original=2.0)).pause_used == pytest.approx(3.0 / 1.15 - 2.0)
    assert fit(1.9, 1.0, slot(4.5, original=2.0)).pause_used == 0.0


def test_engine_speed_comes_before_the_stretch() -> None:
    """The limit covers both; an engine with only one speed is asked for that."""
    available = slot(3.0)
    assert engine_speed(3.3, available) == pytest.approx(1.1)
    assert engine_speed(4.2, available) == pytest.approx(1.15)
    assert engine_speed(4.2, available, reach=0.0) == 1.0
    assert engine_speed(1.0, available) == pytest.approx(0.9)
    result = fit(4.2 / 1.15, 1.15, available)
    assert result.natural == pytest.approx(4.2)
    assert result.stretch * 1.15 == pytest.approx(1.4)
    assert fit(9.0, 1.15, available).speed == pytest.approx(MAX_SPEED)
    assert fit(2.96, 1.01, available).stretch == 1.0, "a stretch of 1 % is left out"


seconds = st.floats(0.0, 60.0)
slots_of_any_length = st.builds(
    lambda length, turn, original: Slot(original, length, length * turn),
    seconds,
    st.floats(0.0, 1.0),
    seconds,
)


@settings(deadline=None)
@given(
    natural=st.just(0.0) | st.floats(0.05, 120),
    speed=st.floats(0.85, 1.15),
    available=slots_of_any_length,
)
def test_fit_never_exceeds_speed_limit_or_slot(
    natural: float, speed: float, available: Slot
) -> None:
    result = fit(natural / speed, speed, available)
    assert MIN_SPEED - 0.02 <= result.speed <= MAX_SPEED + 1e-9
    assert result.length <= available.length + 1e-6
    assert result.length + result.overflow == pytest.approx(natural / result.speed, abs=1e-5)
    assert bool(result.overflow) == (Flag.TRIMMED in result.flags)
    if result.overflow:
        assert result.speed == pytest.approx(MAX_SPEED)
    if result.pause_used and not result.overflow:
        assert result.speed >= min(EASY_SPEED, natural / max(available.original, 1e-9)) - 0.06
    assert 0.85 <= engine_speed(natural, available) <= 1.15


starts = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0.1, 5), st.sampled_from(["ONE", "TWO"])), max_size=12
)


@settings(deadline=None)
@given(rows=starts, natural=st.floats(0.1, 20))
def test_segments_of_one_speaker_never_overlap(
    rows: list[tuple[float, float, str]], natural: float
) -> None:
    segments = [
        TimedSegment(str(n), who, at, at + long) for n, (at, long, who) in enumerate(sorted(rows))
    ]
    limits = slots(segments, 60.0)
    planned = [
        (segment, segment.start + fit(natural, 1.0, available).length)
        for segment, available in zip(segments, limits, strict=True)
    ]
    for number, (segment, end) in enumerate(planned):
        own = [x.start for x in segments[number + 1 :] if x.speaker == segment.speaker]
        assert limits[number].length > 0 or min(own) <= segment.start + GAP_SECONDS, (
            "no slot although there is time"
        )
        assert end <= 60.0 + 1e-6
        assert end <= segment.end + LONGEST_PAUSE + 1e-6
        for later, _ in planned[number + 1 :]:
            if later.speaker == segment.speaker:
                assert end <= max(later.start - GAP_SECONDS, segment.start) + 1e-6


def test_slot_ends_before_the_next_segment() -> None:
    """The same speaker's next segment and the pause end a slot; another speaker's segment
    ends a turn, unless the original overlaps it."""
    segments = [
        TimedSegment("a", "ONE", 1.0, 3.0),
        TimedSegment("b", "TWO", 2.0, 4.0),
        TimedSegment("c", "ONE", 4.2, 6.0),
        TimedSegment("d", "TWO", 6.5, 7.0),
    ]
    a, b, c, d = slots(segments, 8.0)
    assert (a.original, a.length, a.turn) == pytest.approx((2.0, 3.15, 3.15))
    assert (b.length, b.turn) == pytest.approx((3.5, 2.15))
    assert (c.length, c.turn) == pytest.approx((3.3, 2.25))
    assert d.length == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("natural", "expected"),
    [(2.9, Verdict.FITS), (3.1, Verdict.TIGHT), (4.5, Verdict.TIGHT), (4.6, Verdict.IMPOSSIBLE)],
)
def test_verdict_compares_prediction_with_slot(natural: float, expected: Verdict) -> None:
    assert verdict(natural, slot(3.0)) is expected


def test_measured_rate_replaces_the_rate_of_the_language() -> None:
    rate = SpeechRate("es-MX")
    assert rate.predict("x" * 31) == pytest.approx(2.0)
    rate.learn("abc", 1.0)  # too few characters
    rate.learn("abcdefgh", 0.3)  # too short
    for natural in (1.0, 2.0, 1.25):
        assert rate.characters_per_second == 15.5
        rate.learn("ten  letters", natural)
    assert rate.characters_per_second == pytest.approx(11 / 1.25)
    assert SpeechRate("xx").predict("x" * 15) == pytest.approx(1.0)


def tone(*spans: tuple[float, float], length: float = 3.0) -> numpy.ndarray:
    """A tone during `spans` (seconds), with quiet hum elsewhere."""
    time = numpy.arange(int(length * RATE)) / RATE
    samples = 0.0005 * numpy.sin(2 * numpy.pi * 61 * time)
    for start, end in spans:
        inside = (time >= start) & (time < end)
        samples[inside] += 0.3 * numpy.sin(2 * numpy.pi * 220 * time[inside])
    return samples.astype(numpy.float32)


def test_speech_bounds_are_onset_and_offset() -> None:
    assert speech_bounds(tone((0.5, 1.25)), RATE) == pytest.approx((0.5, 1.25), abs=0.006)
    assert speech_bounds(numpy.zeros(RATE, numpy.float32), RATE) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("recognized", "onset"),
    [
        (0.2, 1.0),  # extended back over the silence
        (1.15, 1.0),  # a little late
        (1.6, 1.6),  # in the middle of speech
        (2.5, 2.5),  # no speech follows
        (9.0, 9.0),  # after the end
    ],
)
def test_snap_finds_the_onset(recognized: float, onset: float) -> None:
    assert snap(tone((1.0, 2.0)), RATE, recognized) == pytest.approx(onset, abs=0.012)


def test_snap_ignores_the_word_before() -> None:
    assert snap(tone((0.0, 2.0)), RATE, 0.2) == 0.2
    assert snap(tone((0.0, 1.0), (1.2, 2.0)), RATE, 1.3) == pytest.approx(1.2, abs=0.012)


def test_snap_ignores_a_click() -> None:
    assert snap(tone((0.5, 0.52), (1.0, 2.0)), RATE, 0.2) == pytest.approx(1.0, abs=0.012)


def test_snap_ignores_residual_noise() -> None:
    noise = numpy.random.default_rng(1).normal(0, 0.01, 3 * RATE).astype(numpy.float32)
    assert snap(tone((1.0, 2.0)) + noise, RATE, 0.3) == pytest.approx(1.0, abs=0.012)
    assert snap(noise, RATE, 0.3) == 0.3


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param([(0.0, 0.4), (1.5, 2.0)], 1.5, id="the end of the word before, a pause"),
        pytest.param([(0.0, 0.4), (0.5, 2.0)], None, id="the closure of a consonant"),
        pytest.param([(0.0, 2.0)], None, id="no pause"),
        pytest.param([(0.0, 0.4), (1.85, 2.5)], None, id="the next word"),
    ],
)
def test_onset_after_a_pause_within_a_word(
    spans: list[tuple[float, float]], expected: float | None
) -> None:
    onset = after_pause(tone(*spans), RATE, 0.1, 1.9)
    assert onset == (None if expected is None else pytest.approx(expected, abs=0.012))
