"""A true-peak limiter with look-ahead: it lowers the level smoothly around peaks, and keeps
the rest of the mix as it is.

The gain is calculated for each millisecond. It is never higher than the loudest sample within
reach allows, on a signal with four times the rate (BS.1770-4, annex 2).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.mux.mix import Block

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Gains = NDArray[numpy.float64]

MAX_REDUCTION_DB = 4.0
"""A limiter that lowers peaks further is audible."""
HOP = SAMPLE_RATE // 1000
"""Frames for which one gain is calculated."""
ATTACK_HOPS = 5
"""Hops in which the gain falls before a peak."""
RELEASE_HOPS = 80
"""Time constant with which it returns after a peak."""
OVERSAMPLING, TAPS = 4, 48
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

    Two blocks are held back, because the gain falls before a peak. Nothing limits how far it
    falls: `gain_db` decides that.
    """
    import numpy

    factor, ceiling = 10 ** (gain_db / 20), 10 ** (ceiling_db / 20)
    louder = (Block(block.background * factor, block.voice * factor) for block in blocks)
    curve = _Curve()
    held: tuple[Block, Gains] | None = None
    for block, peaks in _with_peaks(louder):
        allowed = ceiling / numpy.maximum(peaks, ceiling)
        if held:
            yield _apply(*held, allowed, curve, done)
        held = block, allowed
    if held:
        yield _apply(*held, numpy.ones(1), curve, done)


def _with_peaks(blocks: Iterator[Block]) -> Iterator[tuple[Block, Gains]]:
    """Each block and the true peak of each of its hops. The last block is measured with the
    silence after it, in which the values between its last samples are."""
    import numpy

    history = numpy.zeros((TAPS - 1, 2), numpy.float32)
    held: Block | None = None
    for block in blocks:
        if held:
            mixed = held.mixed
            yield held, _peaks(history, mixed)
            history = numpy.concatenate([history, mixed])[-(TAPS - 1) :]
        held = block
    if held:
        silence = numpy.zeros((TAPS, 2), numpy.float32)
        yield held, _peaks(history, numpy.concatenate([held.mixed, silence]))


def _apply(block: Block, allowed: Gains, following: Gains, curve: _Curve, done: Limiting) -> Block:
    """`block` with the gains that it and the block after it allow."""
    import numpy

    edges = curve.advance(allowed, following)
    done.count(edges)
    frames = numpy.arange(len(block.voice)) / HOP
    gains = numpy.interp(frames, numpy.arange(len(edges)), edges).astype(numpy.float32)[:, None]
    return Block(block.background * gains, block.voice * gains)


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


def _peaks(history: Samples, mixed: Samples) -> Gains:
    """The largest true peak of each hop; `history` are the frames before it. Values between
    samples count up to half a millisecond late."""
    import numpy

    peaks = numpy.abs(mixed).max(axis=1)
    extended = numpy.concatenate([history, mixed])
    for weights in _interpolators():
        for channel in range(2):
            between = numpy.correlate(extended[:, channel], weights, "valid")
            numpy.maximum(peaks, numpy.abs(between), out=peaks)
    hops = -(-len(peaks) // HOP)
    padded = numpy.zeros(hops * HOP)
    padded[: len(peaks)] = peaks
    result: Gains = padded.reshape(hops, HOP).max(axis=1)
    return result


@cache
def _interpolators() -> list[Samples]:
    """The filters that calculate the values between two samples."""
    import numpy

    taps = numpy.arange(TAPS)
    filters = []
    for phase in range(1, OVERSAMPLING):
        distance = TAPS / 2 - 1 + phase / OVERSAMPLING - taps
        window = numpy.i0(8 * numpy.sqrt(1 - (distance / (TAPS / 2)) ** 2)) / numpy.i0(8.0)
        weights = numpy.sinc(distance) * window
        filters.append((weights / weights.sum()).astype(numpy.float32))
    return filters
