"""A true-peak limiter with look-ahead: it lowers the level smoothly around peaks, and keeps
the rest of the mix as it is.

The gain is calculated for each hop of a millisecond. It is never higher than the loudest sample
within the look-ahead allows, measured at four times the rate (BS.1770-4, annex 2).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dubstage.mux.mix import Block
from dubstage.mux.true_peak import HOP, hop_peaks

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from dubstage.mux.true_peak import Peaks

    Gains = NDArray[numpy.float64]

MAX_REDUCTION_DB = 4.0
"""A limiter that lowers peaks further is audible."""
ATTACK_HOPS = 5
"""Hops in which the gain falls before a peak."""
RELEASE_HOPS = 80
"""Time constant with which it returns after a peak."""
NOTICEABLE_DB = 0.1
"""A smaller reduction does not count as one."""


@dataclass
class Limiting:
    """What a limiter has done."""

    reduction_db: float = 0.0
    """The largest reduction."""
    hops: int = 0
    limited_hops: int = 0
    """Hops with a noticeable reduction."""

    @property
    def share(self) -> float:
        """The share of the time with a noticeable reduction."""
        return self.limited_hops / self.hops if self.hops else 0.0

    def count(self, gains: Gains) -> None:
        """Add the gains of a block."""
        lowest = float(gains.min())
        self.reduction_db = max(self.reduction_db, -20 * math.log10(lowest))
        self.hops += len(gains)
        self.limited_hops += int((gains < 10 ** (-NOTICEABLE_DB / 20)).sum())


def limit(
    blocks: Iterator[Block], gain_db: float, ceiling_db: float, done: Limiting
) -> Generator[Block, None, None]:
    """`blocks`, each of whole hops but for the last, `gain_db` louder, with no true peak of
    their sum above `ceiling_db` (dBTP). `done` counts what was limited.

    Two blocks are held back, because the gain falls before a peak. How far it falls follows
    from `gain_db`, which :mod:`dubstage.mux.master` chooses with MAX_REDUCTION_DB.
    """
    import numpy

    factor, ceiling = 10 ** (gain_db / 20), 10 ** (ceiling_db / 20)
    louder = (block.louder(factor) for block in blocks)
    curve = _Curve()
    held: tuple[Block, Gains] | None = None
    for block, peaks in _with_peaks(louder, ceiling):
        allowed = ceiling / numpy.maximum(peaks, ceiling)
        if held:
            yield _apply(*held, allowed, curve, done)
        held = block, allowed
    if held:
        yield _apply(*held, numpy.ones(1), curve, done)


def _with_peaks(blocks: Iterator[Block], ceiling: float) -> Iterator[tuple[Block, Peaks]]:
    """Each block and the true peak of each of its hops that may exceed `ceiling`. The last block
    is measured with the silence after it, where the interpolated peaks of its last samples fall."""
    import numpy

    history = numpy.zeros((HOP, 2), numpy.float32)
    held: Block | None = None
    for block in blocks:
        if held:
            mixed = held.mixed
            yield held, hop_peaks(history, mixed, ceiling)
            history = mixed[-HOP:]
        held = block
    if held:
        silence = numpy.zeros((HOP, 2), numpy.float32)
        yield held, hop_peaks(history, numpy.concatenate([held.mixed, silence]), ceiling)


def _apply(block: Block, allowed: Gains, following: Gains, curve: _Curve, done: Limiting) -> Block:
    """`block` with the gains that it and the block after it allow."""
    import numpy

    edges = curve.advance(allowed, following)
    done.count(edges)
    frames = numpy.arange(len(block.voice)) / HOP
    gains = numpy.interp(frames, numpy.arange(len(edges)), edges).astype(numpy.float32)[:, None]
    return block.louder(gains)


class _Curve:
    """The gain at the edges of the hops, block after block."""

    def __init__(self) -> None:
        import numpy

        self._last = numpy.ones(1)
        """What the last hop of the block before allowed."""
        self._released: Gains | None = None
        """The gains before smoothing, of the last hops."""

    def advance(self, allowed: Gains, following: Gains) -> Gains:
        """The gains at the edges of a block's hops, one more than there are hops."""
        import numpy

        ahead = ATTACK_HOPS + 2
        padded = numpy.ones(ahead)
        padded[: min(len(following), ahead)] = following[:ahead]
        near = numpy.concatenate([self._last, allowed, padded])
        lowest = numpy.lib.stride_tricks.sliding_window_view(near, ahead + 1).min(axis=1)
        # Before the first frame nothing can fall: the mix starts with the gain that it needs.
        earlier = numpy.full(ATTACK_HOPS, lowest[0]) if self._released is None else self._released
        released = list(earlier)
        back = 1 - math.exp(-1 / RELEASE_HOPS)
        for gain in lowest[: len(allowed) + 1]:
            before = released[-1]
            released.append(min(gain, before + (1 - before) * back))
        values = numpy.array(released)
        smooth = numpy.lib.stride_tricks.sliding_window_view(values, ATTACK_HOPS + 1).mean(axis=1)
        # The last edge is the first of the next block, which calculates it again.
        self._released = values[-ATTACK_HOPS - 1 : -1]
        self._last = allowed[-1:]
        edges: Gains = smooth
        return edges
