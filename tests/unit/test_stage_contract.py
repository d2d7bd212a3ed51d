"""What operator and stages say to each other."""

from __future__ import annotations

import json

import pytest

from dubjob_operator.planning.messages import sentence
from dubstage.contract import TERMINATION_MESSAGE_LIMIT, Stage, StageResult
from dubstage.contract.summary import DubSummary, Output, StageSummary, scaled

FULL = StageSummary.model_validate(
    {name: 2_000_000_000 for name in StageSummary.model_fields} | {"peak_limited": True}
)
NAMES = [
    *("video", "audio", "subtitles", "report", "report-page", "translation"),
    *("source-subtitles", "transcript"),
]


def outputs(job_id: str) -> list[Output]:
    return [
        Output(
            name=name, path=f"{job_id}/vid/dubbed_video.mp4", size_bytes=2**40,
            sha256="0123456789abcdef" * 4, media_type="application/octet-stream",
        )
        for name in NAMES
    ]  # fmt: skip


SPOKEN = StageSummary.model_validate(
    FULL.model_dump(
        include={
            "speech_milliseconds", "reused_clips", "silent_segments", "too_long_clips",
            "too_short_clips", "oversize_segments", "clipped_clips", "misspoken_clips",
            "repeated_takes", "letter_error_rate_percent", "speech_quality_centi_mos",
            "other_voice_clips", "voice_similarity_percent",
        }
    )
)  # fmt: skip
"""What synthesize measures."""


def sent(limit: int = 4096, **fields: object) -> StageResult:
    """A result as the operator reads it."""
    result = StageResult.model_validate({"stage": Stage.MUX, "reason": "Succeeded"} | fields)
    text = result.to_termination_message(limit)
    assert len(text.encode()) <= limit
    read = StageResult.from_termination_message(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    "message",
    ["short", "x" * 10_000, "é" * 5_000, '"quoted" \\ ' * 900, "line\n" * 2_000],
    ids=["short", "long", "wide", "escaped", "lines"],
)
def test_result_fits_the_termination_message(message: str) -> None:
    read = sent(message=message, seconds=1.5, summary=FULL, outputs=outputs("talk"))
    assert read.reason == "Succeeded"
    assert read.message[:5] == message[:5]


def test_result_of_mux_with_the_longest_names_fits_as_it_is() -> None:
    read = sent(message="m" * 200, summary=FULL, outputs=outputs("j" * 63))
    assert read.summary == FULL
    assert [entry.name for entry in read.outputs] == NAMES


def test_result_omits_fields_in_order() -> None:
    """Details first, then the last outputs, then the summaries, then the message's end."""
    whole = StageResult(
        stage=Stage.MUX,
        reason="Succeeded",
        message="m",
        summary=FULL,
        reusable_summaries={Stage.SYNTHESIZE: SPOKEN},
        outputs=outputs("talk"),
    )
    size = TERMINATION_MESSAGE_LIMIT - len(whole.to_termination_message(10**6)) + 1
    assert size > 100, "a message of a usual length fits with everything else"
    whole = whole.model_copy(update={"message": "m" * size})
    seen = [sent(limit, **dict(whole)) for limit in range(TERMINATION_MESSAGE_LIMIT, 200, -100)]
    kept = [
        (
            len(read.message),
            read.summary != StageSummary(),
            len(read.outputs),
            read.summary == FULL and read.reusable_summaries == {Stage.SYNTHESIZE: SPOKEN},
        )
        for read in seen
    ]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == (size, True, 8, True)
    assert {(size, True, 8, False), (size, True, 1, False), (size, False, 0, False)} <= set(kept)
    assert all(read.summary in (FULL, FULL.essential, StageSummary()) for read in seen)


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "null", "1.5", "-1", '"many"', "99999999999", "[]"]
)
def test_invalid_value_is_dropped_alone(value: str) -> None:
    text = (
        '{"stage": "mux", "reason": "Succeeded", "source_language": "en", '
        f'"summary": {{"segments": {value}, "words": 3, "of_a_later_version": 1.5}}}}'
    )
    read = StageResult.from_termination_message(text)
    assert read is not None
    assert read.summary == StageSummary(words=3)
    assert read.source_language == "en"


def test_stages_of_a_later_version_are_omitted() -> None:
    text = (
        '{"stage": "ingest", "reason": "Reused", "reusable": ["separate", "proofread"], '
        '"corrected": ["proofread"], "reusable_summaries": {"separate": {}, "proofread": {}}}'
    )
    read = StageResult.from_termination_message(text)
    assert read is not None
    assert (read.reusable, read.corrected) == ([Stage.SEPARATE], [])
    assert read.reusable_summaries == {Stage.SEPARATE: StageSummary()}


def test_status_shows_the_values_with_their_units() -> None:
    shown = json.loads(StageSummary(
        loudness_centi_lufs=-2310, onset_error_p95_milliseconds=4
    ).model_dump_json(by_alias=True, exclude_none=True))  # fmt: skip
    assert shown == {"loudnessCentiLufs": -2310, "onsetErrorP95Milliseconds": 4}
    assert StageSummary.model_validate(shown).loudness_centi_lufs == -2310


@pytest.mark.parametrize("model", [DubSummary, StageSummary, Output])
def test_every_field_has_a_description(model: type[StageSummary]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize(
    ("value", "found"), [(0.129, 13), (-23.1049, -2310), (float("nan"), None), (float("inf"), None)]
)
def test_measures_become_integers(value: float, found: int | None) -> None:
    assert scaled(value, 100) == found


@pytest.mark.parametrize("text", [None, "", "Traceback (most recent call last)", '{"stage": "mux"'])
def test_invalid_result_is_not_shown(text: str | None) -> None:
    assert StageResult.from_termination_message(text) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("talk\u202egpm.4pm", "talk\\u202egpm.4pm"),
        ("متن\u200cها 👩\u200d💻 日本\n\tnext", "متن\u200cها 👩\u200d💻 日本\n\tnext"),
    ],
)
def test_message_of_a_stage_cannot_control_a_terminal(text: str, shown: str) -> None:
    """A hostile image writes the termination message itself, so the operator escapes it as well."""
    result = StageResult(stage=Stage.INGEST, reason="BadInput", message=text)
    assert result.message == shown
    written = json.dumps({"stage": "ingest", "reason": "BadInput", "message": text})
    read = StageResult.from_termination_message(written)
    assert read is not None
    assert read.message == shown
    assert sentence(text) == f"{shown}."
