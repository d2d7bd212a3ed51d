"""The dub in a sentence and a few figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dubstage.page.rows import Row

KINDS = {
    "trimmed": "trimmed",
    "very-fast": "very fast",
    "no-room": "without room",
    "no-sound": "without audio",
    "untranslated": "untranslated",
    "too-long": "with repeated words",
    "too-short": "with missing words",
    "clipped": "clipped",
    "misspoken": "misspoken",
    "other-voice": "in another voice",
    "doubtful": "doubtful",
    "timing": "early or late",
    "level": "too loud or too soft",
}
"""How the sentence counts the notes of each kind."""


@dataclass(frozen=True)
class Figure:
    """One of the most important numbers."""

    label: str
    value: str
    unit: str = ""
    remark: str = ""


def verdict(rows: Sequence[Row], totals: Mapping[str, Any]) -> str:
    """What came out of the dub, in a sentence or two."""
    spoken, noted = totals["spoken"], [row for row in rows if row.needs_attention]
    if not rows:
        text = "The source has no segments: the original is heard from start to end."
    elif not spoken:
        text = "No segment is dubbed: the original is heard from start to end."
    elif not noted and spoken == len(rows):
        text = f"{_all(spoken)} dubbed in time, and nothing needs attention."
    elif not noted:
        verb = "is" if spoken == 1 else "are"
        text = f"{spoken:,} of {_segments(rows)} {verb} dubbed, and nothing needs attention."
    else:
        verb = "needs" if len(noted) == 1 else "need"
        text = f"{len(noted):,} of {_segments(rows)} {verb} attention: {_kinds(noted)}."
    if totals.get("peak_limited"):
        text += " The dub is softer than its target, because of the limit on its true peak."
    return text


def figures(rows: Sequence[Row], totals: Mapping[str, Any]) -> list[Figure]:
    """The most important numbers."""
    natural = 1 - totals["share_above_1_2"]
    found = [
        Figure("Segments", f"{totals['spoken']:,}", remark=f"dubbed of {len(rows):,}"),
        Figure("Natural speed", f"{100 * natural:.0f}", "%",
               f"≤ 1.2×, fastest {totals['max_speed']:.2f}×"),
        Figure("Onset error", f"{1000 * totals['onset_error_p95']:.0f}", "ms", "95th percentile"),
    ]  # fmt: skip
    if "dub_lufs" in totals:
        source = totals.get("source_lufs")
        remark = "" if source is None else f"source {_signed(source)}"
        found.append(Figure("Loudness", _signed(totals["dub_lufs"]), "LUFS", remark))
        found.append(Figure("True peak", _signed(totals["dub_true_peak"]), "dBTP", "limit −1.0"))
    if "word_error_rate" in totals:
        rate = 100 * totals["word_error_rate"]
        found.append(Figure("Word errors", f"{rate:.0f}", "%", "by the check model"))
    return found


def _all(spoken: int) -> str:
    return "The segment is" if spoken == 1 else f"All {spoken:,} segments are"


def _segments(rows: Sequence[Row]) -> str:
    return "1 segment" if len(rows) == 1 else f"{len(rows):,} segments"


def _kinds(noted: Sequence[Row]) -> str:
    """The kinds of notes with their numbers, the most frequent first."""
    counts = Counter(
        kind for row in noted for kind in {note.kind for note in row.notes if note.needs_attention}
    )
    return ", ".join(
        f"{count:,} {KINDS.get(kind, kind.replace('-', ' '))}"
        for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _signed(value: float) -> str:
    """A number with one decimal and a minus sign of the width of a digit."""
    return f"{value:.1f}".replace("-", "−")
