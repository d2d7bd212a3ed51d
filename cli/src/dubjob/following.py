"""The states of a DubJob until it finishes, also if the cluster does not answer for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from dubjob.cluster import Cluster
from dubjob.dub import Dub
from dubjob.errors import UnreachableError, WaitTimeoutError

WATCH_SECONDS = 20
UNRECONCILED_SECONDS = 5
"""An operator that runs has reconciled a change after this time, unless it has much to do."""
PATIENCE_SECONDS = 60
"""A cluster that does not answer is asked for this time."""


def states(
    cluster: Cluster, name: str, seconds: float | None, report: Callable[[str], None]
) -> Iterator[Dub]:
    """The DubJob after each change, and at least every 20 seconds, until it finishes or awaits a
    review. `report` is called if the cluster does not answer.

    Raises :class:`WaitTimeoutError` after `seconds`, and :class:`NotFoundError` if it is deleted.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        dub = _read(cluster, name, report)
        yield dub
        if dub.is_finished or dub.awaits_review:
            return
        pause = WATCH_SECONDS if dub.is_current else UNRECONCILED_SECONDS
        left = pause if deadline is None else deadline - time.monotonic()
        if left <= 0:
            raise WaitTimeoutError(
                f"DubJob {name} did not finish in {seconds:.0f} s: {dub.message}"
            )
        version = dub.version
        for body in cluster.watch_dubjob(name, int(min(left, pause))):
            dub = Dub(body)
            if dub.version == version:
                continue
            yield dub
            if dub.is_finished or dub.awaits_review:
                return
            if deadline is not None and time.monotonic() > deadline:
                break


def _read(cluster: Cluster, name: str, report: Callable[[str], None]) -> Dub:
    """The DubJob as it is now. Wait for a cluster that does not answer for a while."""
    deadline, is_reported = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            return Dub(cluster.dubjob(name))
        except UnreachableError as error:
            if time.monotonic() > deadline:
                raise
            if not is_reported:
                report(f"{error} It is asked again for {PATIENCE_SECONDS} seconds.")
                is_reported = True
            time.sleep(1)
