"""Subtitle files as tools and people write them, and what is read from them."""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import normalize

import pytest

from dubstage.contract import Stage
from dubstage.inputs import corrections, near_misses
from dubstage.inputs.encodings import UnknownEncoding, decode
from dubstage.inputs.subtitle_files import SubtitleError, read_cues
from dubstage.testing import request_for, roots_in

TIMES = "00:00:01,000 --> 00:00:03,000\n"


def texts(tmp_path: Path, content: str | bytes, name: str = "transcript.srt") -> list[str]:
    """The texts of a user's file."""
    return [entry.text for entry in entries(tmp_path, content, name)]


def entries(
    tmp_path: Path, content: str | bytes, name: str = "transcript.srt", language: str = "en"
) -> list[corrections.Entry]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    request = request_for(Stage.TRANSCRIBE, source_language=language)
    return corrections.read(path, request, Stage.TRANSCRIBE)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("{\\an8}Good <i>morning</i>.", "Good morning."),
        ('<font color="#ffff00">Good</font> <B>morning</B>.', "Good morning."),
        ("<c.yellow>Good</c><00:00:01.500><c> morning</c>", "Good morning"),
        ("{y:i}Good morning.", "Good morning."),
        ("Tom &amp; Jerry&nbsp;are here&hellip;", "Tom & Jerry are here…"),
        ("&lt;i&gt;Good&lt;/i&gt; morning.", "Good morning."),
        ("AT&T and R&D; 3 &#60; 4", "AT&T and R&D; 3 < 4"),
        ("If a < b and c > d, we stop.", "If a < b and c > d, we stop."),
        ("x<y and y>z", "x<y and y>z"),
        ("I <3 you {really}.", "I <3 you {really}."),
        ("Good\\Nmorning<br/>to you", "Good morning to you"),
        ("See C:\\News there", "See C:\\News there"),
        ("One\u2028two\u2029three\x0bfour", "One two three four"),
        ("\ufeffin\u00advisible\u200b \u202bmarks\u202c", "invisible marks"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (normalize("NFD", "Café Müller"), "Café Müller"),
        ("JOHN: Hello there.", "Hello there."),
        ("DR. O'NEIL: Hello there.", "Hello there."),
        ("Привет: как дела?", "Привет: как дела?"),
        ("ИВАН: Как дела?", "Как дела?"),
        ("Überraschung: es geht.", "Überraschung: es geht."),
        ("OK: let us go.", "OK: let us go."),
        ("-5 degrees today", "-5 degrees today"),
        ("He was\n– of course – late.", "He was – of course – late."),
        ("NOTE: do not enter", "NOTE: do not enter"),
        ("WE SAY: ALL CAPITALS", "WE SAY: ALL CAPITALS"),
        ("It is 12:30 now: go.", "It is 12:30 now: go."),
        (">> Good morning.", "Good morning."),
        ("[door closes] Good morning.", "Good morning."),
        ("(sighs)\nGood morning.", "Good morning."),
        ("Good morning (at last) to you.", "Good morning (at last) to you."),
        ("- Good morning.", "Good morning."),
    ],
)
def test_markup_goes_and_text_stays(tmp_path: Path, raw: str, expected: str) -> None:
    assert texts(tmp_path, TIMES + raw + "\n") == [expected]


@pytest.mark.parametrize(
    ("raw", "speaker"),
    [
        ("[SPEAKER_01]: Hello.", "SPEAKER_01"),
        ("SPEAKER_12: Hello.", "SPEAKER_12"),
        ("(speaker_02) Hello.", "SPEAKER_02"),
        ("<v Ann>Hello.", "Ann"),
        ("<v.loud Ann Lee>Hello.</v>", "Ann Lee"),
        ("Hello.", ""),
    ],
)
def test_speaker_marks_name_the_speaker(tmp_path: Path, raw: str, speaker: str) -> None:
    (entry,) = entries(tmp_path, TIMES + raw + "\n")
    assert (entry.text, entry.speaker) == ("Hello.", speaker)


def test_name_of_an_ass_row_is_the_speaker(tmp_path: Path) -> None:
    head = "Dialogue: 0,0:00:01.00,0:00:02.00,Default"
    script = (
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, "
        f"Text\n{head},Ann,0,0,0,,{{\\i1}}Good{{\\i0}}\\Nmorning, Ed.\n"
        f"{head},,0,0,0,,{{\\p1}}m 0 0 l 9 9{{\\p0}}\n"
    )
    (entry,) = entries(tmp_path, script, "transcript.ass")
    assert (entry.text, entry.speaker) == ("Good morning, Ed.", "Ann")
    assert texts(tmp_path, script) == ["Good morning, Ed."], "the content decides on the format"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # No empty rows between cues; numbers are not text.
        (f"1\n{TIMES}one\n2\n{TIMES}two\nrows\n3\n{TIMES}3\n", ["one", "two rows", "3"]),
        # An empty row within a cue.
        (f"1\n{TIMES}one\n\nmore\n\n2\n{TIMES}two\n", ["one more", "two"]),
        # Without numbers, a number is text unless it stands alone.
        (f"{TIMES}we count\n2\n{TIMES}two\n", ["we count 2", "two"]),
        # Positions after the times, other arrows, no hours, dots.
        ("00:01.000 -> 00:02.000 X1:40 Y1:20\none\n", ["one"]),
        ("0:00:01.5 --> 0:00:02\none\n", ["one"]),
        (f"1\n{TIMES}one\n\n2\n{TIMES}two\n".replace("\n", "\r\n"), ["one", "two"]),
        (f"1\n{TIMES}one\n\n2\n{TIMES}two\n".replace("\n", "\r\r\n"), ["one", "two"]),
        (f"1\n{TIMES}one\n\n2\n{TIMES}two\n".replace("\n", "\r"), ["one", "two"]),
        # Cues without a text, as exports of timelines have them.
        (f"1\n{TIMES}\n\n2\n{TIMES}two\n", ["two"]),
        # WebVTT under the name of SRT.
        ("WEBVTT\nKind: captions\nLanguage: en\n\n00:01.000 --> 00:02.000\none\n", ["one"]),
        ("WEBVTT\n\nNOTE\nnot said\n\nname\n00:01.000 --> 00:02.000\none\n", ["one"]),
    ],
)
def test_cues_are_cut_at_their_times(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert texts(tmp_path, content) == expected


def test_a_row_that_should_hold_times_is_reported_with_its_number() -> None:
    with pytest.raises(SubtitleError, match="line 6: expected times like 00:01:02,500"):
        read_cues(f"1\n{TIMES}one\n\n2\n00:00:04,000 --> 00:00:0x\ntwo\n", ".srt")


@pytest.mark.parametrize(
    ("encoding", "language", "text"),
    [
        ("utf-8", "en", "Café – “Müller”"),
        ("utf-8-sig", "en", "Café"),
        ("utf-16", "de", "Grüße"),
        ("utf-16-le", "de", "Grüße"),
        ("utf-16-be", "de", "Grüße"),
        ("utf-16-le", "ru", "Привет, как дела"),
        ("utf-32", "de", "Grüße"),
        ("latin-1", "es", "¿Mañana por la mañana?"),
        ("cp1252", "fr", "L’été à Noël…"),
        ("cp1250", "pl", "Zażółć gęślą jaźń"),
        ("cp1251", "ru", "Привет, как дела"),
        ("cp1253", "el", "Καλημέρα"),
        ("cp1254", "tr", "Güneş ışığı"),
        ("cp932", "ja", "こんにちは、世界"),
        ("cp949", "ko", "안녕하세요"),
        ("gb18030", "zh", "你好，世界"),
        ("big5", "zh-Hant", "你好，世界"),
    ],
)
def test_encoding_is_detected(tmp_path: Path, encoding: str, language: str, text: str) -> None:
    content = f"1\n{TIMES}{text}\n".encode(encoding)
    (entry,) = entries(tmp_path, content, language=language)
    assert entry.text == text


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(UnknownEncoding, match="byte 4 is not text"):
        decode(b"RIFF\x00\x01\x02\x03WAVEfmt long enough", "en")


def rolling(step: float = 1.0) -> str:
    """Captions as a download of live captions has them: each phrase in three cues."""
    phrases = ["hello everyone", "welcome to the show", "we start now"]
    rows, before = [], " "
    for number, phrase in enumerate(phrases):
        start = number * step
        rows.append(f"{_clock(start)} --> {_clock(start + step - 0.01)}\n{before}\n{phrase}\n")
        rows.append(f"{_clock(start + step - 0.01)} --> {_clock(start + step)}\n{phrase}\n \n")
        before = phrase
    return "\n".join(rows)


def _clock(seconds: float) -> str:
    return f"00:00:{seconds:06.3f}".replace(".", ",")


def test_rolling_captions_are_read_once(tmp_path: Path) -> None:
    expected = ["hello everyone", "welcome to the show", "we start now"]
    assert texts(tmp_path, rolling()) == expected
    two_rows = "\n".join(
        f"{_clock(n)} --> {_clock(n + 1)}\n{first}\n{second}\n"
        for n, (first, second) in enumerate([("a b", "c d"), ("c d", "e f"), ("e f", "g h")])
    )
    assert texts(tmp_path, two_rows) == ["a b c d", "e f", "g h"]


def test_people_may_say_the_same_again(tmp_path: Path) -> None:
    """Neighboring cues with one text are not rolling captions."""
    said = "".join(f"{_clock(n)} --> {_clock(n + 1)}\nNo.\n\n" for n in range(3))
    assert texts(tmp_path, said) == ["No.", "No.", "No."]
    one = f"{_clock(0)} --> {_clock(1)}\nNo.\n\n{_clock(1)} --> {_clock(2)}\nNo.\nReally.\n"
    assert texts(tmp_path, one) == ["No.", "No. Really."]


def test_dialogue_dashes_divide_a_cue(tmp_path: Path) -> None:
    first, second = entries(tmp_path, TIMES + "- Who is it\n  over there?\n- Me.\n")
    assert (first.text, second.text) == ("Who is it over there?", "Me.")
    assert (first.start, second.end) == (1.0, 3.0)
    assert first.end == second.start
    assert second.end - second.start < first.end - first.start


@pytest.mark.parametrize(
    "raw", ["Who?\n- Me.", "- Who? - Me.", "–Who?\n–Me.", "- ANN: Who?\n- BOB: Me."]
)
def test_two_people_in_one_cue_have_a_segment_each(tmp_path: Path, raw: str) -> None:
    assert texts(tmp_path, TIMES + raw + "\n") == ["Who?", "Me."]


def test_songs_and_sounds_keep_their_text(tmp_path: Path) -> None:
    """The stages that follow know them by it."""
    assert texts(tmp_path, TIMES + "♪ la la la\nla la ♪\n") == ["♪ la la la la la ♪"]
    assert texts(tmp_path, TIMES + "[laughter]\n") == ["[laughter]"]


def test_near_names_are_remarked(tmp_path: Path) -> None:
    folder = tmp_path / "inputs/clip"
    folder.mkdir(parents=True)
    (tmp_path / "models").mkdir()
    near = {
        "transcripts.srt": "transcript.srt",
        "transcript.SRT": "transcript.srt",
        "Transcript.vtt": "transcript.vtt",
        "transcription.json": "transcript.json",
        "transcript.en.srt": "transcript.srt",
        "transcript.txt": "transcript.srt",
        "translation.srt.txt": "translation.srt",
        "translations.ass": "translation.ass",
    }
    for name in (*near, "transcript.vtt", "translation.json", "notes.txt", "source.mp4"):
        (folder / name).write_text("")
    remarks = near_misses.remarks(roots_in(tmp_path), request_for(Stage.INGEST))
    assert remarks == [
        f"inputs/clip/{name} is not used: if it replaces a result, rename it to {near[name]}"
        for name in sorted(near)
    ]


def test_texts_of_json_are_composed(tmp_path: Path) -> None:
    item = {"start": 0, "end": 1, "text": normalize("NFD", "Café\u2028Müller"), "speaker": "José"}
    item["speaker"] = normalize("NFD", "José")
    (entry,) = entries(tmp_path, json.dumps([item]), "transcript.json")
    assert (entry.text, entry.speaker) == ("Café Müller", "José")
