"""Stretches of the programme, and gains that follow them without a click.

Frames are samples of the programme at 48 kHz.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


@dataclass(frozen=True, order=True)
class Span:
    """From frame `start` up to, not including, frame `end`."""

    start: int
    end: int


def merged(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """The same frames in the fewest spans, in order; what is at most `gap` frames apart
    becomes one. Empty spans go."""
    found: list[Span] = []
    for span in sorted(span for span in spans if span.end > span.start):
        if found and span.start - found[-1].end <= gap:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def covered(spans: Sequence[Span]) -> int:
    """How many frames lie in `spans`, which are merged."""
    return sum(span.end - span.start for span in spans)


def shared(one: Sequence[Span], other: Sequence[Span]) -> int:
    """How many frames lie in both; each is merged."""
    return covered(one) + covered(other) - covered(merged([*one, *other]))


class Envelope:
    """1.0 inside the spans, 0.0 outside, with straight slopes before and after each.

    Asked for block after block, in order: no more than the spans near a block are
    looked at, so that a film with thousands of lines costs no more than a clip.
    """

    def __init__(self, spans: Sequence[Span], rise: int, fall: int) -> None:
        """`spans` are merged; `rise` and `fall` are the slopes' frames."""
        self._spans = spans
        self._rise, self._fall = rise, fall
        self._first = 0

    def block(self, begin: int, count: int) -> NDArray[numpy.float32]:
        """The `count` values from frame `begin` on, shape (frames, 1)."""
        import numpy

        frames = numpy.arange(begin, begin + count)
        found = numpy.zeros(count)
        while self._first < len(self._spans) and self._spans[self._first].end + self._fall <= begin:
            self._first += 1
        for span in self._spans[self._first :]:
            if span.start - self._rise >= begin + count:
                break
            up = (frames - (span.start - self._rise)) / self._rise
            down = (span.end + self._fall - frames) / self._fall
            numpy.maximum(found, numpy.minimum(up, down), out=found)
        return numpy.clip(found, 0.0, 1.0).astype(numpy.float32)[:, None]
