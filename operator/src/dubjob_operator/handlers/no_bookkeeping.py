"""kopf's own bookkeeping, which level-based handlers have no use for: none is kept.

By default kopf copies every object of every event several times to find out what has
changed; that was three quarters of the operator's processor time.
"""

from __future__ import annotations

from typing import Any

import kopf


class NoDiffs(kopf.DiffBaseStorage):
    """No last-handled state, and nothing to compare with it."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing of the object counts."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """There is no earlier state."""

    def store(self, **_: Any) -> None:
        """Nothing to write."""


class NoProgress(kopf.ProgressStorage):
    """No progress of handlers: they end at once."""

    def fetch(self, **_: Any) -> None:
        """There is none."""

    def store(self, **_: Any) -> None:
        """Nothing to write."""

    def purge(self, **_: Any) -> None:
        """Nothing to remove."""

    def touch(self, **_: Any) -> None:
        """Nothing to write."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """The essence as it is."""
        return essence
