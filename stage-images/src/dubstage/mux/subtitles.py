"""Subtitles of both languages, in SRT and WebVTT.

The rules are those of broadcasters: at most two rows of 42 characters, at most 17
characters per second (fewer of full width: :data:`dubstage.mux.subtitle_rows.LIMITS`), at
least 1.2 s. A cue that needs more time than its segment takes stays through the pause that
follows. If there is none, its whole text is still shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.logs import step
from dubstage.mux.subtitle_rows import limits_of, rows, width
from dubstage.text.transcript import TranslatedSegment
from dubstage.video.dubbed_video import SoftSubtitles
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

ROWS = 2
MIN_SECONDS = 1.2


@dataclass(frozen=True)
class Cue:
    """One subtitle; times in seconds."""

    start: float
    end: float
    text: str


@step("write subtitles")
def write_subtitles(
    work: Work, sentences: Sequence[TranslatedSegment], language: str, source_end: float
) -> list[SoftSubtitles]:
    """Write the subtitles of both languages; return those that are not empty.

    `language`: BCP 47 of the source; `source_end`: in seconds.
    """
    target = work.request.target_language
    translations = [(x.start, x.end, x.translation) for x in sentences]
    texts = [(x.start, x.end, x.text) for x in sentences]
    soft = []
    for srt_file, vtt_file, tag, segments in (
        (Artifact.TRG_SRT, Artifact.TRG_VTT, target, translations),
        (Artifact.SRC_SRT, Artifact.SRC_VTT, language, texts),
    ):
        shown = cues(segments, source_end, tag)
        file = work.staging(srt_file, None)
        file.write_text(srt(shown))
        work.staging(vtt_file, None).write_text(vtt(shown))
        if shown:
            soft.append(SoftSubtitles(file, tag))
    return soft


def cues(
    segments: Sequence[tuple[float, float, str]], source_end: float, language: str
) -> list[Cue]:
    """Cues for `segments` (start, end, text) in the order of their start.

    A segment without text, or after the end of the source, has none. A longer one becomes
    several cues, which share its time in proportion to their length. `language`: BCP 47.
    """
    result = []
    rate = limits_of(language).columns_per_second
    for number, (start, end, text) in enumerate(segments):
        pages = _pages(text, language) if start < source_end else []
        following = [segment[0] for segment in segments[number + 1 :] if segment[0] >= end]
        limit = min(following[0] if following else source_end, source_end)
        needs = [max(width(page) / rate, MIN_SECONDS) for page in pages]
        until = max(min(end, source_end), min(start + sum(needs), limit))
        cue_start = start
        for page, need in zip(pages, needs, strict=True):
            cue_end = cue_start + (until - start) * need / sum(needs)
            result.append(Cue(cue_start, cue_end, page))
            cue_start = cue_end
    return result


def srt(shown: Sequence[Cue]) -> str:
    """The text of an SRT file."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(shown, start=1)
    )


def vtt(shown: Sequence[Cue]) -> str:
    """The text of a WebVTT file, in which `&`, `<` and `>` are escaped."""
    body = "\n".join(
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escape(cue.text)}\n" for cue in shown
    )
    return f"WEBVTT\n\n{body}"


def _pages(text: str, language: str) -> list[str]:
    """`text` in pages of two rows."""
    all_rows = rows(text, language)
    return ["\n".join(all_rows[n : n + ROWS]) for n in range(0, len(all_rows), ROWS)]


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, fraction = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{fraction:03d}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
