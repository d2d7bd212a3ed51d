"""Storages that turn kopf's bookkeeping off: level-based handlers do not need it.

By default, kopf copies the object of every event several times to find out what has changed. That
was three quarters of the operator's CPU time.
"""

from __future__ import annotations

from typing import Any

import kopf


class NoDiffs(kopf.DiffBaseStorage):
    """Store no last-handled state."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return an empty essence, so that nothing is compared."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Return None: there is no earlier state."""

    def store(self, **_: Any) -> None:
        """Do nothing."""


class NoProgress(kopf.ProgressStorage):
    """Store no progress of handlers, which return immediately."""

    def fetch(self, **_: Any) -> None:
        """Return None: there is no progress."""

    def store(self, **_: Any) -> None:
        """Do nothing."""

    def purge(self, **_: Any) -> None:
        """Do nothing."""

    def touch(self, **_: Any) -> None:
        """Do nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Return the essence unchanged."""
        return essence
