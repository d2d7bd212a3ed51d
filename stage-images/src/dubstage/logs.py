"""What a stage says while it runs: JSON lines on stderr, plain text on a terminal.

Every line names the stage and the job. Progress is such a line, with the field
`progress` (0.0 to 1.0): the operator reads the last one.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from dubstage.contract import StageRequest

PROGRESS_SECONDS = 1.0
"""Progress is said at most this often."""

logger = logging.getLogger("dubstage")


class _JsonFormatter(logging.Formatter):
    def __init__(self, request: StageRequest) -> None:
        super().__init__()
        self._request = request

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "stage": str(self._request.stage),
            "jobID": self._request.job_id,
            "message": record.getMessage(),
        }
        if hasattr(record, "progress"):
            line["progress"] = record.progress
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(request: StageRequest) -> None:
    """Send everything that is logged to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter(f"{request.stage}: %(message)s"))
    else:
        handler.setFormatter(_JsonFormatter(request))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class Progress:
    """Says how much is done, not too often, and never less than before."""

    def __init__(self) -> None:
        self._share = 0.0
        self._said = float("-inf")

    def __call__(self, share: float) -> None:
        """`share`: 0.0 to 1.0."""
        self._share = max(self._share, min(share, 1.0))
        now = time.monotonic()
        if now - self._said >= PROGRESS_SECONDS:
            self._said = now
            text = f"{self._share:.0%} done"
            logger.info(text, extra={"progress": round(self._share, 3)})
