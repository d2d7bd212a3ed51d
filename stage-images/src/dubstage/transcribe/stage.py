"""Transcribe: words with their times, then lines whose starts are real onsets."""

from __future__ import annotations

import json

from dubstage.contract.summary import StageSummary
from dubstage.engines import engine_of
from dubstage.engines.languages import WHISPER
from dubstage.errors import BadInput
from dubstage.text.counting import counted
from dubstage.text.language_check import check_pair
from dubstage.text.languages import engine_code, is_spaced, needs_translation, standard
from dubstage.text.transcript import AlignedSegments, write_list
from dubstage.transcribe.engine import Recogniser
from dubstage.transcribe.onsets import at_onsets
from dubstage.transcribe.sentences import grouped, lines_of
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the words, the lines, and the lines' copy among the outputs.

    Raises :class:`BadInput` where nobody speaks, or the language that was heard
    cannot be translated.
    """
    (vocals,) = work.read(Artifact.VOCALS)
    asked = work.request.source_language
    recogniser = load_engine(work)
    heard = recogniser.recognise(
        vocals,
        engine_code(asked, WHISPER) if asked else None,
        work.request.speakers,
        work.progress,
    )
    words = [word for word in heard.words if word.word.strip()]
    if not words:
        raise BadInput(
            f"inputs/{work.request.source} has no speech that was understood: nothing to dub.",
            reason="NoSpeech",
        )
    language = asked or standard(heard.language)
    if not needs_translation(language, work.request.target_language):
        raise BadInput(
            f"inputs/{work.request.source} is spoken in {language}, which is spec.targetLanguage: "
            "there is nothing to dub.",
            reason="SameLanguage",
        )
    check_pair(work.request, language)
    groups = at_onsets(grouped(words), vocals)
    lines = lines_of(groups, " " if is_spaced(language) else "")
    words = sorted((word for group in groups for word in group), key=lambda word: word.start)
    aligned = AlignedSegments(
        language=language,
        language_probability=round(heard.language_probability, 3),
        word_segments=words,
    )
    work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(
        json.dumps(aligned.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"
    )
    write_list(work.staging(Artifact.TRANSCRIPT, None), lines)
    write_list(work.staging(Artifact.SRC_TRANSCRIPT, None), lines)
    speakers = len({word.speaker for word in words})
    found = (
        f"{counted(len(lines), 'segment')}, {counted(len(words), 'word')}, language {language}, "
        f"{counted(speakers, 'speaker')}"
    )
    return Outcome(
        message="; ".join([found, *heard.notes]),
        source_language=language,
        summary=StageSummary(segments=len(lines), words=len(words), speakers=speakers),
    )


def load_engine(work: Work) -> Recogniser:
    """The profile's engine, its model loaded.

    Raises :class:`Misconfigured` for an engine that is unknown or a model that is
    missing.
    """
    recogniser: Recogniser = engine_of(work.request).load(work)
    return recogniser
