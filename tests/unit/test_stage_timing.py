"""The fit planner and the onset finder."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.timing.fit import MAX_SPEED, MIN_SPEED, Flag, engine_speed, fit
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
    ("natural", "room", "speed", "overflow", "flags"),
    [
        pytest.param(2.9, slot(3.0), 1.0, 0.0, (), id="nearly as long: left alone"),
        pytest.param(2.7, slot(3.0), 0.9, 0.0, (), id="shorter: slowed down to fill"),
        pytest.param(1.0, slot(3.0), 0.9, 0.0, (), id="much shorter: no slower than 0.9"),
        pytest.param(3.0, slot(4.5, original=2.0), 1.0, 0.0, (), id="the pause is used"),
        pytest.param(3.3, slot(3.0), 1.1, 0.0, (), id="unremarked"),
        pytest.param(3.6, slot(3.0), 1.2, 0.0, (), id="1.2 is unremarked"),
        pytest.param(3.75, slot(3.0), 1.25, 0.0, (Flag.FAST,), id="noted"),
        pytest.param(4.2, slot(3.0), 1.4, 0.0, (Flag.VERY_FAST,), id="warned of"),
        pytest.param(6.0, slot(3.0), 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED), id="trimmed"),
        pytest.param(1.5, slot(0.0), 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED), id="no room"),
        pytest.param(3.3, slot(4.0, 2.5, turn=3.0), 1.1, 0.0, (), id="out of another's turn"),
        pytest.param(4.0, slot(4.0, 2.5, turn=3.0), 1.2, 0.0, (), id="not at any price"),
    ],
)
def test_fit(
    natural: float, room: Slot, speed: float, overflow: float, flags: tuple[Flag, ...]
) -> None:
    found = fit(natural, 1.0, room)
    assert found.speed == pytest.approx(speed)
    assert found.overflow == pytest.approx(overflow)
    assert found.flags == flags


def test_the_pause_that_is_used() -> None:
    assert fit(3.0, 1.0, slot(4.5, original=2.0)).pause_used == pytest.approx(1.0)
    assert fit(1.9, 1.0, slot(4.5, original=2.0)).pause_used == 0.0


def test_the_engines_speed_comes_before_the_stretch() -> None:
    """The cap is on both together; an engine with one speed is asked for that."""
    room = slot(3.0)
    assert engine_speed(3.3, room) == pytest.approx(1.1)
    assert engine_speed(4.2, room) == pytest.approx(1.15)
    assert engine_speed(4.2, room, reach=0.0) == 1.0
    assert engine_speed(1.0, room) == pytest.approx(0.9)
    found = fit(4.2 / 1.15, 1.15, room)
    assert found.natural == pytest.approx(4.2)
    assert found.stretch * 1.15 == pytest.approx(1.4)
    assert fit(9.0, 1.15, room).speed == pytest.approx(MAX_SPEED)
    assert fit(2.96, 1.01, room).stretch == 1.0, "nobody hears a hundredth"


seconds = st.floats(0.0, 60.0)
rooms = st.builds(
    lambda length, turn, original: Slot(original, length, length * turn),
    seconds,
    st.floats(0.0, 1.0),
    seconds,
)


@settings(deadline=None)
@given(natural=st.just(0.0) | st.floats(0.05, 120), speed=st.floats(0.85, 1.15), room=rooms)
def test_no_line_is_too_fast_or_too_long(natural: float, speed: float, room: Slot) -> None:
    found = fit(natural / speed, speed, room)
    assert MIN_SPEED - 0.02 <= found.speed <= MAX_SPEED + 1e-9
    assert found.length <= room.length + 1e-6
    assert found.length + found.overflow == pytest.approx(natural / found.speed, abs=1e-5)
    assert bool(found.overflow) == (Flag.TRIMMED in found.flags)
    if found.overflow:
        assert found.speed == pytest.approx(MAX_SPEED)
    assert 0.85 <= engine_speed(natural, room) <= 1.15


starts = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0.1, 5), st.sampled_from(["ONE", "TWO"])), max_size=12
)


@settings(deadline=None)
@given(rows=starts, natural=st.floats(0.1, 20))
def test_two_lines_of_one_speaker_never_overlap(
    rows: list[tuple[float, float, str]], natural: float
) -> None:
    lines = [
        TimedSegment(str(n), who, at, at + long) for n, (at, long, who) in enumerate(sorted(rows))
    ]
    limits = slots(lines, 60.0)
    heard = [
        (line, line.start + fit(natural, 1.0, room).length)
        for line, room in zip(lines, limits, strict=True)
    ]
    for number, (line, end) in enumerate(heard):
        own = [x.start for x in lines[number + 1 :] if x.speaker == line.speaker]
        assert limits[number].length > 0 or min(own) <= line.start + GAP_SECONDS, "left no time"
        assert end <= 60.0 + 1e-6
        assert end <= line.end + LONGEST_PAUSE + 1e-6
        for later, _ in heard[number + 1 :]:
            if later.speaker == line.speaker:
                assert end <= max(later.start - GAP_SECONDS, line.start) + 1e-6


def test_slots() -> None:
    """The same speaker's next line and the pause end a slot; another speaker's line ends
    a turn, unless the original runs into it."""
    lines = [
        TimedSegment("a", "ONE", 1.0, 3.0),
        TimedSegment("b", "TWO", 2.0, 4.0),
        TimedSegment("c", "ONE", 4.2, 6.0),
        TimedSegment("d", "TWO", 6.5, 7.0),
    ]
    a, b, c, d = slots(lines, 8.0)
    assert (a.original, a.length, a.turn) == pytest.approx((2.0, 3.15, 3.15))
    assert (b.length, b.turn) == pytest.approx((3.5, 2.15))
    assert (c.length, c.turn) == pytest.approx((3.3, 2.25))
    assert d.length == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("natural", "found"),
    [(2.9, Verdict.FITS), (3.1, Verdict.TIGHT), (4.5, Verdict.TIGHT), (4.6, Verdict.IMPOSSIBLE)],
)
def test_verdict(natural: float, found: Verdict) -> None:
    assert verdict(natural, slot(3.0)) is found


def test_the_jobs_own_rate_replaces_the_languages() -> None:
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
    """A tone during `spans` (seconds), quiet noise elsewhere."""
    time = numpy.arange(int(length * RATE)) / RATE
    sound = 0.0005 * numpy.sin(2 * numpy.pi * 61 * time)
    for start, end in spans:
        inside = (time >= start) & (time < end)
        sound[inside] += 0.3 * numpy.sin(2 * numpy.pi * 220 * time[inside])
    return sound.astype(numpy.float32)


def test_speech_bounds() -> None:
    assert speech_bounds(tone((0.5, 1.25)), RATE) == pytest.approx((0.5, 1.25), abs=0.006)
    assert speech_bounds(numpy.zeros(RATE, numpy.float32), RATE) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (0.2, 1.0),  # stretched back over the silence: forward to the onset
        (1.15, 1.0),  # a little late: back to it
        (1.6, 1.6),  # in the middle of speech: left alone
        (2.5, 2.5),  # nothing there: left alone
        (9.0, 9.0),  # behind the end of the sound
    ],
)
def test_snap_finds_the_onset(told: float, found: float) -> None:
    assert snap(tone((1.0, 2.0)), RATE, told) == pytest.approx(found, abs=0.012)


def test_snap_stays_out_of_the_word_before() -> None:
    assert snap(tone((0.0, 2.0)), RATE, 0.2) == 0.2
    assert snap(tone((0.0, 1.0), (1.2, 2.0)), RATE, 1.3) == pytest.approx(1.2, abs=0.012)


def test_snap_takes_no_click_for_speech() -> None:
    assert snap(tone((0.5, 0.52), (1.0, 2.0)), RATE, 0.2) == pytest.approx(1.0, abs=0.012)


def test_snap_hears_speech_over_what_is_left_of_music() -> None:
    noise = numpy.random.default_rng(1).normal(0, 0.01, 3 * RATE).astype(numpy.float32)
    assert snap(tone((1.0, 2.0)) + noise, RATE, 0.3) == pytest.approx(1.0, abs=0.012)
    assert snap(noise, RATE, 0.3) == 0.3


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        pytest.param([(0.0, 0.4), (1.5, 2.0)], 1.5, id="the end of the word before, a pause"),
        pytest.param([(0.0, 0.4), (0.5, 2.0)], None, id="the closure of a consonant"),
        pytest.param([(0.0, 2.0)], None, id="no pause"),
        pytest.param([(0.0, 0.4), (1.85, 2.5)], None, id="the next word"),
    ],
)
def test_a_word_that_holds_the_end_of_the_one_before(
    spans: list[tuple[float, float]], found: float | None
) -> None:
    onset = after_pause(tone(*spans), RATE, 0.1, 1.9)
    assert onset == (None if found is None else pytest.approx(found, abs=0.012))
