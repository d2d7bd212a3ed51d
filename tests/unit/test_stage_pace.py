"""The pace of a speaker, segments that start early, and pauses inside segments."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from made_media import RATE, DubbedSegment, clip_for, tone

from dubstage.mux.original import analyze
from dubstage.mux.phrasing import phrases_of
from dubstage.mux.plan import PlannedClip, plan, timed
from dubstage.mux.voice import FittedClip, render, with_pauses
from dubstage.text.transcript import Clip
from dubstage.timing.fit import MAX_SPEED, MIN_STRETCH, fit
from dubstage.timing.onset import spoken_spans
from dubstage.timing.pace import (
    MAX_JUMP,
    MAX_LEAD,
    NEAR_SECONDS,
    adjacent,
    largest_jump,
    lead,
    smooth,
)
from dubstage.timing.phrases import (
    MAX_LENGTHENING,
    Pause,
    Phrase,
    Spoken,
    divide,
    missing_pauses,
    place,
)
from dubstage.timing.slot import GAP_SECONDS, Slot, TimedSegment


def planned(*segments: tuple[float, float, float], source_end: float = 60.0) -> list[PlannedClip]:
    """The plan for segments of one speaker: start, end, and seconds of the clip."""
    made = [DubbedSegment(*segment) for segment in segments]
    clips = [clip_for(n, one, "x.wav" if one.clip_seconds else "") for n, one in enumerate(made)]
    return plan(clips, source_end)


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        pytest.param([0.9, 1.5, 0.9], [1.25, 1.5, 1.25], id="around a fast segment"),
        pytest.param([0.9, 0.9, 1.5], [1.0, 1.25, 1.5], id="over two segments"),
        pytest.param([1.0, 1.2, 1.0], [1.0, 1.2, 1.0], id="no large jump"),
    ],
)
def test_smoothing_raises_the_slow_neighbors(speeds: list[float], expected: list[float]) -> None:
    segments = [TimedSegment(str(n), "ONE", 2.0 * n, 2.0 * n + 1.5) for n in range(len(speeds))]
    assert smooth(segments, speeds) == pytest.approx(expected)


def test_smoothing_ignores_other_speakers_and_long_pauses() -> None:
    segments = [
        TimedSegment("a", "ONE", 0.0, 1.0),
        TimedSegment("b", "TWO", 1.0, 2.0),
        TimedSegment("c", "ONE", 2.0, 3.0),
        TimedSegment("d", "ONE", 3.0 + NEAR_SECONDS + 0.1, 12.0),
    ]
    assert adjacent(segments) == [(0, 2)]
    assert smooth(segments, [0.9, 0.9, 1.5, 0.9]) == pytest.approx([1.25, 0.9, 1.5, 0.9])
    assert largest_jump(segments, [1.3, 0.9, 1.1, 1.5]) == pytest.approx(0.2)
    assert largest_jump(segments[:2], [1.3, 0.9]) == 0.0
    after = TimedSegment("c", "TWO", 2.0 + NEAR_SECONDS, 9.0)
    assert adjacent([segments[1], after]) == [(0, 1)], "the longest pause that is compared"


def test_plan_has_no_lurch_around_a_fast_segment() -> None:
    speeds = [one.fit.speed for one in planned((0, 2, 1.8), (2.1, 4.1, 9.0), (4.2, 6.2, 1.8))]
    assert speeds == pytest.approx([1.25, 1.5, 1.25])


rows = st.lists(
    st.tuples(st.floats(0, 40), st.floats(0.2, 5), st.floats(0.1, 8), st.sampled_from("AB")),
    min_size=1,
    max_size=10,
)


@given(rows=rows)
def test_every_plan_is_smooth_in_its_slot_and_hardly_early(
    rows: list[tuple[float, float, float, str]],
) -> None:
    clips = [
        clip_for(n, DubbedSegment(start, start + length, clip, speaker=who), "x.wav")
        for n, (start, length, clip, who) in enumerate(rows)
    ]
    result = plan(clips, 60.0)
    spoken = [one for one in result if one.has_room]
    fits = [one.fit for one in spoken]
    for before, after in adjacent([timed(one.clip) for one in spoken]):
        assert abs(fits[before].speed - fits[after].speed) <= MAX_JUMP + MIN_STRETCH
    end = -1.0
    for one in result:
        assert 0.0 <= one.lead <= MAX_LEAD
        if one.lead:
            assert one.clip.start - one.lead >= min(end, one.clip.start)
            assert one.fit.speed > 1.0
        assert one.fit.speed <= MAX_SPEED + 1e-9
        assert one.fit.length <= one.fit.slot.length + 1e-6
        end = max(end, one.clip.start - one.lead + one.fit.length)


@pytest.mark.parametrize(
    ("before", "clip_seconds", "expected"),
    [
        pytest.param((0.0, 1.0, 1.0), 3.6, MAX_LEAD, id="after a silence"),
        pytest.param((0.0, 1.9, 1.86), 3.6, 2.0 - 1.86 - GAP_SECONDS, id="as far as it is silent"),
        pytest.param((0.0, 1.99, 1.99), 3.6, 0.0, id="no silence"),
        pytest.param((0.0, 1.99, 0.0), 3.6, 0.0, id="the original is heard there"),
        pytest.param((0.0, 1.0, 1.0), 2.3, 0.0, id="not noticeably fast"),
    ],
)
def test_fast_segment_starts_early_where_it_is_silent(
    before: tuple[float, float, float], clip_seconds: float, expected: float
) -> None:
    _, fast = planned(before, (2.0, 4.0, clip_seconds), source_end=4.5)
    assert fast.lead == pytest.approx(min(expected, MAX_LEAD))
    assert fast.start == round((2.0 - fast.lead) * RATE)


def test_nothing_starts_before_the_source() -> None:
    (first,) = planned((0.03, 2.0, 6.0), source_end=2.5)
    assert first.start == 0
    fast = fit(4.0, 1.0, Slot(2.0, 3.0, 3.0))
    assert lead(0.03, fast, silent_since=-1.0) == 0.03


def test_segment_at_the_highest_unnoticed_speed_starts_in_time() -> None:
    assert lead(2.0, fit(3.6, 1.0, Slot(3.0, 3.0, 3.0)), silent_since=0.0) == 0.0


def test_segment_after_the_end_of_the_source_has_no_room() -> None:
    inside, at_the_end, after = planned((0, 2, 1.8), (8, 9, 0.9), (9, 11, 1.8), source_end=8.0)
    assert (inside.has_room, at_the_end.has_room, after.has_room) == (True, False, False)
    assert (at_the_end.fit.slot, after.fit.slot) == (Slot(1.0, 0.0, 0.0), Slot(2.0, 0.0, 0.0))
    assert after.segment == TimedSegment("segment_0002", "SPEAKER_00", 9, 11)
    assert after.start == 9 * RATE


def spoken(*spans: tuple[float, float]) -> list[Spoken]:
    return [Spoken(*span) for span in spans]


@pytest.mark.parametrize(
    ("original", "clip", "starts"),
    [
        pytest.param([(0, 1), (1.5, 3)], [(0, 0.9), (1.1, 2.4)], [1.1], id="one pause"),
        pytest.param([(0, 1), (1.5, 3)], [(0, 2.4)], [], id="the voice does not pause"),
        pytest.param([(0, 1), (2, 10)], [(0, 7), (7.2, 8)], [], id="too far away"),
        pytest.param(
            [(0, 1), (1.5, 3)], [(0, 0.2), (0.4, 1), (1.2, 2.6)], [1.2], id="the nearer silence"
        ),
        pytest.param(
            [(0, 4), (5, 11)], [(0, 3), (3.2, 4.4), (4.6, 10.4)], [4.6], id="the second is nearer"
        ),
        pytest.param(
            [(0, 4), (5, 11)], [(0, 3.8), (4, 6.2), (6.4, 10.4)], [4], id="the first is nearer"
        ),
        pytest.param([(0, 5), (6, 11)], [(0, 7.5), (8, 10.5)], [8], id="as far as possible"),
        pytest.param(
            [(0, 5), (6, 10), (11, 12)], [(0, 1), (1.2, 5.2), (5.4, 10.4)], [5.4],
            id="only the last silence is near, to the first pause",
        ),
        pytest.param(
            [(0, 1), (2, 6), (7, 12)], [(0, 5), (5.2, 9.2), (9.4, 10.4)], [5.2],
            id="only the first silence is near, to the last pause",
        ),
        pytest.param(
            [(0, 1), (2, 3), (4, 5)], [(0, 1), (1.2, 2.2), (2.4, 3.4)], [1.2, 2.4], id="two"
        ),
        pytest.param(
            [(0, 1), (2, 3), (4, 5)], [(0, 1.4), (1.6, 3)], [1.6], id="one silence for two pauses"
        ),
    ],
)  # fmt: skip
def test_pauses_are_matched_with_silences(
    original: list[tuple[float, float]], clip: list[tuple[float, float]], starts: list[float]
) -> None:
    phrases = divide(spoken(*original), spoken(*clip))
    assert [phrase.start for phrase in phrases] == starts


def test_phrase_has_the_pause_and_the_silence_before_it() -> None:
    (phrase,) = divide(spoken((0, 1), (1.5, 3)), spoken((0, 0.9), (1.1, 2.4)))
    assert (phrase.silence, phrase.onset, phrase.pause) == pytest.approx((0.2, 1.5, 0.5))


lengths = st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.15, 2)), min_size=1, max_size=6)


def spans_of(pairs: list[tuple[float, float]]) -> list[Spoken]:
    spans, at = [], 0.0
    for long, pause in pairs:
        spans.append(Spoken(at, at + long))
        at += long + pause
    return spans


@given(original=lengths, clip=lengths, stretch=st.floats(0.9, 1.5), spare=st.floats(-1.0, 5.0))
def test_pauses_never_take_more_than_there_is(
    original: list[tuple[float, float]],
    clip: list[tuple[float, float]],
    stretch: float,
    spare: float,
) -> None:
    phrases = divide(spans_of(original), spans_of(clip))
    assert all(one.start < other.start for one, other in pairwise(phrases))
    pauses = place(phrases, stretch, spare)
    assert sum(pause.seconds for pause in pauses) <= max(spare, 0.0) + 1e-9
    assert all(pause.seconds > 0 for pause in pauses)
    assert all(one.at < other.at for one, other in pairwise(pauses))


def test_phrase_waits_for_the_original_but_not_for_long() -> None:
    phrase = Phrase(start=1.0, silence=0.2, onset=1.4, pause=0.5)
    (pause,) = place([phrase], 1.0, 9.0)
    assert (pause.at, pause.seconds) == pytest.approx((0.9, 0.4))
    (pause,) = place([Phrase(1.0, 0.2, onset=5.0, pause=0.5)], 1.0, 9.0)
    assert pause.seconds == pytest.approx(0.5 + MAX_LENGTHENING - 0.2)
    assert place([Phrase(1.0, 0.2, onset=0.9, pause=0.5)], 1.0, 9.0) == (), "already late"
    (pause,) = place([Phrase(1.0, 0.2, onset=5.0, pause=0.5)], 1.25, 9.0)
    assert pause.seconds == pytest.approx(0.5 + MAX_LENGTHENING - 0.16), "the silence is shorter"


def test_each_phrase_waits_for_what_the_pauses_before_it_leave() -> None:
    phrases = [Phrase(1.0, 0.2, onset=1.4, pause=0.5), Phrase(2.0, 0.2, onset=2.7, pause=0.5)]
    assert [pause.seconds for pause in place(phrases, 1.0, 9.0)] == pytest.approx([0.4, 0.3])
    assert [pause.seconds for pause in place(phrases, 1.0, 0.5)] == pytest.approx([0.4, 0.1])


def test_missing_pauses_are_those_of_longer_silences_at_the_natural_tempo() -> None:
    phrases = [Phrase(1.0, 0.2, 1.4, pause=0.5), Phrase(2.0, 0.6, 2.7, pause=0.3)]
    assert missing_pauses(phrases, 1.0) == pytest.approx(0.3)
    assert missing_pauses(phrases, 1.1) == pytest.approx(0.5 - 0.22)


def bursts(*spans: tuple[float, float], length: float, hertz: float = 400.0) -> numpy.ndarray:
    samples = numpy.zeros(round(length * RATE), numpy.float32)
    for start, end in spans:
        part = tone(end - start, hertz, 0.2)
        samples[round(start * RATE) :][: len(part)] = part
    return samples


def clip_with(folder: Path, seconds: float, *spans: tuple[float, float], end: float = 4.0) -> Clip:
    """A clip whose voice is heard during `spans`, for a segment from 1 s to `end`."""
    soundfile.write(folder / "clip.wav", bursts(*spans, length=seconds), RATE)
    return clip_for(0, DubbedSegment(1.0, end, seconds), "clip.wav")


def rendered(folder: Path, clip: Clip, *original: tuple[float, float]) -> list[tuple[float, float]]:
    """When the dub is heard, from the start of the segment, with an original that is heard
    during the spans `original`."""
    vocals = bursts(*original, length=8.0, hertz=300.0)
    soundfile.write(folder / "vocals.wav", numpy.stack([vocals, vocals], 1), RATE)
    (speech,) = analyze(folder / "vocals.wav", [timed(clip)])
    (one,) = plan([clip], 8.0, phrases_of([clip], {clip.segment_id: speech}, folder))
    (samples,) = render([FittedClip(folder / "clip.wav", one.fit, -23.0)], folder)
    return spoken_spans(samples, RATE, 0.1)


def test_dub_pauses_where_the_original_pauses(tmp_path: Path) -> None:
    """Measured on the audio: the second phrase starts with the original's."""
    clip = clip_with(tmp_path, 2.5, (0.0, 1.1), (1.3, 2.5))
    (_, first_end), (second, _) = rendered(tmp_path, clip, (1.0, 2.2), (2.7, 4.0))
    assert second == pytest.approx(1.7, abs=0.02)
    assert second - first_end >= 0.3


def test_pause_shrinks_before_the_voice_hurries(tmp_path: Path) -> None:
    """A clip that needs 1.15 for the original's speech and more for its pause."""
    clip = clip_with(tmp_path, 3.4, (0.0, 1.5), (1.7, 3.4))
    (start, first_end), (second, end) = rendered(tmp_path, clip, (1.0, 2.2), (2.7, 4.0))
    assert first_end - start == pytest.approx(1.5 / 1.15, abs=0.04)
    assert end - second == pytest.approx(1.7 / 1.15, abs=0.04)


def test_voice_without_a_silence_is_not_divided(tmp_path: Path) -> None:
    clip = clip_with(tmp_path, 2.5, (0.0, 2.5))
    assert len(rendered(tmp_path, clip, (1.0, 2.2), (2.7, 4.0))) == 1


def test_inserted_pause_keeps_every_sample_but_the_fades() -> None:
    samples = bursts((0.0, 0.4), (0.6, 1.0), length=1.0)
    result = with_pauses(samples, [Pause(0.5, 0.25)])
    assert len(result) == len(samples) + round(0.25 * RATE)
    assert numpy.array_equal(result[: round(0.4 * RATE)], samples[: round(0.4 * RATE)])
    assert numpy.array_equal(result[-round(0.4 * RATE) :], samples[-round(0.4 * RATE) :])
    assert numpy.array_equal(with_pauses(samples, ()), samples)
