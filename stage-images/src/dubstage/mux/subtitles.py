"""Subtitles of both languages, in SRT and WebVTT.

The rules are those of broadcasters: at most two rows of 42 characters, at most 17
characters per second (fewer of full width: :data:`dubstage.mux.subtitle_rows.LIMITS`), at
least 1.2 s, and a gap between two cues. A cue that needs more time than its segment takes
stays through the pause that follows, for half a second at most. If there is none, its whole text
is still shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from dubstage.logs import step
from dubstage.mux.report import SegmentReport
from dubstage.mux.simultaneous import BRIEF, DASH, GAP_SECONDS, Cue, Page, combine
from dubstage.mux.subtitle_files import srt, vtt
from dubstage.mux.subtitle_rows import limits_of, rows, width
from dubstage.video.dubbed_video import SoftSubtitles
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

ROWS = 2
MIN_SECONDS = 1.2
MAX_EXTRA_SECONDS = 0.5
"""A cue is never shown for longer than its speech and this."""

SpokenText = tuple[float, float, str]
"""Start and end in seconds, and the text."""


@step("write subtitles")
def write_subtitles(
    work: Work, segments: Sequence[SegmentReport], language: str, source_end: float
) -> list[SoftSubtitles]:
    """Write the subtitles of both languages; return those that are not empty.

    The translation is shown while the dub is heard, or, where the original is kept, while
    that speaks. `language`: BCP 47 of the source; `source_end`: in seconds.
    """
    target = work.request.target_language
    translations = [
        (x.dub_start, x.dub_end, x.translation) if x.is_spoken else (x.start, x.end, x.translation)
        for x in segments
    ]
    texts = [(x.start, x.end, x.text) for x in segments]
    soft = []
    for srt_file, vtt_file, tag, spoken in (
        (Artifact.TRG_SRT, Artifact.TRG_VTT, target, translations),
        (Artifact.SRC_SRT, Artifact.SRC_VTT, language, texts),
    ):
        shown = cues(spoken, source_end, tag)
        file = work.staging(srt_file, None)
        file.write_text(srt(shown))
        work.staging(vtt_file, None).write_text(vtt(shown))
        if shown:
            soft.append(SoftSubtitles(file, tag))
    return soft


def cues(segments: Sequence[SpokenText], source_end: float, language: str) -> list[Cue]:
    """Cues for `segments` (start, end, text), none of which overlap.

    A segment without text, or after the end of the source, has none. A longer one becomes
    several cues, which share its time in proportion to their length. Segments that are
    spoken at the same time share cues, with a row each. `language`: BCP 47.
    """
    shown = sorted(
        (start, min(max(end, start), source_end), text)
        for start, end, text in segments
        if text.strip() and start < source_end
    )
    pages = []
    latest_end = 0.0
    for number, (start, end, text) in enumerate(shown):
        is_last = number + 1 == len(shown)
        following = source_end if is_last else shown[number + 1][0]
        shared = min(latest_end, end) - start > BRIEF or end - following > BRIEF
        latest_end = max(latest_end, end)
        latest = max(min(end, following), following - (0.0 if is_last else GAP_SECONDS))
        until = end if shared else min(latest, end + MAX_EXTRA_SECONDS, source_end)
        pages += _pages((start, end, text), until, language, shared, number)
    return combine(pages)


def _pages(
    segment: SpokenText, limit: float, language: str, shared: bool, number: int
) -> list[Page]:
    """The pages of one segment, which may be shown until `limit`; those of a shared cue have
    one row."""
    start, end, text = segment
    all_rows = rows(text, language, width(DASH) if shared else 0)
    size = 1 if shared else ROWS
    texts = ["\n".join(all_rows[n : n + size]) for n in range(0, len(all_rows), size)]
    rate = limits_of(language).columns_per_second
    gaps = [GAP_SECONDS] * (len(texts) - 1) + [0.0]
    needs = [
        max(width(page) / rate, MIN_SECONDS) + gap for page, gap in zip(texts, gaps, strict=True)
    ]
    until = min(max(end, start + sum(needs)), limit)
    shares = [total / sum(needs) for total in accumulate(needs, initial=0.0)]
    edges = [*(start + (until - start) * share for share in shares[:-1]), until]
    return [Page(*edge, page, number) for edge, page in zip(pairwise(edges), texts, strict=True)]
