"""Transcribe with a recognizer that returns given words: results, remarks, cost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy
import pytest
import soundfile

from dubstage.contract import EngineChoice, ExitCode, SpeakerRange, Stage
from dubstage.contract.summary import StageSummary
from dubstage.media.windows import parts_of
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.text.transcript import AlignedSegments, Segment, Word
from dubstage.transcribe import stage
from dubstage.transcribe.engine import Recognition
from dubstage.transcribe.faster_whisper import notes_on
from dubstage.transcribe.word_times import fill_times, words_of
from dubstage.video.facts import SourceFacts
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

RATE = 48000


class GivenWords:
    """Returns the given words, and records its requests."""

    def __init__(self, *words: Word, notes: tuple[str, ...] = (), language: str = "en") -> None:
        self._recognition = Recognition(language, 0.9, list(words), notes)
        self.asked: list[object] = []

    def recognize(
        self,
        speech: Path,
        language: str | None,
        speakers: SpeakerRange | None,
        progress: Callable[[float], None],
    ) -> Recognition:
        self.asked = [speech.name, language, speakers]
        return self._recognition


def transcribe(
    folder: Path, seconds: float, facts: SourceFacts | None = None, **changes: object
) -> Ended:
    """Run the stage on a tone of the given duration. `facts`: what ingest found."""
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("media")
    model = folder / "models/faster-whisper/base"
    model.mkdir(parents=True, exist_ok=True)
    (model / "SHA256SUMS").touch()
    tone = 0.1 * numpy.sin(numpy.arange(int(seconds * RATE)) / 20)
    samples = numpy.stack([tone, tone], axis=1).astype(numpy.float32)

    def lay(work: Work) -> Outcome:
        is_ingest = work.request.stage is Stage.INGEST
        for artifact in [Artifact.AUDIO] if is_ingest else [Artifact.VOCALS, Artifact.BACKGROUND]:
            soundfile.write(work.staging(artifact, None), samples, RATE, format="WAV")
        if is_ingest and facts:
            work.staging(Artifact.SOURCE_FACTS, None).write_text(facts.model_dump_json())
        return Outcome()

    for before in (Stage.INGEST, Stage.SEPARATE):
        run_stage_in(folder, request_for(before), lay)
    return run_stage_in(folder, request_for(Stage.TRANSCRIBE, **changes))


def test_words_segments_and_language_are_written_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = GivenWords(
        Word(word="Good", start=0.5, end=1.0, speaker="SPEAKER_01"),
        Word(word="morning.", start=1.0, end=2.2, speaker="SPEAKER_01"),
        Word(word="Hello.", start=3.0, end=4.8),
        notes=("something to know", "and more"),
    )
    monkeypatch.setattr(stage, "load_engine", lambda _: recognizer)
    speakers = SpeakerRange(min=2, max=3)
    ended = transcribe(tmp_path, 5.0, source_language="en-GB", speakers=speakers)
    assert ended.code == ExitCode.OK
    assert recognizer.asked == ["vocals.wav", "en", speakers]
    assert ended.result.message == (
        "2 segments, 3 words, language en-GB, 2 speakers; something to know; and more"
    )
    assert ended.result.summary == StageSummary(segments=2, words=3, speakers=2)
    segments = [
        Segment.model_validate(row)
        for row in json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    ]
    assert [(segment.speaker, segment.text) for segment in segments] == [
        ("SPEAKER_01", "Good morning."), ("SPEAKER_00", "Hello.")
    ]  # fmt: skip
    aligned = AlignedSegments.model_validate_json(
        ended.tree.path(Artifact.ALIGNED_SEGMENTS).read_text()
    )
    assert [word.word for word in aligned.word_segments] == ["Good", "morning.", "Hello."]
    assert aligned.word_segments[0].start == segments[0].start


def test_invented_segments_are_left_out_and_doubtful_ones_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mumbled = "and then he mumbled it again.".split()
    recognizer = GivenWords(
        Word(word="Good", start=0.5, end=1.0, score=0.9),
        Word(word="morning.", start=1.0, end=2.2, score=0.9),
        Word(word="you.", start=4.0, end=6.0, score=0.04),
        *(Word(word=word, start=8 + n / 2, end=8.5 + n / 2, score=0.3)
          for n, word in enumerate(mumbled)),
    )  # fmt: skip
    monkeypatch.setattr(stage, "load_engine", lambda _: recognizer)
    ended = transcribe(tmp_path, 12.0)
    assert ended.result.message == (
        "2 segments, 1 of them doubtful (segment_0001), 8 words, language en, 1 speaker; 1 segment "
        "left out, because the recognizer most likely invented the words (“you.” at 4.0 s)"
    )
    rows = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    assert [row["is_doubtful"] for row in rows] == [False, True]
    words = json.loads(ended.tree.path(Artifact.ALIGNED_SEGMENTS).read_text())["word_segments"]
    assert len(words) == 8
    assert "no_speech" not in words[0]


@pytest.mark.parametrize(
    ("recognizer", "reason"),
    [
        (GivenWords(), "NoSpeech"),
        (GivenWords(Word(word="", start=0.1, end=0.2)), "NoSpeech"),
        (GivenWords(Word(word="you.", start=0.1, end=0.9, score=0.04)), "NoSpeech"),
        (GivenWords(Word(word="Hola.", start=0.1, end=0.8), language="es"), "SameLanguage"),
        (GivenWords(Word(word="Ja.", start=0.1, end=0.8), language="de"), "LanguageUnsupported"),
    ],
)
def test_source_that_cannot_be_dubbed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizer: GivenWords, reason: str
) -> None:
    monkeypatch.setattr(stage, "load_engine", lambda _: recognizer)
    ended = transcribe(tmp_path, 1.0, source_language=None)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason)
    assert not list(ended.tree.path(Artifact.TRANSCRIPT).parent.glob("*"))


def test_other_audio_tracks_are_named_if_the_dubbed_one_is_in_the_target_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanish = GivenWords(Word(word="Hola.", start=0.1, end=0.8), language="es")
    monkeypatch.setattr(stage, "load_engine", lambda _: spanish)
    facts = SourceFacts(
        track=1, duration=1.0, loudness=None, video=None, number=1, languages=[None, "eng"]
    )
    ended = transcribe(tmp_path, 1.0, facts, source_language=None)
    assert ended.result.message == (
        "inputs/clip/source.mp4 is spoken in es, which is spec.targetLanguage. It has 2 audio "
        "tracks, of which 1 (language not tagged) was chosen; the other is 2 (eng). To dub another "
        "one, set spec.sourceLanguage to en (dub submit --from en)."
    )


def test_own_translation_needs_no_engine_for_the_spoken_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = GivenWords(Word(word="Ja.", start=0.1, end=0.8, score=0.9), language="de")
    monkeypatch.setattr(stage, "load_engine", lambda _: german)
    translation = tmp_path / "inputs/clip/translation.srt"
    translation.parent.mkdir(parents=True)
    translation.write_text("1\n00:00:00,100 --> 00:00:00,900\nSí.\n")
    assert transcribe(tmp_path, 1.0, source_language=None).code == ExitCode.OK


def test_unknown_engine_and_missing_model_are_refused(tmp_path: Path) -> None:
    for choice, reason in (
        (EngineChoice(engine="vosk", model="base"), "ModelMissing"),
        (EngineChoice(engine="vosk"), "EngineUnknown"),
        (EngineChoice(engine="whisperx", model="large-v3"), "ModelMissing"),
    ):
        engines = {**ENGINES, Stage.TRANSCRIBE: choice}
        ended = transcribe(tmp_path, 0.1, engines=engines)
        assert (ended.code, ended.result.reason) == (ExitCode.CONFIG, reason)


def test_minute_of_speech_costs_less_than_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage's own work on the words of a fast speaker, without that of the library."""
    words = [
        Word(word="word." if n % 9 == 8 else "word", start=n * 0.2, end=n * 0.2 + 0.18)
        for n in range(300)
    ]
    monkeypatch.setattr(stage, "load_engine", lambda _: GivenWords(*words))
    transcribe(tmp_path, 60.0)
    begun = time.process_time()
    ended = run_stage_in(tmp_path, request_for(Stage.TRANSCRIBE, force=True))
    assert ended.code == ExitCode.OK
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("speakers", "is_asked", "expected"),
    [
        (None, True, "the models volume has no diarizer/v1"),
        (SpeakerRange(min=2), True, "the models volume has no diarizer/v1"),
        (SpeakerRange(min=1, max=1), True, ""),
        (None, False, ""),
        (SpeakerRange(min=1, max=1), False, ""),
        (SpeakerRange(min=2), False, "the profile's parameter diarize is false"),
        (SpeakerRange(min=1, max=4), False, "the profile's parameter diarize is false"),
    ],
)
def test_one_speaker_for_all_is_reported_with_its_reason(
    speakers: SpeakerRange | None, is_asked: bool, expected: str
) -> None:
    notes = notes_on(speakers, is_asked=is_asked)
    assert list(notes) == [f"all speech is attributed to one speaker: {expected}"] * bool(expected)


def test_long_source_is_divided_where_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dubstage.media.windows.SEARCH_SECONDS", 5)
    time_axis = numpy.arange(25 * RATE) / RATE
    tone = 0.1 * numpy.sin(numpy.arange(len(time_axis)) / 20)
    for quiet in (7, 15):
        tone[(time_axis >= quiet) & (time_axis < quiet + 1)] = 0
    soundfile.write(tmp_path / "vocals.wav", numpy.stack([tone, tone], axis=1), RATE)
    result = list(parts_of(tmp_path / "vocals.wav", longest=10))
    assert result[0].start == 0.0
    assert 7.0 <= result[1].start <= 8.0
    assert 15.0 <= result[2].start <= 16.0
    assert [part.total for part in result] == [25.0] * len(result)
    for part, following in pairwise(result):
        assert part.start + part.seconds == pytest.approx(following.start)
    assert result[-1].start + result[-1].seconds == 25.0


def test_source_without_samples_has_no_parts(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "vocals.wav", numpy.zeros((0, 2)), RATE)
    assert list(parts_of(tmp_path / "vocals.wav")) == []


# ---- words whose times an aligner left out ----------------------------------------


def timed(word: str, start: float, end: float) -> dict[str, object]:
    return {"word": word, "start": start, "end": end}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([timed("a", 1, 2), timed("b", 2, 3)], [(1, 2), (2, 3)]),
        ([{"word": "1984"}, timed("b", 2, 3)], [(1, 2), (2, 3)]),
        ([timed("a", 1, 2), {"word": "20%"}], [(1, 2), (2, 5)]),
        ([timed("a", 1, 2), {"word": "12"}, {"word": "34"}, timed("b", 4, 5)],
         [(1, 2), (2, 3), (3, 4), (4, 5)]),
        ([timed("a", 1, 3), {"word": "5"}, timed("b", 2, 4)], [(1, 3), (3, 3), (2, 4)]),
        ([timed("a", 3, 2)], [(3, 3)]),
        ([], [(1, 2), (2, 3), (3, 5)]),
    ],
)  # fmt: skip
def test_missing_times_are_filled_in(
    words: list[dict[str, object]], expected: list[tuple[float, float]]
) -> None:
    segment = {"start": 1.0, "end": 5.0, "text": " a b cc", "words": words}
    filled = fill_times(segment, spaced=True)
    assert [(word["start"], word["end"]) for word in filled] == expected


def test_letters_of_an_unaligned_segment_share_its_time() -> None:
    segment = {"start": 0.0, "end": 4.0, "text": "何ですか", "words": []}
    assert [word["word"] for word in fill_times(segment, spaced=False)] == list("何ですか")


def test_letters_of_an_aligner_get_their_spaces_back() -> None:
    text = " 我喜欢 New York。 好"
    raw = [timed(letter, n, n + 1) for n, letter in enumerate(text.replace(" ", ""))]
    segment = {"start": 0.0, "end": 20.0, "text": text, "words": raw}
    result = words_of(fill_times(segment, spaced=False), spaced=False)
    assert "".join(word.word for word in result) == text
    unaligned = fill_times({**segment, "words": []}, spaced=False)
    assert "".join(word["word"] for word in unaligned) == text.strip()


def test_separate_mark_joins_the_word_before_it() -> None:
    raw = [
        {"word": "何", "start": 0, "end": 1, "speaker": "B"},
        {"word": "。", "start": 1, "end": 2},
        {"word": "え", "start": 2, "end": 3},
    ]
    result = words_of(raw, spaced=False)
    assert [(word.word, word.speaker) for word in result] == [("何。", "B"), ("え", "B")]
    assert [word.word for word in words_of(raw, spaced=True)] == ["何", "。", "え"]
