"""The report of a dub: each segment, the speakers, the stages, and the numbers of the whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dubstage.contract import EngineChoice, Stage
from dubstage.contract.summary import StageSummary
from dubstage.mux.dialogue import Level
from dubstage.mux.ducking import Duck
from dubstage.mux.limiter import Limiting
from dubstage.mux.loudness import SILENCE, Loudness
from dubstage.mux.master import Gain
from dubstage.mux.measured import DubbedSpeech
from dubstage.mux.plan import PlannedClip
from dubstage.mux.report import (
    SegmentReport,
    report_segment,
    report_speakers,
    report_stages,
)
from dubstage.mux.spans import Span
from dubstage.mux.totals import MixResult, message, percentile, summary, totals
from dubstage.testing import request_for, roots_in
from dubstage.text.transcript import Clip, ClipFlag, TranslatedSegment
from dubstage.timing.fit import Fit, Flag
from dubstage.timing.phrases import Pause
from dubstage.timing.slot import Slot
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import Manifest, write_manifest

RATE = 48000
CLIP = Clip(
    segment_id="segment_0003", speaker="ANN", start=10.0, end=12.0, target_duration=2.0,
    audio_file="clip.wav", predicted=4.8, duration=2.6, spoken_speed=1.1, tts_backend="any",
    voice_sample="vocals.wav#t=1.000,3.500", error_rate=0.05, similarity=0.81, takes=2,
    flag=ClipFlag.DOUBTFUL,
)  # fmt: skip
SENTENCE = TranslatedSegment(
    segment_id="segment_0003", speaker="ANN", start=10.0, end=12.0, duration=2.0, text="One.",
    translation="Uno.",
)  # fmt: skip
FIT = Fit(
    slot=Slot(original=2.0, length=3.0, turn=2.6), natural=2.86, engine_speed=1.1, stretch=1.2,
    length=2.5, overflow=0.1, flags=(Flag.VERY_FAST, Flag.TRIMMED), pauses=(Pause(1.0, 0.26),),
)  # fmt: skip
PLANNED = PlannedClip(CLIP, FIT, lead=0.08)
LEVEL = Level(original=-33.25, planned=-21.0)
DUB = DubbedSpeech(onset=9.93, offset=12.4, loudness=-20.5, is_alone=True)
DUCK = Duck(Span(10 * RATE, 12 * RATE), speech=-20.5, background=-26.5)


def test_segment_in_the_dub_is_reported_as_it_is_heard() -> None:
    report = report_segment(PLANNED, SENTENCE, LEVEL, DUB, DUCK)
    assert report.is_spoken
    assert report.model_dump(mode="json") == {
        "segment_id": "segment_0003", "speaker": "ANN", "text": "One.", "translation": "Uno.",
        "start": 10.0, "end": 12.0, "dub_start": 9.93, "dub_end": 12.4, "lead": 0.08,
        "onset_error": -0.07, "offset_error": 0.4, "fill": 1.235, "slot": 3.0, "predicted": 4.8,
        "verdict": "impossible", "natural": 2.86, "duration_ratio": 1.2, "pauses": 0.26,
        "pause_used": 0.5, "engine_speed": 1.1, "stretch": 1.2, "speed": 1.32, "overflow": 0.1,
        "loudness": -20.5, "level_change": 12.25, "level_error": 0.5, "duck_db": 4.0,
        "speech_to_background": 10.0,
        "voice_sample": "vocals.wav#t=1.000,3.500", "letter_error_rate": 0.05,
        "voice_similarity": 0.81, "takes": 2, "flags": ["very-fast", "trimmed", "doubtful"],
    }  # fmt: skip


def test_segment_that_is_not_in_the_dub_has_no_measures() -> None:
    """Its subtitle is shown where the original speaks."""
    report = report_segment(replace(PLANNED, lead=0.0), SENTENCE, LEVEL)
    assert not report.is_spoken
    silent = report.model_dump(mode="json")
    assert (silent["dub_start"], silent["dub_end"]) == (10.0, 10.0)
    for name in (
        "lead",
        "onset_error",
        "offset_error",
        "fill",
        "overflow",
        "level_change",
        "duck_db",
    ):
        assert silent[name] == 0.0, name
    for name in ("loudness", "level_error", "speech_to_background"):
        assert silent[name] is None, name
    assert silent["speed"] == 1.0


def test_verdict_without_a_prediction_is_that_of_the_clip() -> None:
    clip = CLIP.model_copy(update={"predicted": 0.0})
    report = report_segment(replace(PLANNED, clip=clip), SENTENCE, LEVEL, DUB)
    assert report.verdict == "fits"


def test_original_without_length_has_a_fill() -> None:
    clip = CLIP.model_copy(update={"end": 10.0})
    assert report_segment(replace(PLANNED, clip=clip), SENTENCE, LEVEL, DUB).fill > 1000


@pytest.mark.parametrize(
    ("flag", "file", "length", "expected"),
    [
        pytest.param(ClipFlag.UNTRANSLATED, "", 3.0, ["untranslated"], id="nothing to synthesize"),
        pytest.param(None, "a.wav", 0.0, ["no-room"], id="no slot"),
        pytest.param(ClipFlag.CLIPPED, "a.wav", 0.0, ["no-room", "clipped"], id="no slot, flag"),
        pytest.param(None, "a.wav", 3.0, ["no-sound"], id="a silent clip"),
        pytest.param(ClipFlag.TOO_SHORT, "a.wav", 3.0, ["too-short"], id="a silent clip, flag"),
        pytest.param(None, "", 3.0, [], id="no reason"),
        pytest.param(None, "", 0.0, [], id="no reason and no slot"),
    ],
)
def test_flags_say_why_a_segment_is_not_in_the_dub(
    flag: ClipFlag | None, file: str, length: float, expected: list[str]
) -> None:
    clip = CLIP.model_copy(update={"flag": flag, "audio_file": file})
    planned = PlannedClip(clip, replace(FIT, slot=Slot(2.0, length, length)))
    assert report_segment(planned, SENTENCE, LEVEL).flags == expected


@pytest.mark.parametrize(
    ("original", "dub", "is_alone", "expected"),
    [
        pytest.param(-38.0, -23.0, True, -2.0, id="softer"),
        pytest.param(SILENCE, -23.0, True, None, id="a silent original"),
        pytest.param(-21.0, SILENCE, True, SILENCE + 21.0, id="a dub without sound"),
        pytest.param(-21.0, SILENCE, False, None, id="never alone"),
        pytest.param(-21.0, -23.0, False, -2.0, id="at times alone"),
    ],
)
def test_level_error_is_relative_to_the_plan(
    original: float, dub: float, is_alone: bool, expected: float | None
) -> None:
    heard = replace(DUB, loudness=dub, is_alone=is_alone)
    report = report_segment(PLANNED, SENTENCE, Level(original, -21.0), heard)
    assert report.level_error == (None if expected is None else pytest.approx(expected))


def segment(**fields: Any) -> SegmentReport:
    """A segment in the dub that differs from :data:`CLIP` by `fields`."""
    return report_segment(PLANNED, SENTENCE, LEVEL, DUB, DUCK).model_copy(update=fields)


def test_speakers_are_reported_in_order_with_their_samples() -> None:
    segments = [
        segment(speaker="BOB", voice_sample="b.wav"), segment(speaker="ANN", voice_sample=None),
        segment(speaker="BOB", voice_sample="a.wav"), segment(speaker="BOB", voice_sample="b.wav"),
    ]  # fmt: skip
    assert report_speakers(segments) == [
        {"speaker": "ANN", "segments": 1, "voice_samples": []},
        {"speaker": "BOB", "segments": 3, "voice_samples": ["a.wav", "b.wav"]},
    ]


def test_stages_are_reported_from_their_manifests(tmp_path: Path) -> None:
    """What is not known is left out, and so is a stage without a manifest."""
    request = request_for(Stage.MUX)
    engines = {**request.engines, Stage.MUX: EngineChoice(engine="ffmpeg", model="any")}
    request = request.model_copy(update={"engines": engines})
    tree = Tree(roots_in(tmp_path), request.job_id)
    for stage, fields in (
        (Stage.TRANSCRIBE, {"model": "base", "model_revision": "1a2b", "engine_version": "1.2.1"}),
        (Stage.SYNTHESIZE, {"summary": StageSummary(speech_quality_centi_mos=385)}),
    ):
        made = Manifest(stage=stage, key="k", version=1, engine="made", inputs=[], outputs=[],
                        seconds=4.56789, **fields)  # fmt: skip
        write_manifest(tree, made)
    transcribed, synthesized, muxed = report_stages(tree, request, 8.0, 2.0)
    assert transcribed == {
        "stage": "transcribe", "engine": "made", "engine_version": "1.2.1", "model": "base",
        "model_revision": "1a2b", "seconds": 4.568, "real_time_factor": 0.571,
    }  # fmt: skip
    assert synthesized == {
        "stage": "synthesize", "engine": "made", "speech_quality_mos": 3.85, "seconds": 4.568,
        "real_time_factor": 0.571,
    }  # fmt: skip
    version = muxed.pop("engine_version")
    assert isinstance(version, str)
    assert version[0].isdigit()
    assert muxed == {
        "stage": "mux", "engine": "ffmpeg", "model": "any", "seconds": 2.0,
        "real_time_factor": 0.25,
    }  # fmt: skip
    *_, without_length = report_stages(tree, request, 0.0, 2.0)
    assert "real_time_factor" not in without_length


MIX = MixResult(
    source_loudness=-21.3456, dub=Loudness(-16.04, -1.2), gain=Gain(4.9876, 5.4),
    limiting=Limiting(reduction_db=2.34567, hops=1000, limited_hops=25),
    background_change=-1.23456, overlap=0.87654,
)  # fmt: skip
SEGMENTS = [
    segment(
        onset_error=-0.08, speed=1.32, duration_ratio=1.21, level_error=-0.75, duck_db=4.0,
        level_change=-1.04, loudness=-29.75, speech_to_background=10.0, overflow=0.1234,
    ),
    segment(
        onset_error=0.004, speed=1.25, duration_ratio=1.0, level_error=None, duck_db=6.0,
        level_change=12.2504, loudness=SILENCE, speech_to_background=4.0, overflow=0.0,
        flags=["fast"],
    ),
    segment(
        onset_error=0.0, speed=1.2, duration_ratio=0.9, level_error=0.5, duck_db=0.0,
        level_change=0.999, loudness=-20.5, speech_to_background=None, overflow=0.0, flags=[],
    ),
    segment(loudness=None, speed=1.5, onset_error=9.0, overflow=9.0, flags=["no-room"]),
]  # fmt: skip


def test_totals_are_those_of_the_segments_in_the_dub() -> None:
    assert totals(SEGMENTS, 2, MIX) == {
        "segments": 4, "spoken": 3, "untranslated": 2, "trimmed": 1, "overflow_seconds": 0.123,
        "max_speed": 1.32, "adherence": 0.667, "share_above_1_2": 0.667, "share_above_1_3": 0.333,
        "onset_error_p95": 0.08, "level_error_max": 0.75, "duck_db_max": 6.0, "gain_db": 4.988,
        "dialogue_range": 9.25, "leveled": 2, "level_change_max": 12.25,
        "peak_limited": True, "limiter_reduction_db": 2.346, "limiter_share": 0.025,
        "speech_to_background_min": 4.0, "speech_to_background_median": 7.0, "overlap": 0.877,
        "background_change_db": -1.235, "source_lufs": -21.346, "dub_lufs": -16.04,
        "dub_true_peak": -1.2,
    }  # fmt: skip


def test_totals_leave_out_what_is_not_known() -> None:
    silent = MixResult(None, Loudness(SILENCE, -99.0), Gain(0, 0), Limiting(), None, None)
    assert totals([], 0, silent) == {
        "segments": 0, "spoken": 0, "untranslated": 0, "trimmed": 0, "overflow_seconds": 0.0,
        "max_speed": 1.0, "adherence": 0.0, "share_above_1_2": 0.0, "share_above_1_3": 0.0,
        "onset_error_p95": 0.0, "level_error_max": 0.0, "duck_db_max": 0.0, "gain_db": 0.0,
        "dialogue_range": 0.0, "leveled": 0, "level_change_max": 0.0,
        "peak_limited": False, "limiter_reduction_db": 0.0, "limiter_share": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.95, 0.0),
        ([0.3], 0.95, 0.3),
        ([0.1, 0.2], 0.5, 0.2),
        ([n / 100 for n in range(100)], 0.95, 0.95),
        ([0.1, 0.2], 1.0, 0.2),
    ],
)
def test_percentile_is_one_of_the_values(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_status_shows_the_totals_as_integers() -> None:
    numbers = totals(SEGMENTS, 2, MIX) | {"word_error_rate": 0.049}
    assert summary(numbers) == StageSummary(
        spoken_segments=3, trimmed_segments=1, max_speed_percent=132, adherent_segments_percent=67,
        fast_segments_percent=67, onset_error_p95_milliseconds=80, max_level_error_centi_lu=75,
        background_change_centi_db=-124, loudness_centi_lufs=-1604,
        source_loudness_centi_lufs=-2135, true_peak_centi_dbtp=-120, peak_limited=True,
        word_error_rate_percent=5,
    )  # fmt: skip
    silent = MixResult(None, Loudness(SILENCE, -99.0), Gain(0, 0), Limiting(), None, None)
    nothing = summary(totals([], 0, silent))
    assert nothing.loudness_centi_lufs is nothing.word_error_rate_percent is None
    assert nothing.peak_limited is False


@pytest.mark.parametrize(
    ("changes", "mix", "expected"),
    [
        pytest.param(
            {},
            MIX,
            "3 segments, speed up to 1.32x, 1 trimmed, 2 untranslated, 2 soft or loud segments "
            "leveled by up to 12.2 LU; -16.0 LUFS, peaks lowered "
            "by up to 2.3 dB, 0.4 LU below its target, because the true peak must not exceed -1 "
            "dBTP",
            id="everything",
        ),
        pytest.param(
            {"untranslated": 0, "leveled": 0},
            replace(MIX, gain=Gain(5.4, 5.4), limiting=Limiting(reduction_db=0.09)),
            "3 segments, speed up to 1.32x, 1 trimmed; -16.0 LUFS",
            id="a reduction that nobody notices",
        ),
        pytest.param(
            {"untranslated": 0, "leveled": 1, "level_change_max": 3.96},
            replace(MIX, dub=Loudness(SILENCE, -99.0), gain=Gain(0, 0),
                    limiting=Limiting(reduction_db=0.1)),
            "3 segments, speed up to 1.32x, 1 trimmed, 1 soft or loud segment leveled by up to "
            "4.0 LU, peaks lowered by up to 0.1 dB",
            id="a dub without loudness",
        ),
    ],
)  # fmt: skip
def test_message_names_what_a_user_should_know(
    changes: dict[str, int | float], mix: MixResult, expected: str
) -> None:
    assert message(totals(SEGMENTS, 2, mix) | changes, mix) == expected
