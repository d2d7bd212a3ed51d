"""Subtitles of segments."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubstage.mux import subtitles
from dubstage.mux.subtitle_rows import LIMITS, limits_of, rows, width
from dubstage.mux.subtitles import MIN_SECONDS


def words_of(shown: list[subtitles.Cue]) -> list[str]:
    return " ".join(cue.text.replace("\n", " ") for cue in shown).split()


def test_long_segment_becomes_several_cues() -> None:
    text = "one two three four five six seven eight nine ten " * 4
    shown = subtitles.cues([(1.0, 15.0, text), (15.0, 16.0, "")], 20.0, "en")
    assert len(shown) == 3
    assert shown[0].start == 1.0
    assert shown[-1].end == pytest.approx(15.0)
    assert words_of(shown) == text.split()


def test_rows_have_about_equal_width() -> None:
    (cue,) = subtitles.cues(
        [(0.0, 5.0, "a word that is a little longer than one row is")], 5.0, "en"
    )
    assert cue.text == "a word that is a little\nlonger than one row is"


@pytest.mark.parametrize(
    ("segments", "end"),
    [
        pytest.param([(1.0, 1.3, "Yes.")], 2.2, id="at least 1.2 s"),
        pytest.param([(1.0, 1.3, "Yes."), (1.8, 3.0, "x")], 1.8, id="not into the next segment"),
        pytest.param([(9.5, 9.8, "Yes.")], 10.0, id="not past the end"),
        pytest.param([(1.0, 2.0, "x" * 34)], 3.0, id="17 characters a second"),
        pytest.param([(1.0, 4.0, "Yes.")], 4.0, id="as long as it is spoken"),
    ],
)
def test_cue_can_be_read_in_its_time(segments: list[tuple[float, float, str]], end: float) -> None:
    assert subtitles.cues(segments, 10.0, "en")[0].end == pytest.approx(end)


def test_segment_after_the_end_has_no_cue() -> None:
    shown = subtitles.cues(
        [(1.0, 2.0, "in"), (10.0, 12.0, "at"), (30.0, 31.0, "after")], 10.0, "en"
    )
    assert [cue.text for cue in shown] == ["in"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        pytest.param("en", "No, I will not. You will have to do that on your own, my friend.",
                     ["No, I will not. You will have to", "do that on your own, my friend."],
                     id="evenly"),
        pytest.param("en", "He came home rather late. She was asleep by then.",
                     ["He came home rather late.", "She was asleep by then."], id="sentences"),
        pytest.param("zh", "我昨天在北京见到了他，他说今天会来看我们大家。",
                     ["我昨天在北京见到了他，", "他说今天会来看我们大家。"], id="after a comma"),
        pytest.param("zh", "我们在纽约的时候住在一家很小很旧的旅馆里",
                     ["我们在纽约的时候住在", "一家很小很旧的旅馆里"], id="full width"),
        pytest.param("zh", "我昨天在商店里买了 Blackmagic的相机送给他",
                     ["我昨天在商店里买了", "Blackmagic的相机送给他"], id="whole Latin words"),
        pytest.param("ja", "「きょうはいいてん」とかのじょはいう",
                     ["「きょうはいいてん」", "とかのじょはいう"], id="closing quotes"),
        pytest.param("th", "ฉันชอบนิวยอร์กมากกว่าที่อื่นในโลก แต่ฉันไม่เคยไปที่นั่นเลย",
                     ["ฉันชอบนิวยอร์กมากกว่าที่อื่นในโลก", "แต่ฉันไม่เคยไปที่นั่นเลย"], id="phrases"),
    ],
)  # fmt: skip
def test_rows_end_after_punctuation(language: str, text: str, expected: list[str]) -> None:
    assert rows(text, language) == expected


def test_cue_with_full_width_characters_stays_longer() -> None:
    """27 characters at 9 per second."""
    (cue,) = subtitles.cues([(1.0, 2.0, "好" * 27)], 10.0, "zh-TW")
    assert cue.end == pytest.approx(4.0, abs=0.1)


word = st.text(st.characters(categories=["L", "M", "N", "P"]), min_size=1, max_size=60)
segments_with_pauses = st.lists(
    st.tuples(st.floats(0.1, 5), st.floats(0, 3), st.lists(word, max_size=30)), max_size=8
)


@given(segments_with_pauses, st.sampled_from(["en", "km", *LIMITS]))
def test_rules_hold_for_any_text(
    spoken: list[tuple[float, float, list[str]]], language: str
) -> None:
    segments, at = [], 0.0
    for length, pause, words in spoken:
        segments.append((at, at + length, " ".join(words)))
        at += length + pause
    shown = subtitles.cues(segments, at, language)
    limits = limits_of(language)
    assert "".join(words_of(shown)) == "".join("".join(words) for _, _, words in spoken)
    for cue in shown:
        assert 0 <= cue.start < cue.end <= at + 1e-9
        assert len(cue.text.split("\n")) <= 2
        assert all(width(row) <= limits.columns for row in cue.text.split("\n"))
    for before, after in itertools.pairwise(shown):
        assert before.end <= after.start + 1e-9
    needs = [max(width(cue.text) / limits.columns_per_second, MIN_SECONDS) for cue in shown]
    if len(segments) == 1 and at > sum(needs):
        for cue in shown:
            assert cue.end - cue.start >= MIN_SECONDS - 1e-9


def test_srt_and_webvtt_keep_the_text() -> None:
    shown = subtitles.cues([(3661.5, 3662.7, "a < b")], 4000.0, "en")
    assert subtitles.srt(shown) == "1\n01:01:01,500 --> 01:01:02,700\na < b\n"
    assert subtitles.vtt(shown) == "WEBVTT\n\n01:01:01.500 --> 01:01:02.700\na &lt; b\n"
