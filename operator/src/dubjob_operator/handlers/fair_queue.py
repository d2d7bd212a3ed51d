"""A queue of keys that serves namespaces in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from dubjob_operator.api.dubjob import Key


class FairQueue(asyncio.Queue[Key]):
    """Within a namespace, the first key comes out first. Between namespaces, one key of each comes
    out in turn, so that ten thousand DubJobs of one namespace do not delay those of the others.

    The methods are those that :class:`asyncio.Queue` leaves to subclasses.
    """

    def _init(self, maxsize: int) -> None:
        self._by_namespace: OrderedDict[str, deque[Key]] = OrderedDict()
        """Only namespaces with keys; the next one to serve is the first."""
        self._size = 0

    def qsize(self) -> int:
        """Number of keys."""
        return self._size

    def empty(self) -> bool:
        """Whether there is no key."""
        return self._size == 0

    def _put(self, item: Key) -> None:
        self._by_namespace.setdefault(item[0], deque()).append(item)
        self._size += 1

    def _get(self) -> Key:
        namespace, keys = next(iter(self._by_namespace.items()))
        key = keys.popleft()
        self._size -= 1
        if keys:
            self._by_namespace.move_to_end(namespace)
        else:
            del self._by_namespace[namespace]
        return key
