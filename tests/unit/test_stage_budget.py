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
        (0.0, 0.0, False),
    ],
)
def test_slot_with_its_pause_counts_as_a_fit(natural: float, ratio: float, adherent: bool) -> None:
    slot = Slot(original=2.0, length=3.5, turn=3.0)
    assert duration_ratio(natural, slot) == pytest.approx(ratio)
    assert is_adherent(duration_ratio(natural, slot)) is adherent


def test_budget_is_the_slot_at_the_rate_of_the_language() -> None:
    slot = Slot(original=2.0, length=3.5, turn=3.0)
    assert budget(slot, SpeechRate("es")) == Budget(31, 46)
    assert budget(slot, SpeechRate("zh")) == Budget(12, 18)
    assert budget(Slot(0.6, 0.9, 0.9), SpeechRate("es")) is None


@pytest.mark.parametrize(
    ("text", "ratio"), [("x" * 10, 0.5), ("x" * 25, 1.0), ("x" * 60, 2.0), ("", 0.0)]
)
def test_ratio_of_a_text(text: str, ratio: float) -> None:
    assert Budget(20, 30).ratio(text) == ratio


@given(st.text(max_size=90), st.integers(1, 40), st.integers(0, 40))
def test_text_within_the_budget_is_the_nearest(text: str, low: int, more: int) -> None:
    size = Budget(low, low + more)
    assert size.distance("x" * low) == 0.0 <= size.distance(text)
    assert size.fits("x" * (low + more))


def test_rates_are_those_of_speech() -> None:
    assert len(CHARACTERS_PER_SECOND) >= 38
    assert all(5 <= rate <= 20 for rate in CHARACTERS_PER_SECOND.values())
