"""A start whose time grows with the number of objects, not with its square.

Before any handler runs, kopf wants every object indexed. Each object that is listed has a toggle,
and kopf wakes all objects that wait whenever one is added or removed: with ten thousand Jobs
that is a hundred million times, for most of ten minutes. Who waits asks for the state of the
whole, so it is enough to wake them when that changes.
"""

from __future__ import annotations

from kopf._cogs.aiokits.aiotoggles import Toggle, ToggleSet


async def make_toggle(self: ToggleSet, __val: bool = False, *, name: str | None = None) -> Toggle:
    """kopf's own, but for whom it wakes."""
    toggle = Toggle(__val, name=name, condition=self._condition)
    async with self._condition:
        before = self.is_on()
        self._toggles.add(toggle)
        if self.is_on() != before:
            self._condition.notify_all()
    return toggle


async def drop_toggle(self: ToggleSet, toggle: Toggle) -> None:
    """kopf's own, but for whom it wakes."""
    async with self._condition:
        before = self.is_on()
        self._toggles.discard(toggle)
        if self.is_on() != before:
            self._condition.notify_all()


def install() -> None:
    """Have kopf wake those who wait only when there is something to see."""
    ToggleSet.make_toggle = make_toggle  # type: ignore[method-assign]
    ToggleSet.drop_toggle = drop_toggle  # type: ignore[method-assign]
