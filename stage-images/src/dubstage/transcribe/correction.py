"""A person's transcript in the engine's place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dubstage.contract import Stage
from dubstage.contract.summary import StageSummary
from dubstage.errors import BadInput
from dubstage.inputs import corrections
from dubstage.inputs.corrections import Line
from dubstage.text.counting import counted
from dubstage.text.language_check import check_pair
from dubstage.text.languages import is_spaced, primary
from dubstage.text.punctuation import ends_sentence
from dubstage.text.transcript import DEFAULT_SPEAKER, AlignedSegments, Word, write_list
from dubstage.transcribe.sentences import MAX_SECONDS, lines_of
from dubstage.transcribe.word_pieces import letters
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

TOUCHING_SECONDS = 0.05
"""Subtitles closer than this are pages of one line, where no sentence ends."""

WITHOUT_SPACES = frozenset({"ja", "yue", "zh"})
"""Languages whose rows and pages are put together without a space."""
FULL_WIDTH = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
GAP = re.compile(rf"(?<={FULL_WIDTH})\s+(?={FULL_WIDTH})")


def run(work: Work) -> Outcome:
    """Write what the engine would have written, with the words spread over each line
    by their letters.

    Raises :class:`BadInput` for a file that cannot be used.
    """
    request = work.request
    path = corrections.find(work.tree.roots, request, Stage.TRANSCRIBE)
    assert path is not None
    language = request.source_language
    if language is None:
        raise BadInput(
            f"inputs/{request.job_id}/{path.name} replaces the transcription, and nobody says in "
            "which language it is: set spec.sourceLanguage.",
            reason="LanguageUnknown",
        )
    check_pair(request, language)
    found = _one_at_a_time(sorted(_lines(work, path), key=lambda line: line.start))
    if path.suffix == ".srt":
        found = _joined(found)
    if primary(language) in WITHOUT_SPACES:
        found = [replace(line, text=GAP.sub("", line.text)) for line in found]
    groups = [_words(line, is_spaced(language)) for line in found]
    lines = lines_of(groups, " " if is_spaced(language) else "")
    words = [word for group in groups for word in group]
    aligned = AlignedSegments(language=language, word_segments=words)
    work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(
        json.dumps(aligned.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"
    )
    write_list(work.staging(Artifact.TRANSCRIPT, None), lines)
    write_list(work.staging(Artifact.SRC_TRANSCRIPT, None), lines)
    return Outcome(
        message=f"{counted(len(lines), 'segment')} imported from "
        f"inputs/{request.job_id}/{path.name}",
        source_language=language,
        summary=StageSummary(
            segments=len(lines),
            words=len(words),
            speakers=len({word.speaker for word in words}),
        ),
    )


def _lines(work: Work, path: Path) -> list[Line]:
    """The lines of the file, each with a text and within the programme."""
    import soundfile

    request = work.request
    (vocals,) = work.read(Artifact.VOCALS)
    programme_end = soundfile.info(vocals).duration
    found = corrections.read(path, request, Stage.TRANSCRIBE)
    for line in found:
        why = ""
        if not line.text:
            why = "it has no text"
        elif line.start >= programme_end:
            why = (
                f"it starts at {line.start:.1f} s, and the programme ends at {programme_end:.1f} "
                "s: expected the times of this video, in seconds"
            )
        if why:
            raise corrections.refused(request, Stage.TRANSCRIBE, path, line, why)
    return found


def _one_at_a_time(lines: Sequence[Line]) -> list[Line]:
    """`lines`, in the order of their start. A line that begins before half of the same
    speaker's line before is over, or half of the longest line, is one with it: one voice
    cannot say both at once, and the first would have next to no time."""
    found: list[Line] = []
    latest: dict[str, int] = {}
    for line in lines:
        speaker = line.speaker or DEFAULT_SPEAKER
        place = latest.get(speaker)
        if place is not None and _is_at_once(found[place], line):
            found[place] = _together(found[place], line)
        else:
            latest[speaker] = len(found)
            found.append(line)
    return found


def _is_at_once(before: Line, line: Line) -> bool:
    return line.start - before.start < min(before.end - before.start, MAX_SECONDS) / 2


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Subtitles, pages of one line put together again, as far as that makes a line that
    is not too long."""
    found: list[Line] = []
    for line in lines:
        if found and _is_next_page(found[-1], line):
            found[-1] = _together(found[-1], line)
        else:
            found.append(line)
    return found


def _is_next_page(before: Line, line: Line) -> bool:
    return (
        abs(line.start - before.end) < TOUCHING_SECONDS
        and line.end - before.start <= MAX_SECONDS
        and not ends_sentence(before.text, line.text)
    )


def _together(before: Line, line: Line) -> Line:
    end = max(before.end, line.end)
    return replace(before, end=end, text=f"{before.text} {line.text}")


def _words(line: Line, spaced: bool) -> list[Word]:
    """The line's words, each as long as its share of the letters. Where words have no spaces
    each letter is one, with the space that is written before it."""
    texts = line.text.split() if spaced else letters(line.text)
    count = sum(len(text) for text in texts)
    found, at = [], line.start
    for text in texts:
        until = at + (line.end - line.start) * len(text) / count
        found.append(Word(word=text, start=at, end=until, speaker=line.speaker or DEFAULT_SPEAKER))
        at = until
    return found
