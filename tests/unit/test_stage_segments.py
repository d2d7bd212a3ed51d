"""Words to segments, and segments to the onsets of their speech."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dubstage.text.punctuation import ends_clause, ends_sentence
from dubstage.text.transcript import Word
from dubstage.transcribe.onsets import at_onsets
from dubstage.transcribe.segments import (
    CLOSE_SECONDS,
    MAX_SECONDS,
    MIN_SECONDS,
    Group,
    grouped,
    segments_of,
)
from dubstage.transcribe.turns import whole_sentences


def words(
    text: str, start: float = 0.0, each: float = 0.4, gap: float = 0.1, speaker: str = "A"
) -> list[Word]:
    """The words of `text`, evenly spoken."""
    return [
        Word(
            word=word,
            start=start + number * (each + gap),
            end=start + number * (each + gap) + each,
            speaker=speaker,
        )
        for number, word in enumerate(text.split())
    ]


def texts(groups: list[Group]) -> list[str]:
    return [segment.text for segment in segments_of(groups)]


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            words("He was not there at all. She came back a little later."),
            ["He was not there at all.", "She came back a little later."],
            id="a line is a sentence",
        ),
        pytest.param(
            [*words("so he said to me"), *words("and then he left", start=4.0)],
            ["so he said to me", "and then he left"],
            id="a long silence ends a line",
        ),
        pytest.param(
            words("Dr. Smith met J. Miller, etc. in the U.S. today. He left soon after."),
            ["Dr. Smith met J. Miller, etc. in the U.S. today.", "He left soon after."],
            id="an abbreviation does not",
        ),
        pytest.param(
            words("“Are you coming?” she asked me then. “No!” he said. That was all of it."),
            ["“Are you coming?” she asked me then.", "“No!” he said. That was all of it."],
            id="what is said in quotes goes on",
        ),
        pytest.param(
            [*words("Yes."), *words("I know that. We will see what comes of it.", start=0.5)],
            ["Yes. I know that.", "We will see what comes of it."],
            id="short neighbours join",
        ),
        pytest.param(
            [*words("We met him in the"), *words("end.", start=3.9)],
            ["We met him in the end."],
            id="a scrap joins the rest of its sentence, far though it is",
        ),
        pytest.param(
            [*words("It was all over by then."), *words("Right.", start=4.2)],
            ["It was all over by then.", "Right."],
            id="but a short sentence of its own does not",
        ),
        pytest.param(
            [
                *words("It was all over."),
                *words("Then", start=2.0),
                *words("he came in.", start=3.5),
            ],
            ["It was all over.", "Then he came in."],
            id="the rest of the sentence before another one",
        ),
        pytest.param(
            [*words("I think"), *words("yes", start=1.1, speaker="B"), *words("so.", start=1.8)],
            ["I think", "yes", "so."],
            id="no segment has two speakers, nor reaches across one",
        ),
    ],
)
def test_segments(spoken: list[Word], expected: list[str]) -> None:
    assert texts(grouped(spoken)) == expected


def test_long_sentence_is_divided_at_a_comma_near_its_middle() -> None:
    head, middle, tail = "one, " + "two " * 9, "three, " + "four " * 9, "five"
    first, second = grouped(words(head + middle + tail))
    assert (first[-1].word, second[0].word) == ("three,", "four")


def test_long_sentence_without_a_comma_is_divided_at_a_pause_or_in_the_middle() -> None:
    breath = [*words("word " * 8), *words("word " * 12, start=4.4)]
    assert [len(segment) for segment in grouped(breath)] == [8, 12]
    assert [len(segment) for segment in grouped(words("word " * 20))] == [10, 10]


def test_overlapping_speakers_are_marked_on_both_sides() -> None:
    long = words("this is spoken for quite a while without an end.", speaker="A")
    inside = words("what is that again", start=1.0, each=0.35, speaker="B")
    after = words("and this is heard alone now", start=6.0, speaker="A")
    result = segments_of(grouped([*long, *inside, *after]))
    assert [(segment.speaker, segment.is_overlapping) for segment in result] == [
        ("A", True), ("B", True), ("A", False)
    ]  # fmt: skip
    assert [segment.segment_id for segment in result] == [f"segment_{n:04d}" for n in range(3)]
    assert result[1].gap_after == pytest.approx(6.0 - result[1].end)
    assert (result[0].gap_after, result[2].gap_after) == (0.0, 0.0)


TOKENS = st.sampled_from(["a", "word", "another,", "end.", "Mr.", "“So?”", "何", "終わり。"])


@st.composite
def conversations(draw: st.DrawFn) -> list[Word]:
    """Words as recognizers return them: of several speakers, with pauses, sometimes
    overlapping or extremely long."""
    result, at = [], 0.0
    for _ in range(draw(st.integers(0, 60))):
        at = max(at + draw(st.sampled_from([-0.3, 0.0, 0.05, 0.3, 0.7, 0.9, 2.5])), 0.0)
        length = draw(st.sampled_from([0.0, 0.1, 0.3, 0.8, 2.0, 12.0]))
        speaker = draw(st.sampled_from("AAAAB"))
        result.append(Word(word=draw(TOKENS), start=at, end=at + length, speaker=speaker))
        at += length
    return result


def duration(group: Group) -> float:
    return max(word.end for word in group) - group[0].start


@given(conversations())
def test_every_word_is_in_one_segment_within_bounds(spoken: list[Word]) -> None:
    result = grouped(spoken)
    assert sorted(id(word) for segment in result for word in segment) == sorted(map(id, spoken))
    assert [segment[0].start for segment in result] == sorted(
        segment[0].start for segment in result
    )
    for segment in result:
        assert len({word.speaker for word in segment}) == 1
        assert duration(segment) <= MAX_SECONDS or len(segment) == 1
    for left, right in pairwise(result):
        together = max(duration(left), right[0].start - left[0].start + duration(right))
        silence = right[0].start - left[0].start - duration(left)
        is_short = min(duration(left), duration(right)) < MIN_SECONDS
        has_room = silence <= CLOSE_SECONDS - 1e-6 and together <= MAX_SECONDS - 1e-6
        assert not (is_short and has_room and left[0].speaker == right[0].speaker)


@pytest.mark.parametrize(
    ("text", "following", "expected"),
    [
        ("end.", "Next", True),
        ("end.", "", True),
        ("end.”", "Next", True),
        ("wait...", "and", False),
        ("etc.", "and", False),
        ("Mr.", "Brown", False),
        ("J.", "Brown", False),
        ("Mr.", "", True),
        ("I.", "Then", True),
        ("coming?”", "she", False),
        ("3.5", "Next", False),
        ("끝났다.", "다음", True),
        ("終わり。", "次", True),
        ("（終わり。）", "次", True),
        ("है।", "वह", True),
        ("؟", "", True),
        ("", "", False),
        ("Capt.", "Kirk", False),
        ("Gen.", "Lee", False),
        ("Dra.", "Ana", False),
        ("the U.S.", "President", False),
        ("5 p.m.", "The", False),
        ("5 p.m.", "", True),
        ("z.B.", "Berlin", False),
        ("z.", "B.", False),
        ("No.", "5", False),
        ("No.", "Never", True),
        ("Jan.", "5", False),
        ("am 3.", "März", False),
        ("3.", "März,", False),
        ("in 1984.", "Mai", True),
        ("It was 3.", "Then", True),
        ("Come on.", "Go", True),
        ("A.", "Then", False),
        ("(Dr.", "Brown)", False),
    ],
)
def test_end_of_a_sentence(text: str, following: str, expected: bool) -> None:
    assert ends_sentence(text, following) is expected


def test_end_of_a_clause() -> None:
    assert [ends_clause(text) for text in ("so,", "so,”", "そう、", "so")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([("B", "He"), ("A", "was not there at all.")], "AAAAAA"),
        ([("A", "Are you coming?"), ("B", "No.")], "AAAB"),
        ([("A", "so how are you"), ("B", "fine thank you well")], "AAAABBBB"),
        ([], ""),
        # Interjections, with and without a mark.
        ([("A", "I went to the"), ("B", "right"), ("A", "store again today.")], "AAAABAAA"),
        ([("A", "I went to the"), ("B", "Right."), ("A", "store again.")], "AAAABAA"),
        ([("A", "We left at noon."), ("B", "Oh."), ("A", "It rained.")], "AAAABAA"),
        # A turn that starts a word too early, and one that ends a word too late.
        ([("A", "so how are you"), ("B", "today? I am fine."), ("A", "Good.")], "AAAAABBBA"),
        ([("A", "Yes. And"), ("B", "where were you then?"), ("A", "Here.")], "ABBBBBA"),
    ],
)
def test_sentence_belongs_to_its_main_speaker(turns: list[tuple[str, str]], expected: str) -> None:
    spoken: list[Word] = []
    for speaker, text in turns:
        spoken += words(text, start=spoken[-1].end + 0.1 if spoken else 0.0, speaker=speaker)
    assert "".join(word.speaker for word in whole_sentences(spoken)) == expected


RATE = 16000


def vocals(path: Path, *spans: tuple[float, float], seconds: float = 8.0) -> Path:
    """A tone during `spans`, on the right channel alone."""
    time = numpy.arange(int(seconds * RATE)) / RATE
    sound = numpy.zeros((len(time), 2), numpy.float32)
    for start, end in spans:
        inside = (time >= start) & (time < end)
        sound[inside, 1] = 0.3 * numpy.sin(2 * numpy.pi * 220 * time[inside])
    soundfile.write(path, sound, RATE)
    return path


def test_segments_start_at_their_onsets(tmp_path: Path) -> None:
    path = vocals(tmp_path / "vocals.wav", (1.0, 2.0), (3.0, 4.0), (5.0, 6.0))
    early = [Word(word="early", start=0.1, end=0.5), Word(word="one", start=0.7, end=2.0)]
    late = [Word(word="late", start=3.1, end=3.4), Word(word="one", start=3.4, end=4.0)]
    right = [Word(word="right", start=5.0, end=6.0)]
    lost = [Word(word="lost", start=6.5, end=7.5)]
    result = at_onsets([early, late, right, lost], path)
    assert [group[0].start for group in result] == pytest.approx([1.0, 3.0, 5.0, 6.5], abs=0.012)
    for group in result:
        assert all(word.end >= word.start >= group[0].start for word in group)


def test_onset_is_never_within_an_earlier_word(tmp_path: Path) -> None:
    path = vocals(tmp_path / "vocals.wav", (1.0, 1.9), (2.0, 3.0))
    first = [Word(word="one", start=1.0, end=2.05)]
    result = at_onsets([first, [Word(word="two", start=2.1, end=3.0)]], path)
    assert result[1][0].start == 2.1


def test_segment_keeps_a_minimum_length(tmp_path: Path) -> None:
    path = vocals(tmp_path / "vocals.wav", (1.0, 2.0))
    ((word,),) = at_onsets([[Word(word="short", start=0.5, end=0.9)]], path)
    assert (word.start, word.end) == (0.5, 0.9)
