"""Which statuses are written later than the Jobs that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dubjob_operator.api.dubjob import Key
from dubjob_operator.api.status import DubJobStatus
from dubjob_operator.planning.deadlines import DEBOUNCE_SECONDS
from dubjob_operator.planning.status import new_successes, only_recorded


class Lag:
    """While other DubJobs wait for their Jobs, the success of a stage is not written with the
    creation of the next Job, but with the next change of the DubJob. Until then, Jobs and pods hold
    everything that the status would say."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        """`is_busy`: whether other DubJobs wait."""
        self._is_busy = is_busy
        self._since: dict[Key, datetime] = {}
        """Since when the status of a DubJob is behind its Jobs."""

    def allows(self, key: Key, before: DubJobStatus, after: DubJobStatus, now: datetime) -> bool:
        """Whether `after` can be written later: it reports the success of a stage, and nothing
        that no Job and no pod holds. It is not skipped again after :data:`DEBOUNCE_SECONDS`."""
        since = self._since.get(key, now)
        return (
            self._is_busy()
            and (now - since).total_seconds() < DEBOUNCE_SECONDS
            and new_successes(before, after)
            and only_recorded(before) == only_recorded(after)
        )

    def begin(self, key: Key, now: datetime) -> None:
        """Note that the status is behind from now on, unless it is behind already."""
        self._since.setdefault(key, now)

    def end(self, key: Key) -> None:
        """Note that the status is written, or the DubJob gone."""
        self._since.pop(key, None)
