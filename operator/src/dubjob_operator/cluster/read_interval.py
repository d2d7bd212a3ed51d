"""The interval of reads from the API server that may take long."""

from __future__ import annotations

READ_SHARE = 0.02
"""Share of the time that reads of one kind may take. With ten thousand DubJobs, or their Events,
each read takes long."""


def read_interval(took: float, at_least: float) -> float:
    """Seconds to wait after a read that took `took` seconds, but not less than `at_least`."""
    return max(at_least, took / READ_SHARE)
