"""Retries of requests to a service outside the cluster."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypedDict

from tenacity import RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.retry import retry_base
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential_jitter

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0
"""Doubled after each attempt that failed."""
PATIENT_ATTEMPTS = 8
"""For a service that limits how often it can be called: about two minutes."""
LONGEST_WAIT_SECONDS = 120.0
"""The longest wait between two attempts, also if the service asks for more."""
JITTER = 0.5
"""The share of a wait that is random: requests that failed together must not return
together."""


class Policy(TypedDict):
    """The arguments of tenacity's ``Retrying`` and ``AsyncRetrying``."""

    retry: retry_base
    stop: stop_base
    wait: wait_base
    reraise: bool


def transient(*errors: type[Exception]) -> Policy:
    """A policy that retries these errors, and raises the last one."""
    return Policy(
        retry=retry_if_exception_type(errors),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential_jitter(
            multiplier=FIRST_WAIT_SECONDS, jitter=JITTER * FIRST_WAIT_SECONDS
        ),
        reraise=True,
    )


class Refused(Exception):
    """A response that asks the client to come back later."""

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        """Seconds, according to the service; 0.0 if it does not say."""


class WaitAsAsked(wait_base):
    """Waits as long as the service asks, and at least as long as another policy."""

    def __init__(self, otherwise: wait_base) -> None:
        self._otherwise = otherwise

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds until the next attempt."""
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.retry_after if isinstance(error, Refused) else 0.0
        return min(max(asked, self._otherwise(retry_state)), LONGEST_WAIT_SECONDS)


def patient(*errors: type[Exception]) -> Policy:
    """A policy that retries these errors for minutes, and waits as long as the service asks."""
    policy = transient(*errors)
    policy["stop"] = stop_after_attempt(PATIENT_ATTEMPTS)
    policy["wait"] = WaitAsAsked(policy["wait"])
    return policy


def seconds_until(retry_after: str | None) -> float:
    """The seconds that a Retry-After header names: a number or a date; 0.0 for none."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
        return max(seconds, 0.0) if seconds == seconds else 0.0  # not NaN
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(retry_after)
        return max((then - datetime.now(timezone.utc)).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return 0.0
