"""Fields that every log line of a reconcile gets: the DubJob and the number of the reconcile."""

from __future__ import annotations

import logging
from contextvars import ContextVar

RECONCILE: ContextVar[dict[str, str | int]] = ContextVar("reconcile")
"""Fields of the reconcile in progress."""


class AddContext(logging.Filter):
    """Add the fields to each record, from which the JSON formatter writes them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: no record is dropped."""
        for name, value in RECONCILE.get({}).items():
            setattr(record, name, value)
        return True


def configure(level: str) -> None:
    """Set the level, and add the fields in every handler."""
    root = logging.getLogger()
    root.setLevel(level)
    for handler in root.handlers:
        handler.addFilter(AddContext())
    if level != "DEBUG":
        # They log every handled event and every answered probe.
        for name in ("kopf.objects", "kopf.activities", "aiohttp.access"):
            logging.getLogger(name).setLevel(logging.WARNING)
        # Its traceback of a failed probe repeats the preceding line of kopf.
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
