"""A long source in bounded memory: overlapping windows, cross-faded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dubstage.separate.engine import Block


def in_windows(
    blocks: Iterable[Block], vocals_of: Callable[[Block], Block], length: int, fade: int
) -> Iterator[tuple[Block, Block]]:
    """Pairs (source, vocals) of equal shape, in order, together as long as `blocks`.

    `vocals_of` gets windows of `length` frames, the last one shorter, and returns their
    vocals, as long. Two windows overlap by `fade` frames, in which the vocals cross-fade
    from one to the other: at its edges a model lacks half of the context. No more than one
    window is in memory.
    """
    import numpy

    ramp = numpy.linspace(0.0, 1.0, fade, endpoint=False, dtype=numpy.float32)[:, None]
    tail: Block | None = None
    for window, is_last in _windows(blocks, length, fade):
        vocals = vocals_of(window)
        if tail is not None:
            vocals[: len(tail)] = tail + (vocals[: len(tail)] - tail) * ramp[: len(tail)]
        end = len(window) if is_last else length - fade
        tail = vocals[end:]
        yield window[:end], vocals[:end]


def _windows(blocks: Iterable[Block], length: int, fade: int) -> Iterator[tuple[Block, bool]]:
    """Overlapping windows, each with whether it is the last. Each one is longer than its
    overlap with the one before."""
    import numpy

    pending: list[Block] = []
    frames = 0
    for block in blocks:
        pending.append(block)
        frames += len(block)
        # With more than a window, something follows the overlap.
        while frames > length:
            joined = numpy.concatenate(pending)
            yield joined[:length], False
            pending = [joined[length - fade :]]
            frames = len(pending[0])
    if frames:
        yield numpy.concatenate(pending), True
