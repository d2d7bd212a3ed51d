"""The log of a stage: JSON lines on stderr, plain text on a terminal.

Every line names the stage and the job. Two kinds of line have fields of their own: steps
(``step``, and ``seconds`` once they end) and progress (``progress``, 0.0 to 1.0, of which
the operator reads the last).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dubstage.contract import StageRequest
from dubstage.masking import masked

PROGRESS_SECONDS = 1.0
"""The least time between two lines of progress."""
FIELDS = ("step", "seconds", "progress")
"""Fields that only some lines have."""

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
            "message": masked(record.getMessage()),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Plain text."""
        return masked(super().format(record))


def configure(request: StageRequest) -> None:
    """Send what this package logs, and the warnings of libraries, to stderr.

    The other lines of libraries may quote what a user wrote.
    """
    handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        handler.setFormatter(_TextFormatter(f"{request.stage}: %(message)s"))
    else:
        handler.setFormatter(_JsonFormatter(request))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logger.setLevel(logging.INFO)


class Step:
    """A step that is being done."""

    position: str = ""
    """The item that is being done, for example a segment's id; logged if the step fails."""


@contextmanager
def step(name: str, detail: str = "") -> Iterator[Step]:
    """Log that a step of the stage starts, and how many seconds it took or where it failed.

    A pod that is killed has logged the start of the step, but not its end.
    """
    text = f"{name} {detail}".strip()
    logger.info("%s: started", text, extra={"step": name})
    begun = time.monotonic()
    current = Step()
    try:
        yield current
    except BaseException:
        seconds = round(time.monotonic() - begun, 3)
        position = f" at {current.position}" if current.position else ""
        logger.error("%s: failed after %.1f s%s", text, seconds, position,
                     extra={"step": name, "seconds": seconds})  # fmt: skip
        raise
    seconds = round(time.monotonic() - begun, 3)
    logger.info("%s: %.1f s", text, seconds, extra={"step": name, "seconds": seconds})


class Progress:
    """Logs how much of the work is done: seldom, and never less than before."""

    def __init__(self) -> None:
        self._share = 0.0
        self._logged_at = float("-inf")

    def __call__(self, share: float) -> None:
        """Log `share`, 0.0 to 1.0, unless the last line is too recent."""
        self._share = max(self._share, min(share, 1.0))
        now = time.monotonic()
        if now - self._logged_at >= PROGRESS_SECONDS:
            self._logged_at = now
            text = f"{self._share:.0%} done"
            logger.info(text, extra={"progress": round(self._share, 3)})
