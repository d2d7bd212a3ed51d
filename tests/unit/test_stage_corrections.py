"""Files of users that replace the result of a stage."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.contract.summary import StageSummary
from dubstage.testing import ENGINES, Ended, request_for, roots_in, run_stage_in
from dubstage.timing.slot import GAP_SECONDS, TimedSegment, slots
from dubstage.transcribe.segments import MAX_SECONDS
from dubstage.workspace.layout import Artifact
from dubstage.workspace.prune import Outcome, prune
from dubstage.workspace.work import Outcome as StageOutcome
from dubstage.workspace.work import Work

RATE = 8000
TRANSCRIPT = """1
00:00:01,000 --> 00:00:03,000
Good morning, <i>everybody</i>

2
00:00:03,000 --> 00:00:05,000
here.

3
00:00:06,000 --> 00:00:08,500
And good night.
"""
TRANSLATION = """00:00:01,000 --> 00:00:05,000
Buenos días a todos.

00:00:06,000 --> 00:00:07,000
Y buenas

00:00:07,000 --> 00:00:08,500
noches.
"""


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for path in ("inputs/clip/source.mp4", "models/faster-whisper/base/SHA256SUMS"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("")
    run(tmp_path, Stage.INGEST)
    run(tmp_path, Stage.SEPARATE)
    return tmp_path


def engine(work: Work, language: str | None = None) -> StageOutcome:
    """Write every output, as the engine would."""
    segments = [
        {"segment_id": "segment_0000", "start": 1.0, "end": 5.0, "duration": 4.0, "text": "Hello."}
    ]
    rows = {
        Artifact.TRANSCRIPT: segments,
        Artifact.SRC_TRANSCRIPT: segments,
        Artifact.ALIGNED_SEGMENTS: {"language": "en", "word_segments": []},
        Artifact.TRANSLATED: [{**segments[0], "translation": "Hola."}],
        Artifact.TRG_TRANSCRIPT: [{**segments[0], "translation": "Hola."}],
    }
    for artifact in {
        Stage.INGEST: [Artifact.AUDIO],
        Stage.SEPARATE: [Artifact.VOCALS, Artifact.BACKGROUND],
        Stage.TRANSCRIBE: list(rows)[:3],
        Stage.TRANSLATE: list(rows)[3:],
    }[work.request.stage]:
        target = work.staging(artifact, None)
        if artifact in rows:
            target.write_text(json.dumps(rows[artifact]))
        else:
            soundfile.write(target, numpy.zeros(70 * RATE), RATE, format="WAV")
    return StageOutcome(message="engine", source_language=language)


def run(volumes: Path, stage: Stage, **changes: object) -> Ended:
    return run_stage_in(volumes, request_for(stage, **changes), engine)


def detected(volumes: Path, stage: Stage, language: str, **changes: object) -> Ended:
    """A run whose request names no language of the source, with an engine that detects it."""
    request = request_for(stage, source_language=None, **changes)
    return run_stage_in(volumes, request, lambda work: engine(work, language))


def cues(*rows: tuple[float, float, str]) -> str:
    """An SRT file of (start, end, text)."""
    return "\n".join(f"{clock(start)} --> {clock(end)}\n{text}\n" for start, end, text in rows)


def clock(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{milliseconds:03d}"


def imported(volumes: Path, **changes: object) -> list[dict[str, Any]]:
    """The segments of the user's transcript, as the stage wrote them."""
    ended = run(volumes, Stage.TRANSCRIBE, import_only=True, **changes)
    assert ended.code == ExitCode.OK, ended.result
    actual: list[dict[str, Any]] = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    return actual


def put(volumes: Path, name: str, text: str) -> None:
    (volumes / "inputs/clip" / name).write_text(text)


def translations(ended: Ended) -> list[str]:
    text = ended.tree.path(Artifact.TRG_TRANSCRIPT).read_text()
    return [segment["translation"] for segment in json.loads(text)]


def test_transcript_and_translation_replace_both_engines(volumes: Path) -> None:
    put(volumes, "transcript.srt", TRANSCRIPT)
    put(volumes, "translation.srt", TRANSLATION)
    ingest = run(volumes, Stage.INGEST, force=True)
    assert ingest.result.corrected == [Stage.TRANSCRIBE, Stage.TRANSLATE]
    heard = run(volumes, Stage.TRANSCRIBE, import_only=True)
    assert heard.code == ExitCode.OK, heard.result
    assert heard.result.imported
    assert heard.result.source_language == "en"
    assert heard.result.summary == StageSummary(segments=2, words=7, speakers=1)
    segments = json.loads(heard.tree.path(Artifact.TRANSCRIPT).read_text())
    assert [(segment["start"], segment["end"], segment["text"]) for segment in segments] == [
        (1.0, 5.0, "Good morning, everybody here."),
        (6.0, 8.5, "And good night."),
    ]
    assert translations(run(volumes, Stage.TRANSLATE)) == [
        "Buenos días a todos.",
        "Y buenas noches.",
    ]
    assert run(volumes, Stage.TRANSLATE).result.reused


def test_cues_without_marks_are_not_joined_to_one_long_segment(volumes: Path) -> None:
    """Generated captions touch each other, and have no marks."""
    rows = [(3.0 * n, 3.0 * n + 3.0, "and so it goes on") for n in range(20)]
    put(volumes, "transcript.srt", cues(*rows))
    segments = imported(volumes)
    assert len(segments) == 7
    assert all(segment["duration"] <= 9.0 for segment in segments)
    assert (segments[0]["start"], segments[-1]["end"]) == (0.0, 60.0)


def test_overlapping_cues_are_not_joined(volumes: Path) -> None:
    put(volumes, "transcript.srt", cues((1, 5, "on and on"), (3.5, 4.5, "a sign")))
    assert [(segment["start"], segment["end"]) for segment in imported(volumes)] == [
        (1, 5),
        (3.5, 4.5),
    ]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "我喜欢 New York 的 iPhone 15", "我喜欢 New York 的 iPhone 15"),
        ("zh", "我喜欢\n纽约", "我喜欢纽约"),
        ("th", "ฉันชอบ นิวยอร์ก", "ฉันชอบ นิวยอร์ก"),
        ("en", "I like\nNew York", "I like New York"),
    ],
)
def test_spaces_of_a_language_are_kept(
    volumes: Path, language: str, text: str, expected: str
) -> None:
    put(volumes, "transcript.srt", cues((1, 4, text)))
    engines = {**ENGINES, Stage.TRANSLATE: EngineChoice(engine="googletrans")}
    (segment,) = imported(volumes, source_language=language, engines=engines)
    assert segment["text"] == expected


def test_simultaneous_cues_of_one_speaker_are_merged(volumes: Path) -> None:
    """One voice cannot say both; short overlaps are usual in subtitles."""
    rows = [(1, 3, "- Who is it?"), (1, 3.5, "- Nobody."), (3.4, 5, "Come in."), (6, 8, "Yes.")]
    put(volumes, "transcript.srt", cues(*rows))
    segments = imported(volumes)
    assert [(segment["start"], segment["end"], segment["text"]) for segment in segments] == [
        (1, 3.5, "Who is it? Nobody."), (3.4, 5, "Come in."), (6, 8, "Yes.")
    ]  # fmt: skip


def test_permanent_cue_does_not_absorb_all_others(volumes: Path) -> None:
    rows = [(0, 60, "Made by us"), *((5.0 * n, 5.0 * n + 3, "Well.") for n in range(1, 11))]
    put(volumes, "transcript.srt", cues(*rows))
    assert len(imported(volumes)) == 11


def test_two_speakers_may_talk_at_the_same_time(volumes: Path) -> None:
    rows = [{"start": 1, "end": 3, "text": name, "speaker": name} for name in ("A", "B", "A")]
    put(volumes, "transcript.json", json.dumps(rows))
    segments = imported(volumes)
    assert [(x["speaker"], x["text"]) for x in segments] == [
        ("A", "A A"),
        ("B", "B"),
    ]


spans = st.lists(
    st.tuples(st.integers(0, 400), st.integers(2, 80), st.sampled_from(["A", "B", ""])),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=spans)
def test_every_segment_has_time_to_be_spoken(
    volumes: Path, rows: list[tuple[int, int, str]]
) -> None:
    """With any overlap: at least half of its own time, less the silence after it."""
    texts = [{"start": start / 10, "end": (start + length) / 10, "text": "x", "speaker": who}
             for start, length, who in rows]  # fmt: skip
    put(volumes, "transcript.json", json.dumps(texts))
    segments = imported(volumes, force=True)
    limits = slots(
        [TimedSegment(x["segment_id"], x["speaker"], x["start"], x["end"]) for x in segments], 70.0
    )
    for segment, limit in zip(segments, limits, strict=True):
        assert limit.length >= min(segment["duration"], MAX_SECONDS) / 2 - GAP_SECONDS - 0.001
    assert sum(len(segment["text"].split()) for segment in segments) == len(rows)


def test_corrected_transcript_has_the_language_that_was_detected(volumes: Path) -> None:
    """Also after a second correction, and after a retry from ingest."""
    for stage in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE):
        assert detected(volumes, stage, "ca").code == ExitCode.OK
    for text in ("Bon dia a tothom!", "Bona nit, bona gent!"):
        put(volumes, "transcript.srt", cues((1.0, 3.0, text)))
        ended = detected(volumes, Stage.TRANSCRIBE, "en", import_only=True, target_language="en")
        assert (ended.code, ended.result.source_language) == (ExitCode.OK, "ca"), ended.result
        assert text in ended.tree.path(Artifact.TRANSCRIPT).read_text()
    again = detected(volumes, Stage.INGEST, "en", force=True, target_language="en")
    assert (again.code, again.result.corrected) == (ExitCode.OK, [Stage.TRANSCRIBE]), again.result


def test_ingest_reads_a_transcript_in_the_code_page_of_the_detected_language(
    volumes: Path,
) -> None:
    """In Shift JIS, a letter ends like a backslash."""
    for stage in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE):
        assert detected(volumes, stage, "ja").code == ExitCode.OK
    rows = json.dumps([{"start": 1.0, "end": 2.5, "text": "表"}], ensure_ascii=False)
    (volumes / "inputs/clip/transcript.json").write_text(rows, encoding="shift_jis")
    assert detected(volumes, Stage.INGEST, "ja", force=True).code == ExitCode.OK


def test_language_of_other_speech_is_not_that_of_the_correction(volumes: Path) -> None:
    """The source was replaced since."""
    for stage in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE):
        detected(volumes, stage, "en")
    put(volumes, "transcript.srt", TRANSCRIPT)
    request = request_for(Stage.SEPARATE, source_language=None, force=True)
    run_stage_in(volumes, request, other_speech)
    ended = detected(volumes, Stage.TRANSCRIBE, "en")
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "LanguageUnknown")


def other_speech(work: Work) -> StageOutcome:
    """A separation of another source."""
    for artifact in (Artifact.VOCALS, Artifact.BACKGROUND):
        soundfile.write(work.staging(artifact, None), numpy.ones(RATE), RATE, format="WAV")
    return StageOutcome()


def test_corrected_translation_survives_a_retry(volumes: Path) -> None:
    run(volumes, Stage.TRANSCRIBE)
    assert translations(run(volumes, Stage.TRANSLATE)) == ["Hola."]
    put(volumes, "translation.json", '[{"segment_id": "segment_0000", "translation": "¡Buenas!"}]')
    assert translations(run(volumes, Stage.TRANSLATE, import_only=True)) == ["¡Buenas!"]
    assert translations(run(volumes, Stage.TRANSLATE, force=True)) == ["¡Buenas!"]


def test_result_stays_without_a_correction(volumes: Path) -> None:
    run(volumes, Stage.TRANSCRIBE)
    run(volumes, Stage.TRANSLATE)
    kept = run(volumes, Stage.TRANSLATE, import_only=True)
    assert kept.result.reused
    assert not kept.result.imported
    kept.tree.path(Artifact.TRANSLATED).unlink()
    gone = run(volumes, Stage.TRANSLATE, import_only=True)
    assert (gone.code, gone.result.missing_from) == (ExitCode.NOINPUT, Stage.TRANSLATE)


def test_engine_runs_again_without_the_correction(volumes: Path) -> None:
    run(volumes, Stage.TRANSCRIBE)
    put(volumes, "translation.json", '[{"segment_id": "segment_0000", "translation": "¡Buenas!"}]')
    run(volumes, Stage.TRANSLATE)
    (volumes / "inputs/clip/translation.json").unlink()
    assert translations(run(volumes, Stage.TRANSLATE)) == ["Hola."]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("translation.srt", "1\nnonsense\n", "line 2: expected times"),
        ("translation.srt", "00:00:05,000 --> 00:00:04,000\nx\n", "line 1: the end is not after"),
        ("translation.srt", "00:01:00,000 --> 00:01:01,000\nx\n", "line 1: no segment is spoken"),
        ("translation.srt", "", "it has no cues"),
        ("translation.json", "[]", "it has no segments"),
        ("translation.srt", "hello\n", "line 1: expected times"),
        ("translation.srt", "00:00:01,000 --> 00:00:0x\nx\n", "line 1: expected times"),
        (
            "translation.vtt",
            "WEBVTT\n\nNOTE by Ann\n\nfirst\n1:2 --> 3\nx\n",
            "line 6: expected times like 00:01:02.500",
        ),
        (
            "translation.ass",
            "[Events]\nFormat: Start, End, Text\nDialogue: now,0:00:02.00,x\n",
            "line 3: expected times like Dialogue: 0,0:01:02.50",
        ),
        ("translation.srt", "00:00:01,000 --> 00:00:02,000\n", "line 1: it has no text"),
        ("translation.json", "{", "line 1: it is not JSON"),
        ("translation.json", "{}", "expected a list"),
        ("translation.json", '[{"text": "x"}]', "item 1: expected an object with"),
        ("translation.json", '[{"translation": "x"}]', "item 1: it has neither"),
        ("translation.json", '[{"segment_id": "s9", "translation": "x"}]', "item 1: there is no"),
        ("transcript.json", '[{"text": "x"}]', "item 1: 'start' and 'end' are missing"),
        ("transcript.json", '[{"text": "x", "start": 2, "end": 1}]', "item 1: the end is not"),
        ("transcript.srt", "00:00:01,000 --> 00:00:02,000\n", "line 1: it has no text"),
        ("transcript.srt", "00:01:10,000 --> 00:01:12,000\nx\n", "line 1: it starts at 70.0 s, "),
        ("transcript.json", '[{"text": "x", "start": 1000, "end": 2000}]', "item 1: it starts at"),
    ],
)
def test_bad_correction_is_reported_with_its_place(
    volumes: Path, name: str, text: str, says: str
) -> None:
    stage = Stage.TRANSCRIBE if name.startswith("transcript") else Stage.TRANSLATE
    run(volumes, Stage.TRANSCRIBE)
    put(volumes, name, text)
    ended = run(volumes, stage, import_only=True)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "BadCorrection")
    assert f"inputs/clip/{name}" in ended.result.message
    assert says in ended.result.message


VTT = """WEBVTT

NOTE by Ann

STYLE
::cue { color: red }

intro
00:01.000 --> 00:05.000 align:start
<v Ann>Buenos <i>días</i> a todos &amp; todas.

00:00:06.000 --> 00:00:08.500
Y buenas
noches.
"""
ASS = """[Script Info]
Title: x

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,nobody says this
Dialogue: 0,0:00:01.00,0:00:05.00,Default,,0,0,0,,{\\an8}Buenos {\\i1}días{\\i0} a todos, todas.
Dialogue: 0,0:00:06.00,0:00:08.50,Default,,0,0,0,,Y buenas\\Nnoches.
"""


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("translation.vtt", VTT, "Buenos días a todos & todas."),
        ("translation.ass", ASS, "Buenos días a todos, todas."),
        (
            "translation.srt",
            "1\n00:00:01,000 --> 00:00:05,000\n{\\an8}<b>Buenos</b> días.\n\n"
            "2\n00:00:06,000 --> 00:00:08,500\nY buenas\nnoches.",
            "Buenos días.",
        ),
    ],
)
def test_translation_of_any_subtitle_format_replaces_the_engine(
    volumes: Path, name: str, text: str, first: str
) -> None:
    put(volumes, "transcript.srt", TRANSCRIPT)
    imported(volumes)
    put(volumes, name, text)
    assert translations(run(volumes, Stage.TRANSLATE)) == [first, "Y buenas noches."]


def test_transcript_in_vtt_is_joined_like_srt(volumes: Path) -> None:
    text = TRANSCRIPT.replace(",000", ".000").replace(",500", ".500")
    put(volumes, "transcript.vtt", "WEBVTT\n\n" + text)
    assert [segment["text"] for segment in imported(volumes)] == [
        "Good morning, everybody here.",
        "And good night.",
    ]


def test_two_corrections_and_binary_files_are_refused(volumes: Path) -> None:
    (volumes / "inputs/clip/translation.srt").write_bytes(b"RIFF\0\1\2\3WAVEfmt and so on")
    assert "byte 4 is not text" in run(volumes, Stage.INGEST).result.message
    put(volumes, "translation.json", "[]")
    ended = run(volumes, Stage.INGEST)
    assert ended.code == ExitCode.DATAERR
    assert "keep one" in ended.result.message


def test_link_out_of_the_inputs_is_refused(volumes: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.srt").write_text("secret")
    (volumes / "inputs/clip/translation.srt").symlink_to(tmp_path / "secret.srt")
    ended = run(volumes, Stage.INGEST)
    assert ended.code == ExitCode.DATAERR
    assert "leads out" in ended.result.message


def test_prune_deletes_old_jobs_of_the_requested_outcome(volumes: Path) -> None:
    roots = roots_in(volumes)
    assert list(prune(roots, 1, Outcome.ANY)) == []
    old = time.time() - 3 * 86400
    for path in (roots.interim / "clip", *(roots.interim / "clip").rglob("*")):
        os.utime(path, (old, old))
    assert list(prune(roots, 1, Outcome.COMPLETE)) == []
    assert list(prune(roots, 1, Outcome.INCOMPLETE, dry_run=True)) == ["clip"]
    assert list(prune(roots, 1, Outcome.INCOMPLETE)) == ["clip"]
    assert not (roots.interim / "clip").exists()
    assert (roots.inputs / "clip/source.mp4").exists()
