"""Subtitles of segments."""

from __future__ import annotations

import html
import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubstage.mux import subtitle_files, subtitles
from dubstage.mux.simultaneous import BRIEF, GAP_SECONDS, Cue
from dubstage.mux.subtitle_rows import LIMITS, limits_of, rows, width
from dubstage.mux.subtitles import MAX_EXTRA_SECONDS, MIN_SECONDS


def words_of(shown: list[Cue]) -> list[str]:
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
        pytest.param([(1.0, 1.8, "Yes.")], 2.2, id="at least 1.2 s"),
        pytest.param([(1.0, 1.3, "Yes.")], 1.8, id="half a second longer than its speech"),
        pytest.param([(1.0, 1.6, "Yes."), (1.8, 3.0, "x")], 1.72, id="not into the next segment"),
        pytest.param([(9.5, 9.8, "Yes.")], 10.0, id="not past the end"),
        pytest.param([(1.0, 2.6, "x" * 34)], 3.0, id="17 characters a second"),
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


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0), ("abc", 3), ("e\u0301", 1), ("a\u20dd", 1), ("\u202bab\u202c", 2), ("好a", 3),
        ("Ａ", 2), ("ｱ", 1),
    ],
)  # fmt: skip
def test_width_counts_columns(text: str, columns: int) -> None:
    assert width(text) == columns


H, A, K, C = "好", "あ", "ก", "ក"


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        pytest.param("zh", H * 9, f"{H}％{H * 9}", id="a sign"),
        pytest.param("zh", H * 9, f"「{H * 10}", id="an opening bracket"),
        pytest.param("zh", H * 9, f"“{H * 10}", id="an opening quotation mark"),
        pytest.param("zh", H * 10, f"「{H * 9}", id="a row starts with a bracket"),
        pytest.param("zh", H * 10, f"“{H * 9}", id="a row starts with a quotation mark"),
        pytest.param("zh", H * 9, f"ab{H * 9}", id="a Latin word"),
        pytest.param("ja", A * 7, f"きゃ{A * 7}", id="a small kana"),
        pytest.param("th", K * 19, f"{K}ะ{K * 19}", id="a vowel after its consonant"),
        pytest.param("th", K * 19, f"เ{K * 20}", id="a vowel before its consonant"),
        pytest.param("km", C * 24, f"{C}\u17d2{C * 25}", id="two consonants that are joined"),
        pytest.param("en", "x" * 42, "y" * 42, id="a word that is wider than a row"),
        pytest.param(
            "en", f"{'x' * 20} {'y' * 21}", f"{'x' * 20} {'y' * 21}", id="two full rows"
        ),
        pytest.param(
            "ru", "превосходительство", "превосходительство превосходительство", id="whole words"
        ),
        pytest.param(
            "en", "I looked everywhere,", "again and again for my lost keys", id="after a clause"
        ),
        pytest.param(
            "en", "We look everywhere, always", "and again for my lost keys",
            id="the clause is too short",
        ),
    ],
)  # fmt: skip
def test_row_ends_where_readers_expect_it(language: str, before: str, after: str) -> None:
    separator = " " if " " in before + after else ""
    assert rows(f"{before}{separator}{after}", language) == [before, after]


def test_reserved_columns_make_rows_shorter() -> None:
    text = f"{'x' * 20} {'y' * 20}"
    assert rows(text, "en") == [text]
    assert rows(text, "en", reserved=1) == [text]
    assert rows(text, "en", reserved=2) == text.split()


def test_long_segments_at_the_same_time_have_one_row_each() -> None:
    """With the dash, no row is wider than the limit."""
    text = "one two three four five six seven eight " * 4
    shown = subtitles.cues([(1.0, 15.0, text), (1.0, 15.0, text.upper())], 20.0, "en")
    assert len(shown) > 3
    for cue in shown:
        upper, lower = cue.text.split("\n")
        assert lower.startswith("- ")
        assert upper == lower.upper()
        assert 30 <= width(lower) <= 42
    assert words_of(shown).count("one") == 4


def test_cue_with_full_width_characters_stays_longer() -> None:
    """27 characters at 9 per second."""
    (cue,) = subtitles.cues([(1.0, 3.6, "好" * 27)], 10.0, "zh-TW")
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
        is_brief = before.end - before.start <= BRIEF + 1e-9
        assert is_brief or after.start - before.end >= GAP_SECONDS - 1e-9
    if len(segments) == 1 and shown:
        needs = [max(width(cue.text) / limits.columns_per_second, MIN_SECONDS) for cue in shown]
        needs += [GAP_SECONDS] * (len(shown) - 1)
        spoken_until = segments[0][1]
        assert shown[-1].end <= spoken_until + MAX_EXTRA_SECONDS + 1e-9
        if min(spoken_until + MAX_EXTRA_SECONDS, at) >= sum(needs):
            assert all(cue.end - cue.start >= MIN_SECONDS - 1e-9 for cue in shown)


def test_srt_and_webvtt_keep_the_text() -> None:
    shown = subtitles.cues([(3661.5, 3662.7, "a < b")], 4000.0, "en")
    assert subtitle_files.srt(shown) == "1\n01:01:01,500 --> 01:01:02,700\na < b\n"
    assert subtitle_files.vtt(shown) == "WEBVTT\n\n01:01:01.500 --> 01:01:02.700\na &lt; b\n"
    two = [Cue(1.0, 2.0, "R&D -> x"), Cue(2.0, 3.5, "y")]
    assert subtitle_files.srt(two).split("\n\n") == [
        "1\n00:00:01,000 --> 00:00:02,000\nR&D -> x", "2\n00:00:02,000 --> 00:00:03,500\ny\n",
    ]  # fmt: skip
    assert subtitle_files.vtt(two).split("\n\n") == [
        "WEBVTT", "00:00:01.000 --> 00:00:02.000\nR&amp;D -&gt; x",
        "00:00:02.000 --> 00:00:03.500\ny\n",
    ]  # fmt: skip


def test_srt_shows_markup_as_it_is_written(tmp_path: Path) -> None:
    """As ffmpeg reads it, which players do alike."""
    text = "<b>bold</b> {\\an8}up {y:i}it &amp; a < b"
    file = tmp_path / "x.srt"
    file.write_text(subtitle_files.srt([Cue(1.0, 2.0, text)]))
    converted = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(file), "-f", "webvtt", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert html.unescape(converted.split("\n")[3]).replace("\u2060", "") == text


def test_rows_from_right_to_left_are_marked() -> None:
    shown = [Cue(1.0, 2.0, "זה עולה 3.5%.\n(באמת)"), Cue(2.0, 3.0, "Yes, שלום.")]
    for text in (subtitle_files.srt(shown), subtitle_files.vtt(shown)):
        assert "\n\u202bזה עולה 3.5%.\u202c\n\u202b(באמת)\u202c\n" in text
    assert "\n\u202bمرحبا!\u202c\n" in subtitle_files.srt([Cue(0.0, 1.0, "مرحبا!")])
    assert "\nIt is שלום.\n" in subtitle_files.srt([Cue(0.0, 1.0, "It is שלום.")])


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        pytest.param(
            [(1.0, 6.0, "Listen to me."), (2.0, 4.0, "No!")],
            [(1, 2, "Listen to me."), (2, 4, "- Listen to me.\n- No!"), (4, 6, "Listen to me.")],
            id="one within the other",
        ),
        pytest.param(
            [(1.0, 4.0, "Listen to me."), (1.2, 4.1, "No!")],
            [(1, 4.1, "- Listen to me.\n- No!")],
            id="almost together",
        ),
        pytest.param(
            [(1.0, 3.2, "Listen to me."), (3.0, 5.0, "No!")],
            [(1, 2.92, "Listen to me."), (3, 5, "No!")],
            id="one after the other",
        ),
        pytest.param(
            [(1.0, 3.0, "Listen to me."), (3.0, 3.2, "No!"), (3.2, 5.0, "Yes.")],
            [(1, 2.92, "Listen to me."), (3, 3.2, "No!"), (3.2, 5, "Yes.")],
            id="a short one keeps its time",
        ),
    ],
)
def test_segments_at_the_same_time_share_a_cue(
    segments: list[tuple[float, float, str]], expected: list[tuple[float, float, str]]
) -> None:
    shown = subtitles.cues(segments, 10.0, "en")
    assert [cue.text for cue in shown] == [text for _, _, text in expected]
    assert [cue.start for cue in shown] == pytest.approx([start for start, _, _ in expected])
    assert [cue.end for cue in shown] == pytest.approx([end for _, end, _ in expected])


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0.3, 6), st.lists(word, min_size=1)), max_size=6)
)
def test_no_cues_overlap(spoken: list[tuple[float, float, list[str]]]) -> None:
    segments = [(start, start + length, " ".join(words)) for start, length, words in spoken]
    shown = subtitles.cues(segments, 30.0, "en")
    for before, after in itertools.pairwise(shown):
        assert before.start < before.end <= after.start
    text = "".join(word for cue in shown for word in cue.text.split())
    for _, _, said in segments:
        for part in rows(said, "en", reserved=2):
            assert all(word in text for word in part.split())
