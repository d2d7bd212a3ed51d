"""A user's file that replaces a stage's result: where it is, and what it holds.

``inputs/<job_id>/transcript.{json,srt,vtt,ass}`` replaces the transcription,
``translation.{json,srt,vtt,ass}`` the translation. JSON has the keys of the stage's own
file, of which only the text and the times are required. Every error says where the mistake
is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dubstage import json_text
from dubstage.contract import CORRECTION_SUFFIXES, CORRECTIONS, Stage, StageRequest
from dubstage.errors import BadInput
from dubstage.inputs import subtitle_files
from dubstage.inputs.cue import Cue
from dubstage.inputs.encodings import UnknownEncoding, decode
from dubstage.inputs.markup import turns_of, without_label
from dubstage.inputs.rolling import unrolled
from dubstage.inputs.subtitle_files import SubtitleError
from dubstage.text.not_speech import is_not_speech, spoken
from dubstage.text.unicode import composed, plain
from dubstage.workspace.layout import Roots, Tree
from dubstage.workspace.manifest import detected_language

JSON = ".json"
MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Entry:
    """A cue of a user's subtitle file, or an item of a JSON list."""

    place: str
    """How errors name it: ``line 7`` of a subtitle file, ``item 3`` of a JSON list."""
    start: float
    """Seconds; -1.0 if the file gives no time."""
    end: float
    text: str
    segment_id: str = ""
    speaker: str = ""


def find(roots: Roots, request: StageRequest, stage: Stage) -> Path | None:
    """The file that replaces `stage`'s result; None if there is none.

    Raises :class:`BadInput` for two files, or one that leads out of the inputs folder.
    """
    if stage not in CORRECTIONS:
        return None
    stem = roots.inputs / request.job_id / CORRECTIONS[stage]
    paths = [path for suffix in CORRECTION_SUFFIXES if (path := stem.with_suffix(suffix)).exists()]
    if len(paths) > 1:
        names = " and ".join(path.name for path in paths)
        raise _bad(request, stage, paths[0].suffix, f"there are {names}: keep one of them")
    if paths and not paths[0].resolve().is_relative_to(roots.inputs.resolve()):
        raise _bad(request, stage, paths[0].suffix, "the link leads out of the inputs folder")
    return paths[0] if paths else None


def replaced(roots: Roots, request: StageRequest) -> list[Stage]:
    """The stages whose result a user's file replaces.

    Raises :class:`BadInput` as :func:`find` does.
    """
    return [stage for stage in CORRECTIONS if find(roots, request, stage)]


def with_language(request: StageRequest, tree: Tree) -> StageRequest:
    """The request with the language of a transcript that the user has written or corrected: the
    one in the spec, or the one that was detected in the speech.

    Raises :class:`BadInput` if it is not known.
    """
    language = request.source_language or detected_language(tree)
    if language is None:
        raise BadInput(
            f"inputs/{request.job_id} has a transcript, and its language is not known: set "
            "spec.sourceLanguage.",
            reason="LanguageUnknown",
        )
    return request.model_copy(update={"source_language": language})


def check(roots: Roots, request: StageRequest) -> None:
    """Raise :class:`BadInput` for a file that cannot be used."""
    for stage in CORRECTIONS:
        path = find(roots, request, stage)
        if path:
            read(path, request, stage)


def read(path: Path, request: StageRequest, stage: Stage) -> list[Entry]:
    """The entries of the file in its order, at least one.

    Raises :class:`BadInput` with the place and the reason.
    """
    if path.stat().st_size > MAX_BYTES:
        raise _bad(request, stage, path.suffix, f"it is larger than {MAX_BYTES >> 20} MiB")
    languages = {
        Stage.TRANSCRIBE: request.source_language,
        Stage.TRANSLATE: request.target_language,
    }
    try:
        text = decode(path.read_bytes(), languages[stage])
        if path.suffix == JSON:
            entries = _from_json(text, stage)
        else:
            entries = _from_subtitles(text, path.suffix)
    except (_Problem, SubtitleError, UnknownEncoding) as problem:
        raise _bad(request, stage, path.suffix, str(problem)) from problem
    if not entries:
        what = "segments" if path.suffix == JSON else "cues"
        raise _bad(request, stage, path.suffix, f"it has no {what}")
    return entries


def check_times(roots: Roots, request: StageRequest, source_end: float) -> None:
    """Raise :class:`BadInput` for an entry that starts after the source's end (seconds)."""
    for stage in CORRECTIONS:
        path = find(roots, request, stage)
        if path is None:
            continue
        for entry in read(path, request, stage):
            if why := is_late(entry, source_end):
                raise refused(request, stage, path, entry, why)


def is_late(entry: Entry, source_end: float) -> str:
    """Why the entry cannot be part of a source that ends at `source_end` (seconds); empty if
    it can."""
    if entry.start < source_end:
        return ""
    return (
        f"it starts at {entry.start:.1f} s, and the source ends at {source_end:.1f} s: "
        "expected the times of this source, in seconds"
    )


def refused(request: StageRequest, stage: Stage, path: Path, entry: Entry, why: str) -> BadInput:
    """The error for one entry of a file that can be read."""
    return _bad(request, stage, path.suffix, f"{entry.place}: {why}")


class _Problem(Exception):
    """What is wrong, beginning with its place."""


def _bad(request: StageRequest, stage: Stage, suffix: str, why: str) -> BadInput:
    return BadInput(
        f"inputs/{request.job_id}/{CORRECTIONS[stage]}{suffix} cannot replace the result of the "
        f"{stage} stage; {why}.",
        reason="BadCorrection",
    )


def _from_subtitles(text: str, suffix: str) -> list[Entry]:
    cues = subtitle_files.read_cues(text, suffix)
    entries = [entry for cue in unrolled(cues) for entry in _entries(cue)]
    if cues and not entries:
        raise _Problem(f"line {cues[0].row}: it has no text")
    return entries


def _entries(cue: Cue) -> list[Entry]:
    """The entries of a cue, one for each person who speaks. Each has the share of the time that
    it has of the letters. A cue in which nobody speaks keeps its text."""
    text = "\n".join(cue.rows)
    place = f"line {cue.row}"
    if is_not_speech(text):
        return [Entry(place, cue.start, cue.end, " ".join(cue.rows), speaker=cue.speaker)]
    turns = turns_of([without_label(row) for row in spoken(text).split("\n")])
    turns = [turn for turn in turns if turn]
    entries, start = [], cue.start
    for turn in turns:
        share = len(turn) / sum(map(len, turns))
        end = start + (cue.end - cue.start) * share
        entries.append(Entry(place, start, end, turn, speaker=cue.speaker))
        start = end
    return entries


def _from_json(text: str, stage: Stage) -> list[Entry]:
    try:
        items = json_text.parse(text)
    except ValueError as error:
        where = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise _Problem(f"{where}it is not JSON") from error
    if not isinstance(items, list):
        raise _Problem("expected a list of segments")
    return [_item(number, item, stage) for number, item in enumerate(items, start=1)]


def _item(number: int, item: object, stage: Stage) -> Entry:
    place = f"item {number}"
    key = "text" if stage is Stage.TRANSCRIBE else "translation"
    if not isinstance(item, dict) or not isinstance(item.get(key), str):
        raise _Problem(f"{place}: expected an object with the text {key!r}")
    start, end = item.get("start", -1.0), item.get("end", -1.0)
    timed = "start" in item and "end" in item
    if not all(isinstance(value, (int, float)) for value in (start, end)):
        raise _Problem(f"{place}: 'start' and 'end' must be numbers of seconds")
    if stage is Stage.TRANSCRIBE and not timed:
        raise _Problem(f"{place}: 'start' and 'end' are missing")
    if timed and not 0 <= start < end:
        raise _Problem(f"{place}: the end is not after the start")
    identity, speaker = item.get("segment_id", ""), item.get("speaker", "")
    if not isinstance(identity, str) or not isinstance(speaker, str):
        raise _Problem(f"{place}: 'segment_id' and 'speaker' must be strings")
    if not timed and not identity:
        raise _Problem(f"{place}: it has neither 'segment_id' nor 'start' and 'end'")
    words = " ".join(plain(item[key]).split())
    return Entry(place, float(start), float(end), words, identity, composed(speaker.strip()))
