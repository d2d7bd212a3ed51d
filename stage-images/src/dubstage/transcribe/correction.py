"""The user's transcript, which replaces the engine's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dubstage.contract import Stage, StageRequest
from dubstage.contract.summary import StageSummary
from dubstage.inputs import corrections
from dubstage.inputs.corrections import Entry
from dubstage.text.counting import counted
from dubstage.text.language_check import check_pair
from dubstage.text.languages import is_spaced, primary
from dubstage.text.not_speech import is_not_speech
from dubstage.text.punctuation import ends_sentence
from dubstage.text.transcript import DEFAULT_SPEAKER, Word
from dubstage.transcribe.output import write_transcript
from dubstage.transcribe.segments import MAX_SECONDS
from dubstage.transcribe.word_pieces import letters
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

TOUCHING_SECONDS = 0.05
"""Cues closer than this belong to one segment, unless a sentence ends between them."""

WITHOUT_SPACES = frozenset({"ja", "yue", "zh"})
"""Languages whose rows and cues are joined without a space."""
FULL_WIDTH = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
GAP = re.compile(rf"(?<={FULL_WIDTH})\s+(?={FULL_WIDTH})")


def run(work: Work) -> Outcome:
    """Write what an engine would write. Each word gets the share of its entry's time that
    it has of its letters. Its language is that of the request, or of the transcription that it
    corrects.

    Raises :class:`BadInput` for a file that cannot be used.
    """
    request = corrections.with_language(work.request, work.tree)
    language = request.source_language
    path = corrections.find(work.tree.roots, request, Stage.TRANSCRIBE)
    assert path is not None
    assert language is not None
    check_pair(request, language, corrections.replaced(work.tree.roots, request))
    read_entries = read(path, request, _source_end(work))
    entries = _merged(sorted(read_entries, key=lambda entry: entry.start))
    if path.suffix != corrections.JSON:
        entries = _joined(entries)
    if primary(language) in WITHOUT_SPACES:
        entries = [replace(entry, text=GAP.sub("", entry.text)) for entry in entries]
    groups = [_words(entry, is_spaced(language)) for entry in entries]
    segments = write_transcript(work, groups, language)
    return Outcome(
        message=f"{counted(len(segments), 'segment')} imported from "
        f"inputs/{request.job_id}/{path.name}",
        source_language=language,
        summary=StageSummary(
            segments=len(segments),
            words=sum(map(len, groups)),
            speakers=len({segment.speaker for segment in segments}),
        ),
    )


def _source_end(work: Work) -> float:
    """Seconds."""
    import soundfile

    (vocals,) = work.read(Artifact.VOCALS)
    return float(soundfile.info(vocals).duration)


def read(path: Path, request: StageRequest, source_end: float) -> list[Entry]:
    """The entries of the file, each with a text and within the source, which ends at `source_end`
    (seconds).

    Raises :class:`BadInput` for a file that cannot be used.
    """
    entries = corrections.read(path, request, Stage.TRANSCRIBE)
    for entry in entries:
        why = corrections.is_late(entry, source_end) if entry.text else "it has no text"
        if why:
            raise corrections.refused(request, Stage.TRANSCRIBE, path, entry, why)
    # Editors write 99:59:59 for "until the end".
    return [replace(entry, end=min(entry.end, source_end)) for entry in entries]


def _merged(entries: Sequence[Entry]) -> list[Entry]:
    """`entries`, in the order of their start, with those merged that one speaker cannot say
    at the same time.

    An entry is merged into the same speaker's entry before it if it starts before half of
    that one's time is over, or half of the longest segment's: the first would have next to
    no time.
    """
    merged: list[Entry] = []
    latest: dict[str, int] = {}
    for entry in entries:
        speaker = entry.speaker or DEFAULT_SPEAKER
        place = latest.get(speaker)
        if place is not None and _is_simultaneous(merged[place], entry):
            merged[place] = _together(merged[place], entry)
        else:
            latest[speaker] = len(merged)
            merged.append(entry)
    return merged


def _is_simultaneous(before: Entry, entry: Entry) -> bool:
    if is_not_speech(before.text) != is_not_speech(entry.text):
        return False
    return entry.start - before.start < min(before.end - before.start, MAX_SECONDS) / 2


def _joined(cues: Sequence[Entry]) -> list[Entry]:
    """`cues` with those joined that share a sentence, up to a segment's longest time."""
    joined: list[Entry] = []
    for cue in cues:
        if joined and _continues(joined[-1], cue):
            joined[-1] = _together(joined[-1], cue)
        else:
            joined.append(cue)
    return joined


def _continues(before: Entry, cue: Entry) -> bool:
    return (
        abs(cue.start - before.end) < TOUCHING_SECONDS
        and cue.speaker == before.speaker
        and not is_not_speech(before.text)
        and not is_not_speech(cue.text)
        and cue.end - before.start <= MAX_SECONDS
        and not ends_sentence(before.text, cue.text)
    )


def _together(before: Entry, entry: Entry) -> Entry:
    end = max(before.end, entry.end)
    return replace(before, end=end, text=f"{before.text} {entry.text}")


def _words(entry: Entry, spaced: bool) -> list[Word]:
    """The entry's words, each as long as its share of the letters. In a language without
    spaces between words each letter is one, with the space that is written before it."""
    texts = entry.text.split() if spaced else letters(entry.text)
    count = sum(len(text) for text in texts)
    words, start = [], entry.start
    for text in texts:
        end = start + (entry.end - entry.start) * len(text) / count
        words.append(
            Word(word=text, start=start, end=end, speaker=entry.speaker or DEFAULT_SPEAKER)
        )
        start = end
    return words
