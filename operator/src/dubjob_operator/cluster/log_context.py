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
        # They say of every event that it was handled, and of every probe that it was
        # answered.
        for name in ("kopf.objects", "kopf.activities", "aiohttp.access"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # Its traceback of a probe that failed says no more than kopf's line before it.
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
