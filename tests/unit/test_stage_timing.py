"""The fit planner, slots, predictions and onsets."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubstage.timing.fade import fade
from dubstage.timing.fit import (
    EASY_SPEED,
    MAX_FILL,
    MAX_SPEED,
    MIN_FILL,
    MIN_SPEED,
    Flag,
    engine_speed,
    fit,
)
from dubstage.timing.onset import after_pause, snap, speech_bounds, spoken_spans
from dubstage.timing.phrases import Phrase
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
        pytest.param(0.5, slot(1.0), 0.9, 0.0, (), id="one second: slowed down"),
        pytest.param(0.0, slot(3.0), 1.0, 0.0, (), id="nothing"),
        pytest.param(3.0 * MIN_FILL, slot(3.0), 1.0, 0.0, (), id="fills enough"),
        pytest.param(2.08, slot(4.5, original=2.0), 1.0, 0.0, (), id="nearly as long"),
        pytest.param(
            2.0 * MAX_FILL, slot(4.5, original=2.0), 1.0, 0.0, (), id="hardly longer: unchanged"
        ),
        pytest.param(2.2, slot(4.5, original=2.0), 1.1, 0.0, (), id="not noticed, no pause used"),
        pytest.param(3.0, slot(4.5, original=2.0), 1.15, 0.0, (), id="1.15, then the pause"),
        pytest.param(5.4, slot(4.5, original=2.0), 1.2, 0.0, (), id="then 1.2"),
        pytest.param(3.3, slot(3.0), 1.1, 0.0, (), id="not noticed"),
        pytest.param(3.6, slot(3.0), 1.2, 0.0, (), id="1.2 is not noticed"),
        pytest.param(3.75, slot(3.0), 1.25, 0.0, (Flag.FAST,), id="a note"),
        pytest.param(3.9, slot(3.0), 1.3, 0.0, (Flag.FAST,), id="1.3 is a note"),
        pytest.param(0.88, slot(0.8), 1.1, 0.0, (), id="a slot below one second"),
        pytest.param(4.5 + 1e-7, slot(3.0), 1.5, 0.0, (Flag.VERY_FAST,), id="a rounding error"),
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


@pytest.mark.parametrize(
    ("seconds", "spoken", "available", "lowest"),
    [
        pytest.param(2.96, 1.01, slot(3.0), MIN_SPEED, id="1 % slower"),
        pytest.param(3.0, 0.99, slot(3.0), MIN_SPEED, id="exactly in its slot"),
        pytest.param(3.03, 1.0, slot(4.0, 3.0, turn=3.0), 1.0, id="as fast as its neighbors"),
    ],
)
def test_stretch_of_one_percent_is_left_out(
    seconds: float, spoken: float, available: Slot, lowest: float
) -> None:
    assert fit(seconds, spoken, available, lowest=lowest).stretch == 1.0


def test_pauses_end_with_the_turn_unless_the_clip_does_not() -> None:
    """A pause is only as long as the time before another speaker's turn. A clip that takes the
    turn anyway may use its slot."""
    phrase = Phrase(start=1.0, silence=0.2, onset=3.0, pause=1.0)
    polite = fit(2.9, 1.0, slot(4.0, 3.0, turn=3.2), [phrase])
    assert polite.length == pytest.approx(3.2)
    assert polite.paused == pytest.approx(3.2 - 2.9 / 1.15)
    phrase = Phrase(start=1.0, silence=0.2, onset=1.5, pause=0.5)
    late = fit(3.3, 1.0, slot(4.0, 2.0, turn=2.2), [phrase])
    assert late.speed == pytest.approx(1.2)
    assert late.paused == pytest.approx(1.5 - 1.0 / 1.2)


@pytest.mark.parametrize("spoken", [0.9, 1.0, 1.15])
def test_speed_with_a_pause_is_the_same_for_every_speed_of_the_engine(spoken: float) -> None:
    """2.2 s of speech and a silence of 0.3 s, at the natural tempo, for an original of 2.5 s
    that pauses for 0.5 s."""
    phrase = Phrase(start=1.2 / spoken, silence=0.3 / spoken, onset=1.5, pause=0.5)
    assert fit(2.5 / spoken, spoken, slot(2.5), [phrase]).speed == pytest.approx(2.5 / 2.3)


seconds = st.floats(0.0, 60.0)
slots_of_any_length = st.builds(
    lambda length, turn, original: Slot(original, length, length * turn),
    seconds,
    st.floats(0.0, 1.0),
    seconds,
)


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
    assert (d.original, d.length) == pytest.approx((0.5, 1.5))


@pytest.mark.parametrize(
    ("end", "following", "turn"),
    [
        pytest.param(1.3, 1.3, 0.3, id="at once"),
        pytest.param(1.3, 1.32, 0.3, id="within the gap"),
        pytest.param(1.3, 1.5, 0.45, id="after a pause"),
        pytest.param(1.3, 1.2, 1.8, id="it interrupts"),
    ],
)
def test_turn_ends_when_another_speaker_starts(end: float, following: float, turn: float) -> None:
    segments = [TimedSegment("a", "ONE", 1.0, end), TimedSegment("b", "TWO", following, 4.0)]
    first, _ = slots(segments, 8.0)
    assert (first.length, first.turn) == pytest.approx((1.8, turn))


def test_segment_that_starts_early_has_more_time() -> None:
    early = Slot(original=2.0, length=3.0, turn=2.5).starting_early(0.08)
    assert (early.original, early.length, early.turn) == pytest.approx((2.08, 3.08, 2.58))


@pytest.mark.parametrize(
    ("natural", "expected"),
    [
        (2.9, Verdict.FITS),
        (3.0, Verdict.FITS),
        (3.1, Verdict.TIGHT),
        (4.5, Verdict.TIGHT),
        (4.6, Verdict.IMPOSSIBLE),
    ],
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


@pytest.mark.parametrize("tag", ["zh-TW", "yue", "yue-HK", "cmn-Hans"])
def test_a_character_of_chinese_is_a_syllable(tag: str) -> None:
    assert SpeechRate(tag).predict("你好世界你好") == pytest.approx(1.0)


def test_shortest_segments_that_count_for_the_rate() -> None:
    rate = SpeechRate("es")
    for _ in range(3):
        rate.learn("abcd", 0.4)
    assert rate.characters_per_second == pytest.approx(10.0)


def tone(*spans: tuple[float, float], length: float = 3.0) -> numpy.ndarray:
    """A tone during `spans` (seconds), with quiet hum elsewhere."""
    time = numpy.arange(int(length * RATE)) / RATE
    samples = 0.0005 * numpy.sin(2 * numpy.pi * 61 * time)
    for start, end in spans:
        inside = (time >= start) & (time < end)
        samples[inside] += 0.3 * numpy.sin(2 * numpy.pi * 220 * time[inside])
    return samples.astype(numpy.float32)


def noise(level: float) -> numpy.ndarray:
    return numpy.random.default_rng(1).normal(0, level, 3 * RATE).astype(numpy.float32)


SHORTER_THAN_A_FRAME = numpy.ones(RATE // 400, numpy.float32)


def test_speech_bounds_are_onset_and_offset() -> None:
    assert speech_bounds(tone((0.5, 1.25)), RATE) == pytest.approx((0.5, 1.25), abs=1e-9)
    assert speech_bounds(tone((0.5, 1.25)) + noise(0.01), RATE) == pytest.approx((0.0, 3.0))
    assert speech_bounds(numpy.zeros(RATE, numpy.float32), RATE) == (0.0, 0.0)
    assert speech_bounds(SHORTER_THAN_A_FRAME, RATE) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("decibels", "end"),
    [pytest.param(-33, 1.5, id="soft speech"), pytest.param(-37, 1.0, id="silence")],
)
def test_speech_ends_35_db_below_its_peak(decibels: float, end: float) -> None:
    soft = (tone((1.0, 1.5)) * 10 ** (decibels / 20)).astype(numpy.float32)
    assert speech_bounds(tone((0.5, 1.0)) + soft, RATE) == pytest.approx((0.5, end), abs=1e-9)


@pytest.mark.parametrize(
    ("samples", "over_noise", "expected"),
    [
        pytest.param(tone((0.2, 0.5), (0.595, 1.0)), False, [(0.2, 1.0)], id="no pause"),
        pytest.param(tone((0.2, 0.5), (0.6, 1.0)), False, [(0.2, 0.5), (0.6, 1.0)], id="a pause"),
        pytest.param(tone((1.0, 2.0)) + noise(0.01), False, [(0.0, 3.0)], id="noise is audible"),
        pytest.param(tone((1.0, 2.0)) + noise(0.01), True, [(1.0, 2.0)], id="over the noise"),
        pytest.param(tone((1.0, 2.0)) + noise(0.1), True, [(0.0, 3.0)], id="hardly any silence"),
        pytest.param(numpy.zeros(RATE, numpy.float32), False, [], id="silence"),
        pytest.param(SHORTER_THAN_A_FRAME, False, [], id="shorter than a frame"),
    ],
)
def test_spoken_spans_are_divided_by_pauses(
    samples: numpy.ndarray, over_noise: bool, expected: list[tuple[float, float]]
) -> None:
    spans = spoken_spans(samples, RATE, 0.1, over_noise)
    assert [edge for span in spans for edge in span] == pytest.approx(
        [edge for span in expected for edge in span], abs=1e-9
    )


@pytest.mark.parametrize(
    ("recognized", "onset"),
    [
        (0.2, 1.0),  # extended back over the silence
        (1.003, 1.0),  # in the first frame
        (1.15, 1.0),  # a little late
        (1.25, 1.0),  # as late as a recognizer is
        (1.26, 1.26),  # of another word
        (1.6, 1.6),  # in the middle of speech
        (2.5, 2.5),  # no speech follows
        (9.0, 9.0),  # after the end
    ],
)
def test_snap_finds_the_onset(recognized: float, onset: float) -> None:
    assert snap(tone((1.0, 2.0)), RATE, recognized) == pytest.approx(onset, abs=1e-9)


def test_snap_ignores_the_word_before() -> None:
    assert snap(tone((0.0, 2.0)), RATE, 0.2) == 0.2
    assert snap(tone((0.0, 1.0), (1.2, 2.0)), RATE, 1.3) == pytest.approx(1.2, abs=1e-9)


@pytest.mark.parametrize(
    ("seconds", "onset"),
    [
        pytest.param(0.02, 1.0, id="a click"),
        pytest.param(0.065, 1.0, id="a knock"),
        pytest.param(0.07, 0.5, id="the shortest word"),
    ],
)
def test_snap_ignores_a_click(seconds: float, onset: float) -> None:
    samples = tone((0.5, 0.5 + seconds), (1.0, 2.0))
    assert snap(samples, RATE, 0.2) == pytest.approx(onset, abs=1e-9)


def test_snap_ignores_residual_noise() -> None:
    assert snap(tone((1.0, 2.0)) + noise(0.01), RATE, 0.3) == pytest.approx(1.0, abs=1e-9)
    assert snap(noise(0.01), RATE, 0.3) == 0.3


@pytest.mark.parametrize(
    ("spans", "start", "expected"),
    [
        pytest.param([(0.0, 0.4), (1.5, 2.0)], 0.1, 1.5, id="the end of the word before, a pause"),
        pytest.param([(0.0, 0.4), (0.5, 2.0)], 0.1, None, id="the closure of a consonant"),
        pytest.param([(0.0, 2.0)], 0.1, None, id="no pause"),
        pytest.param([(0.0, 0.4), (1.85, 2.5)], 0.1, None, id="the next word"),
        pytest.param([(1.0, 2.0)], 0.8, 1.0, id="it starts with the pause"),
        pytest.param([(1.0, 2.0)], 0.9, None, id="most of the pause is before it"),
    ],
)
@pytest.mark.parametrize("level", [0.0, 0.01], ids=["quiet", "noise"])
def test_onset_after_a_pause_within_a_word(
    spans: list[tuple[float, float]], start: float, expected: float | None, level: float
) -> None:
    onset = after_pause(tone(*spans) + noise(level), RATE, start, 1.9)
    assert onset == (None if expected is None else pytest.approx(expected, abs=1e-9))


@pytest.mark.parametrize(
    ("fade_in", "fade_out", "expected"),
    [
        pytest.param(0.3, 0.2, [0, 0.5, 1, 1, 1, 1, 1, 1, 1, 0], id="both"),
        pytest.param(0.0, 0.0, [1] * 10, id="none"),
        pytest.param(0.0, 0.5, [1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0], id="out"),
        pytest.param(9.0, 0.0, [n / 9 for n in range(10)], id="longer than the audio"),
    ],
)
def test_fade_is_linear(fade_in: float, fade_out: float, expected: list[float]) -> None:
    samples = numpy.ones(10, numpy.float32)
    faded = fade(samples, 10, fade_in, fade_out)
    assert faded.tolist() == pytest.approx(expected)
    assert faded.dtype == numpy.float32
    assert samples.tolist() == [1.0] * 10, "a copy"
