"""Words that the recognizer invents over music, noise and silence."""

from __future__ import annotations

import pytest

from dubstage.contract import OnDoubt
from dubstage.text.transcript import Word
from dubstage.transcribe.doubt import Verdict, judged, verdict


def group(
    text: str, score: float | None, no_speech: float | None = None, seconds: float = 2.0
) -> list[Word]:
    """A segment of words with one score."""
    words = text.split()
    step = seconds / len(words)
    return [
        Word(word=word, start=n * step, end=n * step + step, score=score, no_speech=no_speech)
        for n, word in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("text", "score", "no_speech", "expected"),
    [
        ("you.", 0.036, 0.1, Verdict.INVENTED),
        ("you.", 0.25, 0.1, Verdict.INVENTED),
        ("Thanks for watching!", 0.25, None, Verdict.INVENTED),
        ("Thanks for watching!", 0.35, 0.9, Verdict.INVENTED),
        ("Thanks for watching!", 0.95, 0.8, Verdict.DOUBTFUL),
        ("Thanks for watching!", 0.95, 0.1, Verdict.SURE),
        ("Thank you.", 0.8, 0.05, Verdict.SURE),
        ("Subtitles by the Amara.org community", 0.7, None, Verdict.INVENTED),
        ("Untertitel der Amara.org-Community", None, None, Verdict.INVENTED),
        ("Субтитры сделал DimaTorzok", 0.8, None, Verdict.INVENTED),
        ("We made the subtitles by hand, all of them.", 0.8, 0.1, Verdict.SURE),
        ("Visit us at example.com today.", 0.8, 0.1, Verdict.SURE),
        ("la la la la la la", 0.3, 0.2, Verdict.INVENTED),
        ("No, no, no, no, no!", 0.9, 0.1, Verdict.DOUBTFUL),
        ("No, no, no.", 0.9, 0.1, Verdict.SURE),
        ("and then he mumbled something about it", 0.15, 0.1, Verdict.DOUBTFUL),
        ("and then he said it again", 0.38, 0.95, Verdict.INVENTED),
        ("and then he said it again", 0.8, 0.95, Verdict.SURE),
        ("Good morning.", None, None, Verdict.SURE),
        ("[Music]", 0.1, 0.9, Verdict.SURE),
    ],
)
def test_verdict(
    text: str, score: float | None, no_speech: float | None, expected: Verdict
) -> None:
    assert verdict(group(text, score, no_speech)) is expected


def test_words_that_nobody_can_speak_so_fast_are_doubtful() -> None:
    text = "a whole sentence of many words within a moment of a second"
    assert verdict(group(text, 0.9, seconds=0.5)) is Verdict.DOUBTFUL
    assert verdict(group(text, 0.9, seconds=3.0)) is Verdict.SURE


def test_segments_over_and_over_are_a_loop_unless_they_are_clear() -> None:
    mumbled = judged([group("Hello.", 0.8), *[group("I am going.", 0.45)] * 5])
    assert [len(mumbled.kept), len(mumbled.left_out)] == [2, 4]
    assert mumbled.doubtful == {1}
    chant = judged([*[group("We want more.", 0.8)] * 5, group("Hello.", 0.8)])
    assert (len(chant.kept), chant.left_out, sorted(chant.doubtful)) == (6, [], [0, 1, 2, 3, 4])


PHRASE = "Thank you very much."
TALK = ["We begin with the plan.", "Then we go on.", "At last we stop."]


@pytest.mark.parametrize(
    ("texts", "value", "doubtful", "left_out"),
    [
        ([PHRASE, "Yes.", PHRASE, "No.", PHRASE], 0.8, [0, 2, 4], 0),
        ([PHRASE, "Yes.", PHRASE, "No.", PHRASE], 0.45, [0], 2),
        ([PHRASE, TALK[0], PHRASE, TALK[1], PHRASE], 0.8, [], 0),
        ([PHRASE, PHRASE], 0.8, [], 0),
        ([PHRASE], 0.8, [], 0),
        (TALK, 0.8, [], 0),
    ],
)
def test_one_phrase_that_makes_up_the_text_is_doubtful(
    texts: list[str], value: float, doubtful: list[int], left_out: int
) -> None:
    found = judged([group(text, value) for text in texts])
    assert (sorted(found.doubtful), len(found.left_out)) == (doubtful, left_out)


@pytest.mark.parametrize(
    ("seconds", "value", "is_doubtful"),
    [(600.0, 0.6, True), (600.0, None, True), (600.0, 0.8, False), (100.0, 0.6, False),
     (29.0, 0.6, False), (0.0, 0.6, False)],
)  # fmt: skip
def test_little_speech_in_a_long_source_is_doubtful(
    seconds: float, value: float | None, is_doubtful: bool
) -> None:
    found = judged([group(text, value) for text in TALK], seconds)
    assert bool(found.doubtful) == is_doubtful


@pytest.mark.parametrize(
    ("text", "value", "left_out"),
    [
        ("Nguyen, Nguyen, kubectl, Saoirse Ronan.", 0.2, 1),
        ("Nguyen, Nguyen, kubectl, Saoirse Ronan.", 0.6, 0),
        ("Nguyen told Saoirse about kubectl.", 0.35, 0),
    ],
)
def test_spellings_of_the_glossary_over_a_murmur_are_invented(
    text: str, value: float, left_out: int
) -> None:
    groups = [group(text, value)]
    found = judged(groups, expected=["Saoirse Ronan", "nguyen", "kubectl"])
    assert len(found.left_out) == left_out
    assert judged(groups).left_out == []


@pytest.mark.parametrize(
    ("on_doubt", "kept", "doubtful"),
    [(None, 2, {1}), (OnDoubt.REVIEW, 2, {1}), (OnDoubt.KEEP, 3, {1, 2}), (OnDoubt.DROP, 1, set())],
)
def test_user_decides_what_is_done_in_doubt(
    on_doubt: OnDoubt | None, kept: int, doubtful: set[int]
) -> None:
    groups = [group("We begin.", 0.9), group(TALK[0], 0.35), group("you.", 0.03)]
    found = judged(groups, 10.0, on_doubt)
    assert (len(found.kept), set(found.doubtful)) == (kept, doubtful)
    assert len(found.kept) + len(found.left_out) == 3
