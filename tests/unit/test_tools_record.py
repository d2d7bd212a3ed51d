"""The animated image of a recorded run: what it shows at each time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import record
from terminal import Frame, Recording, RecordingError

SVG = "{http://www.w3.org/2000/svg}"


def recording(*outputs: tuple[float, str], columns: int = 40) -> Recording:
    return Recording("dub list", columns, outputs)


def texts(frame: Frame) -> list[str]:
    """The rows of a frame as text."""
    rows = []
    for row in frame.rows:
        text = ""
        for run in row:
            text = text.ljust(run.column) + run.text
        rows.append(text)
    return rows


def test_the_first_frame_is_the_command() -> None:
    frames = recording((1.5, "done\r\n")).frames()
    assert [(frame.seconds, texts(frame)) for frame in frames] == [
        (0.0, ["$ dub list"]),
        (1.5, ["$ dub list", "done"]),
    ]


@pytest.mark.parametrize(
    ("output", "rows"),
    [
        ("a  10%\r\x1b[2Ka 100%", ["a 100%"]),
        ("a\r\nb\r\x1b[2K\x1b[1A\x1b[2KA\r\nB\r\n", ["A", "B"]),
        ("abc\r\nd\x1b[9A\r\x1b[0Kover\r\n", ["abc", "d"]),
        ("abc\rX\x1b[K", ["X"]),
        ("\x1b[?25labc\x1b[?25h", ["abc"]),
        ("x" * 12, ["x" * 10, "xx"]),
        ("\r\n\r\n  a  word", ["", "", "  a  word"]),
    ],
)
def test_a_row_is_drawn_again(output: str, rows: list[str]) -> None:
    frame = recording((1.0, output), columns=10).frames()[-1]
    assert texts(frame)[1:] == rows


def test_styles_last_until_they_are_reset() -> None:
    frame = recording((1.0, "\x1b[1;32mgreen\r\nstill\x1b[0m plain\x1b[38;5;197m red")).frames()[-1]
    styles = [(run.text, str(run.style)) for row in frame.rows[1:] for run in row]
    assert styles == [
        ("green", "bold color(2)"),
        ("still", "bold color(2)"),
        ("plain", "none"),
        ("red", "color(197)"),
    ]


def test_outputs_of_one_redrawing_are_one_frame() -> None:
    """A screen that is half drawn is never shown."""
    outputs = [(1.0, "a\r\n"), (1.01, "\x1b[1A\x1b[2K"), (1.02, "b\r\n"), (3.0, "\x1b[1Ab")]
    found = [(frame.seconds, texts(frame)[1:]) for frame in recording(*outputs).frames()]
    assert found == [(0.0, []), (1.02, ["b"])]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("\x1b[5G", "ESC[5G"),
        ("\x1b]0;title\x07", "unknown"),
        ("会", "one column"),
        ("\x1b[2J", "ESC[2J"),
    ],
)
def test_what_is_not_supported_is_refused(output: str, found: str) -> None:
    with pytest.raises(RecordingError, match=re.escape(found)):
        recording((1.0, output)).frames()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "is not a recording"),
        ("no JSON", "is not a recording"),
        ('{"version": 2, "width": 80}', "title"),
        ('{"version": 3, "title": "dub", "term": {"cols": 80}}', "version 3"),
        ('{"version": 2, "width": 80, "title": "dub"}\n[1.0, "o"]', "is not a recording"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / "run.cast"
    file.write_text(text)
    with pytest.raises(RecordingError, match=found):
        Recording.read(file)


def test_a_missing_file_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["record", str(tmp_path / "no.cast"), str(tmp_path / "x.svg")])
    assert record.main() == 1
    assert "no.cast is not a recording" in capsys.readouterr().err


def test_the_image_shows_each_frame_from_its_time_on(tmp_path: Path) -> None:
    file = tmp_path / "run.cast"
    header = {"version": 2, "width": 40, "height": 10, "title": "dub <x> & y"}
    events = [[2.0, "o", "10% <b>\r"], [2.5, "i", "q"], [4.0, "o", "\x1b[2K100%\r\n"]]
    file.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in [header, *events]))
    svg = record.image(Recording.read(file))
    drawing = ElementTree.fromstring(svg)  # noqa: S314
    shapes = {each.get("id"): each for each in drawing.iter(f"{SVG}g") if each.get("id")}
    drawn = shapes.pop("frames")
    shown = [
        ["".join(shapes[use.get("href", "")[1:]].itertext()) for use in frame.iter(f"{SVG}use")]
        for frame in drawn
    ]
    assert shown == [
        ["$ dub <x> & y"],
        ["$ dub <x> & y", "10% <b>"],
        ["$ dub <x> & y", "100%"],
    ]
    heights = [int(re.findall(r"\d+", frame.get("transform", ""))[1]) for frame in drawn]
    steps = re.findall(r"([\d.]+)%\{transform:translateY\(-(\d+)px\)\}", svg)
    total = 4.0 + record.PAUSE_SECONDS
    assert [(round(float(at) / 100 * total, 2), int(by)) for at, by in steps] == [
        *zip([0.0, 2.0, 4.0], heights, strict=True)
    ]
    assert f"animation: play {total:g}s step-end infinite" in svg
    # Without animation, the last frame stays.
    assert drawn.get("transform") == f"translate(0,-{heights[-1]})"
    assert "prefers-reduced-motion: reduce" in svg
