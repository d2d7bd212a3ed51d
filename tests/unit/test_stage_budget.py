"""Budgets: how long a translation may be, and how far a length is from its slot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubstage.timing.budget import Budget, budget, duration_ratio, is_adherent
from dubstage.timing.prediction import CHARACTERS_PER_SECOND, SpeechRate
from dubstage.timing.slot import Slot


@pytest.mark.parametrize(
    ("natural", "ratio", "adherent"),
    [
        (2.0, 1.0, True),
        (3.0, 1.0, True),
        (1.8, 0.9, True),
        (1.7, 0.85, False),
        (3.6, 1.2, True),
        (3.7, 3.7 / 3, False),
        (0.5, 0.25, False),
        (0.0, 0.0, False),
    ],
)
def test_slot_with_its_pause_counts_as_a_fit(natural: float, ratio: float, adherent: bool) -> None:
    slot = Slot(original=2.0, length=3.5, turn=3.0)
    assert duration_ratio(natural, slot) == pytest.approx(ratio)
    assert is_adherent(duration_ratio(natural, slot)) is adherent


@pytest.mark.parametrize(
    ("natural", "available", "ratio"),
    [
        pytest.param(1.2, Slot(0.4, 0.9, 0.8), 1.5, id="less than a second"),
        pytest.param(0.0, Slot(1.0, 1.0, 1.0), 0.0, id="nothing is said"),
        pytest.param(0.0, Slot(0.0, 0.0, 0.0), 1.0, id="nothing for nothing"),
        pytest.param(2.0, Slot(2.0, 1.5, 1.0), 1.0, id="the turn ends before the original"),
    ],
)
def test_ratio_of_a_clip(natural: float, available: Slot, ratio: float) -> None:
    assert duration_ratio(natural, available) == pytest.approx(ratio)


def test_clip_without_a_slot_never_fits() -> None:
    ratios = [duration_ratio(natural, Slot(0.0, 0.0, 0.0)) for natural in (0.01, 1.0, 2.0)]
    assert not any(is_adherent(ratio) for ratio in ratios)
    assert ratios == sorted(set(ratios))


def test_budget_is_the_slot_at_the_rate_of_the_language() -> None:
    slot = Slot(original=2.0, length=3.5, turn=3.0)
    assert budget(slot, SpeechRate("es")) == Budget(31, 46)
    assert budget(slot, SpeechRate("zh")) == Budget(12, 18)
    assert budget(Slot(0.6, 0.9, 0.9), SpeechRate("es")) is None
    assert budget(Slot(0.6, 1.0, 1.0), SpeechRate("es")) == Budget(9, 16)
    assert budget(Slot(0.0, 1.5, 1.5), SpeechRate("es")) == Budget(1, 23)


@pytest.mark.parametrize(
    ("text", "ratio"), [("x" * 10, 0.5), ("x" * 25, 1.0), ("x" * 60, 2.0), ("", 0.0)]
)
def test_ratio_of_a_text(text: str, ratio: float) -> None:
    assert Budget(20, 30).ratio(text) == ratio


@pytest.mark.parametrize(
    ("length", "fits"), [(15, False), (16, True), (30, True), (36, True), (37, False)]
)
def test_text_fits_from_four_fifths_to_six_fifths(length: int, fits: bool) -> None:
    assert Budget(20, 30).fits("x" * length) is fits


@given(st.text(max_size=90), st.integers(1, 40), st.integers(0, 40))
def test_text_within_the_budget_is_the_nearest(text: str, low: int, more: int) -> None:
    size = Budget(low, low + more)
    assert size.distance("x" * low) == 0.0 <= size.distance(text)
    assert size.fits("x" * (low + more))


def test_rates_are_those_of_speech() -> None:
    assert len(CHARACTERS_PER_SECOND) >= 38
    assert all(5 <= rate <= 20 for rate in CHARACTERS_PER_SECOND.values())
