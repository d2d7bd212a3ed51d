"""Transcribe: words with their times, then segments that start at real onsets."""

from __future__ import annotations

from dubstage.contract import OnDoubt
from dubstage.contract.summary import StageSummary
from dubstage.engines import engine_of
from dubstage.engines.languages import WHISPER
from dubstage.errors import BadInput
from dubstage.inputs import corrections
from dubstage.text.counting import counted, listed
from dubstage.text.language_check import check_pair
from dubstage.text.languages import engine_code, needs_translation, standard
from dubstage.transcribe.doubt import Judged, judged
from dubstage.transcribe.engine import Recognizer
from dubstage.transcribe.onsets import at_onsets
from dubstage.transcribe.output import write_transcript
from dubstage.transcribe.segments import grouped
from dubstage.video.facts import nothing_to_dub
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the words, the segments, and the segments' copy among the outputs.

    Raises :class:`BadInput` if nobody speaks, or the detected language cannot be translated.
    """
    import soundfile

    (vocals,) = work.read(Artifact.VOCALS)
    source, target = work.request.source_language, work.request.target_language
    recognition = load_engine(work).recognize(
        vocals,
        engine_code(source, WHISPER) if source else None,
        work.request.speakers,
        work.progress,
    )
    words = [word for word in recognition.words if word.word.strip()]
    if not words:
        raise _no_speech(work, "")
    language = source or standard(recognition.language)
    if not needs_translation(language, target):
        raise nothing_to_dub(work, language)
    check_pair(work.request, language, corrections.replaced(work.tree.roots, work.request))
    groups = at_onsets(grouped(words), vocals)
    judgment = judged(
        groups,
        soundfile.info(vocals).duration,
        work.request.on_doubt,
        [text for entry in work.request.glossary for text in entry.hear or ()],
    )
    if not judgment.kept:
        raise _no_speech(work, _left_out(judgment, work.request.on_doubt))
    segments = write_transcript(
        work, judgment.kept, language, recognition.language_probability, judgment.doubtful
    )
    words = [word for group in judgment.kept for word in group]
    speakers = len({word.speaker for word in words})
    doubtful = [one.segment_id for one in segments if one.is_doubtful]
    counts = (
        f"{counted(len(segments), 'segment')}{listed('doubtful', doubtful)}, "
        f"{counted(len(words), 'word')}, language {language}, {counted(speakers, 'speaker')}"
    )
    left_out = [_left_out(judgment, work.request.on_doubt)] if judgment.left_out else []
    return Outcome(
        message="; ".join([counts, *left_out, *recognition.notes]),
        source_language=language,
        summary=StageSummary(
            segments=len(segments),
            words=len(words),
            speakers=speakers,
            doubtful_segments=len(doubtful) or None,
            left_out_segments=len(judgment.left_out) or None,
        ),
    )


def _no_speech(work: Work, why: str) -> BadInput:
    return BadInput(
        f"inputs/{work.request.source} has no speech that was recognized: there is nothing to dub"
        + (f"; {why}." if why else "."),
        reason="NoSpeech",
    )


def _left_out(judgment: Judged, on_doubt: OnDoubt | None) -> str:
    """The remark on segments that may be invented, with the first of them."""
    first = judgment.left_out[0]
    how = "may have invented" if on_doubt is OnDoubt.DROP else "most likely invented"
    text = " ".join(word.word.strip() for word in first)[:40]
    return (
        f"{counted(len(judgment.left_out), 'segment')} left out, because the recognizer "
        f"{how} the words (“{text}” at {first[0].start:.1f} s)"
    )


def load_engine(work: Work) -> Recognizer:
    """The profile's engine with its model loaded.

    Raises :class:`Misconfigured` for an unknown engine or a missing model.
    """
    recognizer: Recognizer = engine_of(work.request).load(work)
    return recognizer
