"""Work that runs ahead on every processor of the stage, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

WORKERS = 2
"""Tasks that run at once: as many as a stage gets processors."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_ahead(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """The results of `work` in the order of `tasks`, a few of which run ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        running: deque[Future[Result]] = deque()
        for task in tasks:
            running.append(pool.submit(work, task))
            if len(running) > WORKERS:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
