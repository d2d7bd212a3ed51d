"""Retries of requests to a service outside the cluster."""

from __future__ import annotations

from typing import TypedDict

from tenacity import retry_if_exception_type, stop_after_attempt
from tenacity.retry import retry_base
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential_jitter

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0
"""Doubled after each attempt that failed."""
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
