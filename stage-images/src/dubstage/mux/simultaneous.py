"""Cues of segments that are spoken at the same time: one row each, with a dash.

Players show one cue at a time, or cut off the first where the second starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

DASH = "- "
BRIEF = 0.25
"""Seconds: a cue that changes sooner cannot be read, and takes part in the one next to it."""

GAP_SECONDS = 0.08
"""Between a cue and the next one, so that the eye notices the change: two frames at 25 fps."""


@dataclass(frozen=True)
class Cue:
    """One subtitle; times in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Page:
    """A part of a segment's text that is shown at once; times in seconds."""

    start: float
    end: float
    text: str
    segment: int
    """Number of the segment."""


@dataclass(frozen=True)
class _Moment:
    """A time during which the same pages are shown."""

    start: float
    end: float
    pages: tuple[Page, ...]

    @property
    def is_brief(self) -> bool:
        return self.end - self.start < BRIEF


def combine(pages: Sequence[Page]) -> list[Cue]:
    """One cue after another for `pages`, in the order of their start."""
    moments: list[_Moment] = []
    for moment in _moments(sorted(pages, key=lambda page: (page.start, page.segment))):
        joined = _joined(moments[-1], moment) if moments else None
        if joined:
            moments[-1] = joined
        else:
            moments.append(moment)
    return [
        Cue(moment.start, _end(moment, following), _text(moment.pages))
        for moment, following in zip_longest(moments, moments[1:])
    ]


def _end(moment: _Moment, following: _Moment | None) -> float:
    """When the cue of `moment` ends. A page that stays gets no gap, and a cue none that would make
    it brief."""
    if following is None or not set(moment.pages).isdisjoint(following.pages):
        return moment.end
    return min(moment.end, max(following.start - GAP_SECONDS, moment.start + BRIEF))


def _joined(before: _Moment, after: _Moment) -> _Moment | None:
    """Both as one moment, if one of them is brief and only adds a page or loses one."""
    if before.end < after.start or not (before.is_brief or after.is_brief):
        return None
    more, fewer = sorted((before.pages, after.pages), key=len, reverse=True)
    if len(more) == len(fewer) or not set(fewer) <= set(more):
        return None
    return _Moment(before.start, after.end, more)


def _moments(pages: Sequence[Page]) -> Iterator[_Moment]:
    """Each moment between two changes at which a page is shown."""
    edges = sorted({edge for page in pages for edge in (page.start, page.end)})
    active: list[Page] = []
    following = 0
    for start, end in pairwise(edges):
        while following < len(pages) and pages[following].start <= start:
            active.append(pages[following])
            following += 1
        active = [page for page in active if page.end > start]
        if active:
            yield _Moment(start, end, tuple(active))


def _text(pages: Sequence[Page]) -> str:
    if len(pages) == 1:
        return pages[0].text
    return "\n".join(DASH + page.text.replace("\n", " ") for page in pages)
