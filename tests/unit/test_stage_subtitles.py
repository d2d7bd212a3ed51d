"""Lines into subtitles."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubstage.mux import subtitles
from dubstage.mux.subtitles import CHARACTERS_PER_SECOND, SHORTEST_SECONDS


def words_of(found: list[subtitles.Cue]) -> list[str]:
    return " ".join(cue.text.replace("\n", " ") for cue in found).split()


def test_a_long_line_becomes_several_cues() -> None:
    text = "one two three four five six seven eight nine ten " * 4
    found = subtitles.cues([(1.0, 15.0, text), (15.0, 16.0, "")], 20.0)
    assert len(found) == 3
    assert found[0].start == 1.0
    assert found[-1].end == pytest.approx(15.0)
    assert words_of(found) == text.split()


def test_rows_are_about_equally_long() -> None:
    (cue,) = subtitles.cues([(0.0, 5.0, "a word that is a little longer than one row is")], 5.0)
    assert cue.text == "a word that is a little\nlonger than one row is"


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        pytest.param([(1.0, 1.3, "Yes.")], 2.2, id="at least 1.2 s"),
        pytest.param([(1.0, 1.3, "Yes."), (1.8, 3.0, "x")], 1.8, id="not into the next line"),
        pytest.param([(9.5, 9.8, "Yes.")], 10.0, id="not past the end"),
        pytest.param([(1.0, 2.0, "x" * 34)], 3.0, id="17 characters a second"),
        pytest.param([(1.0, 4.0, "Yes.")], 4.0, id="as long as it is said"),
    ],
)
def test_a_cue_stays_as_long_as_it_takes_to_read(
    lines: list[tuple[float, float, str]], end: float
) -> None:
    assert subtitles.cues(lines, 10.0)[0].end == pytest.approx(end)


def test_a_line_behind_the_end_is_not_shown() -> None:
    found = subtitles.cues([(1.0, 2.0, "in"), (10.0, 12.0, "at"), (30.0, 31.0, "behind")], 10.0)
    assert [cue.text for cue in found] == ["in"]


word = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60)
rows = st.lists(
    st.tuples(st.floats(0.1, 5), st.floats(0, 3), st.lists(word, max_size=30)), max_size=8
)


@given(rows)
def test_the_rules_hold_for_any_text(rows: list[tuple[float, float, list[str]]]) -> None:
    lines, at = [], 0.0
    for length, pause, words in rows:
        lines.append((at, at + length, " ".join(words)))
        at += length + pause
    found = subtitles.cues(lines, at)
    assert "".join(words_of(found)) == "".join("".join(words) for _, _, words in rows)
    for cue in found:
        assert 0 <= cue.start < cue.end <= at + 1e-9
        assert len(cue.text.split("\n")) <= 2
        assert all(len(row) <= 42 for row in cue.text.split("\n"))
    for before, after in itertools.pairwise(found):
        assert before.end <= after.start + 1e-9
    if (
        len(lines) == 1
        and found
        and at > sum(max(len(cue.text) / CHARACTERS_PER_SECOND, SHORTEST_SECONDS) for cue in found)
    ):
        for cue in found:
            assert cue.end - cue.start >= SHORTEST_SECONDS - 1e-9


def test_formats() -> None:
    found = subtitles.cues([(3661.5, 3662.7, "a < b")], 4000.0)
    assert subtitles.srt(found) == "1\n01:01:01,500 --> 01:01:02,700\na < b\n"
    assert subtitles.vtt(found) == "WEBVTT\n\n01:01:01.500 --> 01:01:02.700\na &lt; b\n"
