"""How seldom a long reading of the API server is repeated."""

from __future__ import annotations

READ_SHARE = 0.02
"""Of the time, no more is spent on readings of one kind: with ten thousand DubJobs, or their
events, each is long."""


def read_interval(took: float, at_least: float) -> float:
    """Seconds of rest after a reading that took `took` seconds."""
    return max(at_least, took / READ_SHARE)
