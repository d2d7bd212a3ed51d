"""A long programme in bounded memory: windows that overlap, cross-faded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dubstage.separate.engine import Block


def in_windows(
    blocks: Iterable[Block], speech_of: Callable[[Block], Block], length: int, fade: int
) -> Iterator[tuple[Block, Block]]:
    """Pairs (programme, speech) of equal shape, in order, together as long as `blocks`.

    `speech_of` is given windows of `length` frames, the last one shorter, and returns
    the speech in them, as long. A window begins `fade` frames before the one before it
    ends; there the speech goes over from the one to the other, so that neither's edge,
    where a model knows one side only, is heard. No more than one window is held.
    """
    import numpy

    ramp = numpy.linspace(0.0, 1.0, fade, endpoint=False, dtype=numpy.float32)[:, None]
    tail: Block | None = None
    for window, is_last in _windows(blocks, length, fade):
        speech = speech_of(window)
        if tail is not None:
            speech[: len(tail)] = tail + (speech[: len(tail)] - tail) * ramp[: len(tail)]
        whole = len(window) if is_last else length - fade
        tail = speech[whole:]
        yield window[:whole], speech[:whole]


def _windows(blocks: Iterable[Block], length: int, fade: int) -> Iterator[tuple[Block, bool]]:
    """Overlapping windows, each with whether it is the last. None is only overlap."""
    import numpy

    waiting: list[Block] = []
    frames = 0
    for block in blocks:
        waiting.append(block)
        frames += len(block)
        # More than a window: what follows the overlap is not empty.
        while frames > length:
            joined = numpy.concatenate(waiting)
            yield joined[:length], False
            waiting = [joined[length - fade :]]
            frames = len(waiting[0])
    if frames:
        yield numpy.concatenate(waiting), True
