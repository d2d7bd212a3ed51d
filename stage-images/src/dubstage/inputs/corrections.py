"""A person's file in the place of a stage's result: where it lies, and what is in it.

``inputs/<job_id>/transcript.{json,srt}`` replaces the transcription,
``translation.{json,srt}`` the translation. JSON has the keys of the stage's own file,
of which only the text and the times are needed. Every error names the line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from dubstage.contract import CORRECTIONS, Stage, StageRequest
from dubstage.errors import BadInput
from dubstage.workspace.layout import Roots

SUFFIXES = (".json", ".srt")
LARGEST_BYTES = 16 << 20
TIMES = re.compile(
    r"(\d+):([0-5]\d):([0-5]\d)[,.](\d{1,3})\s+-->\s+(\d+):([0-5]\d):([0-5]\d)[,.](\d{1,3})"
)


@dataclass(frozen=True)
class Line:
    """One line of a person's file."""

    place: str
    """How errors name it: ``line 7`` of a subtitle file, ``item 3`` of a JSON list."""
    start: float
    """Seconds; -1.0 where the file gives no time."""
    end: float
    text: str
    segment_id: str = ""
    speaker: str = ""


def find(roots: Roots, request: StageRequest, stage: Stage) -> Path | None:
    """The file that takes the place of `stage`'s result, None where there is none.

    Raises :class:`BadInput` where there are two, or it leads out of the inputs folder.
    """
    if stage not in CORRECTIONS:
        return None
    stem = roots.inputs / request.job_id / CORRECTIONS[stage]
    found = [path for suffix in SUFFIXES if (path := stem.with_suffix(suffix)).exists()]
    if len(found) > 1:
        raise _bad(request, stage, ".{json,srt}", "there are two files: keep one of them")
    if found and not found[0].resolve().is_relative_to(roots.inputs.resolve()):
        raise _bad(request, stage, found[0].suffix, "the link leads out of the inputs folder")
    return found[0] if found else None


def check(roots: Roots, request: StageRequest) -> list[Stage]:
    """The stages whose result a person's file replaces, the files readable.

    Raises :class:`BadInput` for one that is not.
    """
    found = []
    for stage in CORRECTIONS:
        path = find(roots, request, stage)
        if path:
            read(path, request, stage)
            found.append(stage)
    return found


def read(path: Path, request: StageRequest, stage: Stage) -> list[Line]:
    """The lines of the file, in its order, at least one.

    Raises :class:`BadInput` with the line and the reason.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise _bad(request, stage, path.suffix, f"it is larger than {LARGEST_BYTES >> 20} MiB")
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = _from_json(text, stage) if path.suffix == ".json" else _from_srt(text)
    except UnicodeDecodeError as error:
        raise _bad(request, stage, path.suffix, f"byte {error.start} is not UTF-8") from error
    except _Problem as problem:
        raise _bad(request, stage, path.suffix, str(problem)) from problem
    if not lines:
        raise _bad(request, stage, path.suffix, "it has no segments")
    return lines


def refused(request: StageRequest, stage: Stage, path: Path, line: Line, why: str) -> BadInput:
    """The error for one line of a file that could be read."""
    return _bad(request, stage, path.suffix, f"{line.place}: {why}")


class _Problem(Exception):
    """What is wrong, with its line."""


def _bad(request: StageRequest, stage: Stage, suffix: str, why: str) -> BadInput:
    return BadInput(
        f"inputs/{request.job_id}/{CORRECTIONS[stage]}{suffix} cannot take the place of the "
        f"{stage} stage's result; {why}.",
        reason="BadCorrection",
    )


def _from_srt(text: str) -> list[Line]:
    """Cues: an optional number, a line of times, then text up to an empty line."""
    found: list[Line] = []
    rows = [*text.splitlines(), ""]
    block: list[tuple[int, str]] = []
    for number, row in enumerate(rows, start=1):
        if row.strip():
            block.append((number, row.strip()))
            continue
        if block:
            found.append(_cue(block))
            block = []
    return found


def _cue(block: list[tuple[int, str]]) -> Line:
    if block[0][1].isdigit() and len(block) > 1:
        block = block[1:]
    number, row = block[0]
    match = TIMES.match(row)
    if match is None:
        raise _Problem(f"line {number}: expected times like 00:01:02,500 --> 00:01:04,000")
    clock = match.groups()
    start, end = _seconds(clock[:4]), _seconds(clock[4:])
    if end <= start:
        raise _Problem(f"line {number}: the end is not after the start")
    text = " ".join(re.sub(r"<[^>]*>", "", row) for _, row in block[1:]).strip()
    return Line(f"line {number}", start, end, text)


def _seconds(clock: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = clock
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _from_json(text: str, stage: Stage) -> list[Line]:
    try:
        items = json.loads(text)
    except ValueError as error:
        where = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise _Problem(f"{where}it is not JSON") from error
    if not isinstance(items, list):
        raise _Problem("expected a list of segments")
    return [_item(number, item, stage) for number, item in enumerate(items, start=1)]


def _item(number: int, item: object, stage: Stage) -> Line:
    place = f"item {number}"
    key = "text" if stage is Stage.TRANSCRIBE else "translation"
    if not isinstance(item, dict) or not isinstance(item.get(key), str):
        raise _Problem(f"{place}: expected an object with the text {key!r}")
    start, end = item.get("start", -1.0), item.get("end", -1.0)
    timed = "start" in item and "end" in item
    if not all(isinstance(value, (int, float)) for value in (start, end)):
        raise _Problem(f"{place}: 'start' and 'end' have to be seconds")
    if stage is Stage.TRANSCRIBE and not timed:
        raise _Problem(f"{place}: 'start' and 'end' are missing")
    if timed and not 0 <= start < end:
        raise _Problem(f"{place}: the end is not after the start")
    identity, speaker = item.get("segment_id", ""), item.get("speaker", "")
    if not isinstance(identity, str) or not isinstance(speaker, str):
        raise _Problem(f"{place}: 'segment_id' and 'speaker' have to be texts")
    if not timed and not identity:
        raise _Problem(f"{place}: it has neither 'segment_id' nor 'start' and 'end'")
    return Line(place, float(start), float(end), item[key].strip(), identity, speaker)
