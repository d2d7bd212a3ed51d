"""The fit planner and the onset finder."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.timing.fit import GAP_SECONDS, MAX_SPEED, Flag, Line, fit, slots
from dubstage.timing.onset import snap, speech_bounds

RATE = 16000


@pytest.mark.parametrize(
    ("natural", "slot", "speed", "overflow", "flags"),
    [
        (2.0, 3.0, 1.0, 0.0, ()),
        (3.0, 3.0, 1.0, 0.0, ()),
        (3.3, 3.0, 1.1, 0.0, ()),
        (3.75, 3.0, 1.25, 0.0, (Flag.FAST,)),
        (4.2, 3.0, 1.4, 0.0, (Flag.VERY_FAST,)),
        (6.0, 3.0, 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED)),
        (1.5, 0.0, 1.5, 1.0, (Flag.VERY_FAST, Flag.TRIMMED)),
    ],
)
def test_fit(
    natural: float, slot: float, speed: float, overflow: float, flags: tuple[Flag, ...]
) -> None:
    found = fit(natural, slot)
    assert found.speed == pytest.approx(speed)
    assert found.overflow == pytest.approx(overflow)
    assert found.flags == flags


@settings(deadline=None)
@given(natural=st.floats(0.05, 120), slot=st.floats(0, 120))
def test_no_line_is_too_fast_or_too_long(natural: float, slot: float) -> None:
    found = fit(natural, slot)
    assert 1.0 <= found.speed <= MAX_SPEED
    assert found.length <= max(slot, 0) + 1e-6
    assert found.length + found.overflow == pytest.approx(natural / found.speed, abs=1e-5)


def test_slots_look_at_the_same_speaker_only() -> None:
    lines = [
        Line("a", "ONE", 1.0, 3.0),
        Line("b", "TWO", 2.0, 4.0),
        Line("c", "ONE", 5.0, 6.0),
    ]
    assert slots(lines, 10.0) == [pytest.approx(4.0 - GAP_SECONDS), 8.0, 5.0]


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
        (0.8, 1.0),  # told too early: forward to the onset
        (1.15, 1.0),  # told too late: back to it
        (2.5, 2.5),  # nothing there: left alone
    ],
)
def test_snap_finds_the_onset(told: float, found: float) -> None:
    assert snap(tone((1.0, 2.0)), RATE, told) == pytest.approx(found, abs=0.012)


def test_snap_stays_out_of_the_word_before() -> None:
    assert snap(tone((0.0, 2.0)), RATE, 1.0) == 1.0
