"""Retries of requests to a service outside the cluster."""

from __future__ import annotations

import pytest
from tenacity import Retrying

from dubstage.engines import retries
from dubstage.engines.retries import ATTEMPTS, seconds_until, transient


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", seconds.append)
    return seconds


def test_transient_error_is_retried_after_growing_waits_with_jitter(waits: list[float]) -> None:
    errors = [ValueError("a"), ValueError("b"), ValueError("c")]

    def request() -> str:
        if errors:
            raise errors.pop()
        return "answer"

    assert Retrying(**transient(ValueError))(request) == "answer"
    first = retries.FIRST_WAIT_SECONDS
    longest = retries.JITTER * first
    assert [wait - first * 2**n for n, wait in enumerate(waits)] == [
        pytest.approx(longest / 2, abs=longest / 2) for _ in range(3)
    ]
    assert len({wait - first * 2**n for n, wait in enumerate(waits)}) == 3


def test_last_error_is_raised(waits: list[float]) -> None:
    def request() -> None:
        raise ValueError(f"attempt {len(waits) + 1}")

    with pytest.raises(ValueError, match=f"attempt {ATTEMPTS}"):
        Retrying(**transient(ValueError))(request)
    assert len(waits) == ATTEMPTS - 1


def test_other_error_is_not_retried(waits: list[float]) -> None:
    def request() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Retrying(**transient(ValueError))(request)
    assert waits == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0), ("2.5", 2.5), ("-5", 0.0), ("nan", 0.0), ("soon", 0.0), ("", 0.0),
        ("Fri, 27 Nov 2020 03:55:45 GMT", 0.0), ("Fri, 27 Nov 2020 03:55:45 -0000", 0.0),
        ("Fri, 27 Nov 2020 03:55:45 +999999999", 0.0), ("inf", float("inf")),
    ],
)  # fmt: skip
def test_any_retry_after_is_a_wait(header: str, seconds: float) -> None:
    assert seconds_until(header) == seconds
