"""Spans of the source's audio, and gains that follow them without a click.

Frames are samples of the source's audio at 48 kHz.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


@dataclass(frozen=True, order=True)
class Span:
    """From frame `start` up to, not including, frame `end`."""

    start: int
    end: int


def merge(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The same frames in as few spans as possible, in order. Spans with a gap of at
    most `gap` frames between them become one; empty ones are dropped."""
    result: list[Span] = []
    for span in sorted(span for span in spans if span.end > span.start):
        if result and span.start - result[-1].end <= gap:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def count_frames(spans: Sequence[Span]) -> int:
    """The number of frames in `spans`, which are merged."""
    return sum(span.end - span.start for span in spans)


def count_shared_frames(one: Sequence[Span], other: Sequence[Span]) -> int:
    """The number of frames that are in both; each of the two is merged."""
    return count_frames(one) + count_frames(other) - count_frames(merge([*one, *other]))


class Envelope:
    """The level of each span inside it, 0.0 outside, with linear slopes before and after each.

    It is evaluated block by block, in order. Only the spans near a block are considered,
    so that a source with thousands of segments costs no more per second than a short one.
    """

    def __init__(
        self, spans: Sequence[Span], rise: int, fall: int, levels: Sequence[float] | None = None
    ) -> None:
        """`spans` are in order; `rise` and `fall` are the frames of the slopes. `levels`: if
        omitted, 1.0 each."""
        self._spans = spans
        self._levels = levels or [1.0] * len(spans)
        self._rise, self._fall = rise, fall
        self._first = 0

    def block(self, start: int, count: int) -> NDArray[numpy.float32]:
        """The `count` values from frame `start` on, shape (frames, 1)."""
        import numpy

        values = numpy.zeros(count, numpy.float32)
        while self._first < len(self._spans) and self._spans[self._first].end + self._fall <= start:
            self._first += 1
        for number in range(self._first, len(self._spans)):
            span = self._spans[number]
            if span.start - self._rise >= start + count:
                break
            level = self._levels[number]
            first, end = span.start - start, span.end - start
            _raise(values, first - self._rise, _slope(self._rise) * level)
            _raise(values, end, (1 - _slope(self._fall)) * level)
            inside = values[max(first, 0) : max(end, 0)]
            numpy.maximum(inside, level, out=inside)
        return values[:, None]


def _raise(values: NDArray[numpy.float32], first: int, curve: NDArray[numpy.float32]) -> None:
    """Raise `values` to `curve` where they are lower; `first` is the index of its first value,
    which may be outside."""
    import numpy

    start, end = max(first, 0), min(first + len(curve), len(values))
    if start < end:
        numpy.maximum(values[start:end], curve[start - first : end - first], out=values[start:end])


@cache
def _slope(length: int) -> NDArray[numpy.float32]:
    """From 0.0 on, to 1.0 after `length` values."""
    import numpy

    return (numpy.arange(length) / length).astype(numpy.float32)
