"""Songs and sounds that a text describes, and translations that are cut otherwise than the
transcript."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

import pytest

from dubstage.contract import ExitCode, GlossaryEntry, Stage
from dubstage.inputs.corrections import Entry
from dubstage.synthesize.stage import unspoken
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.text.not_speech import is_not_speech, spoken, without_emoji
from dubstage.text.transcript import ClipFlag, Segment, TranslatedSegment
from dubstage.translate import stage
from dubstage.translate.assignment import assign
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


@pytest.mark.parametrize(
    "text",
    [
        "♪", "♪ ♪", "♪ la la la ♪", "♫ la la", "la la la ♪", "♪ la la\nla la ♪",
        "♪ la la\n♪ la la", "# la la la #", "[laughter]", "[risas] [aplausos]", "(applause)",
        "(MAN SPEAKING FRENCH)", "（笑）", "［拍手］", "【音楽】", "*sighs*", "[Music] ♪ la ♪",
        "[door closes].",
    ],
)  # fmt: skip
def test_songs_and_sounds_are_not_speech(text: str) -> None:
    assert is_not_speech(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[laughs] Hello.", "Hello."),
        ("Hello [laughs] there.", "Hello there."),
        ("Hello [laughs].", "Hello."),
        ("(sighs) Hello.", "Hello."),
        ("Hello. (sighs)", "Hello."),
        ("♪ la la ♪ Hello.", "Hello."),
        ("Hello.\n♪ la la ♪", "Hello."),
        ("He paid (about five dollars) for it.", "He paid (about five dollars) for it."),
        ("(He means tomorrow.)", "(He means tomorrow.)"),
        ("(1984)", "(1984)"),
        ("We are #1 and #2", "We are #1 and #2"),
        ("It is *really* good", "It is *really* good"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("（笑）そうですね", "そうですね"),
    ],
)
def test_the_rest_is_spoken(text: str, expected: str) -> None:
    assert not is_not_speech(text)
    assert spoken(text) == expected


@pytest.mark.parametrize("text", ["", "...", "?!"])
def test_marks_alone_are_neither(text: str) -> None:
    assert not is_not_speech(text)


SEGMENTS = [(1.0, 3.0, "Good morning everybody.", "A"), (3.2, 5.2, "Here we are again.", "A"),
            (8.0, 9.0, "Uh.", "A"), (12.0, 14.0, "And good night.", "B")]  # fmt: skip


def segments() -> list[Segment]:
    return [
        Segment(segment_id=f"segment_{n:04d}", speaker=who, start=start, end=end, text=text,
                duration=end - start)
        for n, (start, end, text, who) in enumerate(SEGMENTS)
    ]  # fmt: skip


def assigned(*entries: tuple[float, float, str]) -> list[str]:
    items = [Entry(f"line {n}", *entry) for n, entry in enumerate(entries)]
    return list(assign(items, segments(), "es").texts.values())


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        # One entry over two segments is divided.
        ([(1.0, 5.2, "Buenos días a todos, aquí estamos otra vez.")],
         ["Buenos días a todos,", "aquí estamos otra vez.", "", ""]),
        # Two entries of one segment follow one another.
        ([(2.0, 3.0, "a todos."), (1.0, 2.0, "Buenos días")],
         ["Buenos días a todos.", "", "", ""]),
        # Shifted by half a second.
        ([(1.5, 3.4, "Buenos días."), (3.8, 5.6, "Aquí estamos.")],
         ["Buenos días.", "Aquí estamos.", "", ""]),
        # Shown before and after its segment.
        ([(11.0, 11.5, "Y buenas"), (14.2, 15.0, "noches.")], ["", "", "", "Y buenas noches."]),
        # Shown over the pause, and not divided between two people.
        ([(7.5, 14.5, "Y buenas noches.")], ["", "", "", "Y buenas noches."]),
        # Nobody speaks then.
        ([(30.0, 31.0, "Fin.")], ["", "", "", ""]),
    ],
)  # fmt: skip
def test_entries_belong_to_the_segments_they_are_shown_with(
    entries: list[tuple[float, float, str]], expected: list[str]
) -> None:
    assert assigned(*entries) == expected


def engine(work: Work) -> Outcome:
    """Write a transcript of :data:`SEGMENTS`, or what an earlier stage writes."""
    import numpy
    import soundfile

    if work.request.stage is Stage.TRANSCRIBE:
        rows = [one.model_dump() for one in (*segments(), song())]
        for artifact in (Artifact.TRANSCRIPT, Artifact.SRC_TRANSCRIPT):
            work.staging(artifact, None).write_text(json.dumps(rows))
        aligned = {"language": "en", "word_segments": []}
        work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(json.dumps(aligned))
    for artifact in {
        Stage.INGEST: [Artifact.AUDIO],
        Stage.SEPARATE: [Artifact.VOCALS, Artifact.BACKGROUND],
    }.get(work.request.stage, []):
        silence = numpy.zeros(20 * 8000)
        soundfile.write(work.staging(artifact, None), silence, 8000, format="WAV")
    return Outcome(message="engine")


def song() -> Segment:
    return Segment(segment_id="segment_0004", start=15, end=18, duration=3, text="♪ la la la ♪")


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for path in ("inputs/clip/source.mp4", "models/faster-whisper/base/SHA256SUMS"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("")
    for earlier in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE):
        assert run_stage_in(tmp_path, request_for(earlier), engine).code == ExitCode.OK
    return tmp_path


def translate(volumes: Path, name: str, text: str) -> Ended:
    (volumes / "inputs/clip" / name).write_text(text)
    return run_stage_in(volumes, request_for(Stage.TRANSLATE, import_only=True), engine)


def test_a_segment_that_the_translation_leaves_out_keeps_the_original(volumes: Path) -> None:
    srt = (
        "00:00:01,000 --> 00:00:05,200\nBuenos días a todos, aquí estamos otra vez.\n\n"
        "00:00:12,000 --> 00:00:14,000\nY buenas noches.\n\n"
        "00:00:19,500 --> 00:00:19,900\nFin.\n"
    )
    ended = translate(volumes, "translation.srt", srt)
    assert ended.code == ExitCode.OK, ended.result
    rows = json.loads(ended.tree.path(Artifact.TRANSLATED).read_text())
    assert [row["untranslated"] for row in rows] == [False, False, True, False, False]
    assert (rows[2]["translation"], rows[4]["translation"]) == ("Uh.", "♪ la la la ♪")
    assert ended.result.summary.untranslated_segments == 1
    assert "1 of them untranslated (segment_0002)" in ended.result.message
    assert "1 entry of the file left out, because nobody speaks then: line 7" in (
        ended.result.message
    )
    flags = [unspoken(TranslatedSegment(**row)) for row in rows]
    assert flags == [None, None, ClipFlag.UNTRANSLATED, None, ClipFlag.NOT_SPEECH]


def test_a_translation_of_another_transcript_is_refused(volumes: Path) -> None:
    item = {"segment_id": "segment_0002", "start": 1.0, "end": 3.0, "translation": "Buenos días."}
    ended = translate(volumes, "translation.json", json.dumps([item]))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "BadCorrection")
    assert "item 1: segment_0002 is spoken from 8.0 to 9.0 s" in ended.result.message
    ended = translate(volumes, "translation.json", json.dumps([{**item, "start": 8, "end": 9.1}]))
    assert ended.code == ExitCode.OK, ended.result


def test_a_deleted_text_of_a_review_keeps_the_original(volumes: Path) -> None:
    items = [
        {"segment_id": f"segment_{n:04d}", "start": SEGMENTS[n][0], "end": SEGMENTS[n][1],
         "translation": "Sí."}
        for n in (0, 1, 3)
    ]  # fmt: skip
    ended = translate(volumes, "translation.json", json.dumps(items))
    rows = json.loads(ended.tree.path(Artifact.TRANSLATED).read_text())
    assert [row["untranslated"] for row in rows] == [False, False, True, False, False]


class Asked:
    """Translates every text to the same, and records the texts."""

    reads_context = False

    def __init__(self) -> None:
        self.texts: list[str] = []

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        for segment in segments:
            self.texts.append(segment.text)
            yield Translation(segment.segment_id, f"Traducido: {segment.text}")


def test_songs_are_not_translated_and_terms_match_in_any_form(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Asked()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    term = GlossaryEntry(term=normalize("NFD", "Café Müller"), translation=normalize("NFD", "Café"))
    path = volumes / "interim/clip/text/src/sentence/transcript.json"
    rows = json.loads(path.read_text())
    rows[0]["text"] = "[laughs] We meet at Café Müller."
    path.write_text(json.dumps(rows))
    ended = run_stage_in(volumes, request_for(Stage.TRANSLATE, glossary=[term]))
    assert ended.code == ExitCode.OK, ended.result
    assert not [text for text in engine.texts if "♪" in text or "[" in text]
    rows = json.loads(ended.tree.path(Artifact.TRANSLATED).read_text())
    assert rows[0]["translation"] == "Traducido: We meet at Café."
    assert (rows[4]["translation"], rows[4]["untranslated"]) == ("♪ la la la ♪", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hola 😀", "Hola"),
        ("😂😂😂 ¡Qué risa!", "¡Qué risa!"),
        ("La familia 👩\u200d👩\u200d👧 llega.", "La familia llega."),
        ("Uno 1\ufe0f\u20e3 dos", "Uno 1 dos"),
        ("España 🇪🇸 y 👍🏽", "España y"),
        ("Te ❤\ufe0f mucho", "Te mucho"),
        ("می\u200cخواهم, क्\u200dष", "می\u200cخواهم, क्\u200dष"),
        ("En fa♯ y si♭, 20 °C, 5 €, ©, ➀", "En fa♯ y si♭, 20 °C, 5 €, ©, ➀"),
        ("🎉", ""),
        ("漢字", "漢字"),
    ],
)
def test_pictures_are_not_read_aloud(text: str, expected: str) -> None:
    assert " ".join(without_emoji(text).split()) == expected
