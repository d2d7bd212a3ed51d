"""Garbage is searched for less often, and still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from dubjob_operator.python_gc import collect_less


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Node:
    """One half of a cycle."""

    other: Node | None = None


def test_what_was_imported_is_searched_no_more() -> None:
    gc.collect()
    known = len(gc.get_objects())
    collect_less()
    assert gc.get_freeze_count() >= known * 0.9
    assert len(gc.get_objects()) < known * 0.1


def test_garbage_is_collected_before_it_is_much() -> None:
    collect_less()
    first, second = Node(), Node()
    first.other, second.other = second, first
    found = weakref.ref(first)
    del first, second
    held: list[list[int]] = []
    for _ in range(20_000):
        held.append([])
        if found() is None:
            break
    assert found() is None
    assert len(held) > 1_000, "not as often as by default"
