"""Every log line of a reconcile says of which DubJob, and of which reconcile."""

from __future__ import annotations

import logging
from contextvars import ContextVar

RECONCILE: ContextVar[dict[str, str | int]] = ContextVar("reconcile")
"""Fields of the reconcile that is at work."""


class AddContext(logging.Filter):
    """Adds the fields to each record; the JSON format writes them out."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True."""
        for name, value in RECONCILE.get({}).items():
            setattr(record, name, value)
        return True


def configure(level: str) -> None:
    """Set the level, and have every handler add the fields."""
    root = logging.getLogger()
    root.setLevel(level)
    for handler in root.handlers:
        handler.addFilter(AddContext())
    if level != "DEBUG":
        # It says of every event that it was handled.
        logging.getLogger("kopf.objects").setLevel(logging.WARNING)
