"""A transcript and its translation side by side, as text that a reviewer edits."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dubjob.errors import UsageError

HEAD = """\
# Correct the text after each `>`. A segment whose text you delete keeps the original voice.
# Save and close the editor. Close it without a change to keep everything as it is.
"""
ID = "segment_id"
KEPT = (ID, "start", "end", "speaker")
"""Fields of a segment that its correction repeats."""
SEGMENT = re.compile(r"^\[(?P<id>[^\]]+)\]")


def sheet(transcript: Path, *, translated: bool) -> str:
    """The segments of the file: id, time, speaker, source text and the text to correct."""
    parts = [HEAD]
    for segment in _segments(transcript):
        times = f"{_clock(segment['start'])} - {_clock(segment['end'])}"
        parts.append(f"[{segment[ID]}] {times} {segment.get('speaker') or ''}".rstrip())
        if translated:
            parts.append(f"  {segment['text']}")
        parts.append(f"> {segment.get(_key(translated)) or ''}\n")
    return "\n".join(parts)


def correction(text: str, transcript: Path, *, translated: bool) -> str:
    """The corrected sheet as the JSON that replaces the stage's result. A segment without text is
    left out.

    Raises :class:`UsageError` for a segment that is missing, unknown or there twice.
    """
    known = {str(segment[ID]): segment for segment in _segments(transcript)}
    corrected: dict[str, list[str]] = {}
    current: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if found := SEGMENT.match(line):
            current = found["id"]
            if current not in known:
                raise UsageError(f"Line {number}: there is no segment {current}.")
            if current in corrected:
                raise UsageError(f"Line {number}: segment {current} is there twice.")
            corrected[current] = []
        elif line.startswith(">") and current is not None:
            corrected[current].append(line[1:].strip())
    missing = [name for name in known if name not in corrected]
    if missing:
        raise UsageError(
            f"Segment {missing[0]} is missing: leave its line, and delete its text to keep the "
            "original voice."
        )
    segments = [
        {**{key: known[name][key] for key in KEPT if key in known[name]}, _key(translated): words}
        for name, lines in corrected.items()
        if (words := " ".join(line for line in lines if line))
    ]
    if not segments:
        raise UsageError("No segment has a text: nothing would be dubbed.")
    return json.dumps(segments, ensure_ascii=False, indent=2)


def _key(translated: bool) -> str:
    return "translation" if translated else "text"


def _segments(transcript: Path) -> list[dict[str, object]]:
    return [dict(segment) for segment in json.loads(transcript.read_text(encoding="utf-8"))]


def _clock(seconds: object) -> str:
    value = float(str(seconds))
    return f"{int(value // 60)}:{value % 60:05.2f}"
