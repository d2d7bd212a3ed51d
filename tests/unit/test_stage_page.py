"""The page of the report: what it shows, what it escapes, and that it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest

from dubstage.engines import ENGINES
from dubstage.engines.licenses import ENGINE_LICENSES, model_license
from dubstage.media.audio import SAMPLE_RATE
from dubstage.page.pictures import Pictures
from dubstage.page.provenance import speakers_of, steps_of, synthetic_speech
from dubstage.page.render import PageFiles, clock, render_page, source_link
from dubstage.page.rows import FLAGS, overlaps, rows_of
from dubstage.page.verdict import figures, verdict
from dubstage.text.transcript import ClipFlag
from dubstage.timing.fit import Flag

NASTY = '</script><img src=x onerror="alert(1)"> & <!-- \u2028\u2029 {{ 7*7 }} \u202eabc'


def segment(number: int = 0, **changes: Any) -> dict[str, Any]:
    start = 4.0 * number
    return {
        "segment_id": f"segment_{number:04d}", "speaker": "A", "text": "one", "translation": "uno",
        "start": start, "end": start + 3, "dub_start": start, "dub_end": start + 3,
        "onset_error": 0.0, "level_change": 0.0, "level_error": 0.0, "loudness": -23.0,
        "speed": 1.0, "overflow": 0.0, "voice_sample": None, "flags": [],
    } | changes  # fmt: skip


def totals(segments: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {
        "spoken": sum(one["loudness"] is not None for one in segments), "share_above_1_2": 0.08,
        "max_speed": 1.31, "onset_error_p95": 0.02, "peak_limited": False,
        "source_lufs": -23.1, "dub_lufs": -23.0, "dub_true_peak": -1.2,
    } | changes  # fmt: skip


def report(segments: Sequence[dict[str, Any]], duration: float = 60.0) -> dict[str, Any]:
    names = sorted({one["speaker"] for one in segments})
    return {
        "source_language": "en", "target_language": "es", "duration": duration,
        "totals": totals(segments), "segments": list(segments),
        "speakers": [{"speaker": name, "segments": 1, "voice_samples": []} for name in names],
        "stages": [
            {"stage": "synthesize", "engine": "kokoro", "model": "v1.0", "seconds": 3.0},
            {"stage": "mux", "engine": "ffmpeg", "engine_version": "5.1", "seconds": 61.0},
        ],
    }  # fmt: skip


FILES = PageFiles(
    "talk", "../../inputs/talk/source.mp4", "vid/dubbed_audio.wav", "vid/dubbed_video.mp4"
)


def page_of(segments: Sequence[dict[str, Any]], files: PageFiles = FILES, **changes: Any) -> str:
    found = report(segments, **changes)
    return render_page(found, Pictures(round(found["duration"] * SAMPLE_RATE)), files, -23.0)


class Elements(HTMLParser):
    """The elements of a page, with their attributes and their own text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = (tag, dict(attributes), list[str]())
        self.all.append(found)
        if tag not in ("meta", "input", "img", "link"):
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][2].append(data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        return [
            "".join(text)
            for name, found, text in self.all
            if name == tag and attributes.items() <= found.items()
        ]


def data_of(elements: Elements) -> dict[str, Any]:
    (text,) = elements.texts("script", type="application/json")
    found: dict[str, Any] = json.loads(text)
    return found


def test_text_of_people_stays_text() -> None:
    """In texts, names of speakers, titles, names of files and voices."""
    files = PageFiles(NASTY, source_link(NASTY), "vid/dubbed_audio.wav")
    page = page_of([segment(text=NASTY, translation=NASTY, speaker=NASTY, flags=["<b>"])], files)
    elements = Elements(page)
    names = {name for name, _, _ in elements.all}
    assert not names & {"img", "b>", "link", "iframe"}
    assert elements.texts("td", lang="en") == [NASTY]
    assert elements.texts("td", lang="es") == [NASTY]
    assert elements.texts("title") == [f"{NASTY} – dub report"]
    data = data_of(elements)
    assert data["speakers"] == [NASTY]
    assert re.fullmatch(r"\.\./\.\./inputs/[\w.%/-]+", data["source"])
    assert "\u2028" not in page[page.index('id="data"') :]


def test_page_admits_its_own_style_and_script_and_no_network() -> None:
    elements = Elements(page_of([segment()]))
    (policy,) = (
        found["content"]
        for _, found, _ in elements.all
        if found.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("media-src") == "'self' file:"
    code = [
        "".join(parts)
        for name, found, parts in elements.all
        if name == "script" and "type" not in found
    ]
    for rule, (text,) in (("script-src", code), ("style-src", elements.texts("style"))):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert set(rules) == {"base-uri", "form-action"}
    assert not [
        found for _, found, _ in elements.all if {"src", "href", "style", "onclick"} & set(found)
    ]
    assert not re.search(r"https?://", page_of([segment()]))


def test_an_hour_with_a_thousand_segments_stays_below_two_megabytes() -> None:
    text = "Nobody could tell us why the ferry had left so early that morning, so we waited. "
    segments = [
        segment(number, start=number * 3.6, text=text, translation=text, flags=["very-fast"])
        for number in range(1000)
    ]
    assert len(page_of(segments, duration=3600.0).encode()) < 2_000_000
    day = page_of(segments, duration=24 * 3600.0)
    assert len(day.encode()) < 2_500_000, "a longer source has longer columns"


@pytest.mark.parametrize("segments", [[], [segment(loudness=None, flags=["not-speech"])]])
def test_a_dub_without_speech_has_a_page(segments: list[dict[str, Any]]) -> None:
    elements = Elements(
        page_of(
            segments, PageFiles("t", "../../inputs/t.mp3", "vid/dubbed_audio.wav"), duration=0.2
        )
    )
    assert data_of(elements)["video"] is None
    assert "synthetic speech" not in "".join(elements.texts("p"))


ATTENTION: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "a note": ({"flags": ["fast"], "speed": 1.25}, []),
    "a song": ({"flags": ["not-speech"], "loudness": None, "onset_error": 9.0}, []),
    "very fast and trimmed": (
        {"flags": ["very-fast", "trimmed"], "speed": 1.5, "overflow": 0.4},
        ["1.50× speed", "0.40 s trimmed"],
    ),
    "not in the dub": ({"loudness": None}, ["not in the dub: original kept"]),
    "late": ({"onset_error": 0.31}, ["0.31 s late"]),
    "early": ({"onset_error": -0.31}, ["0.31 s early"]),
    "loud": ({"level_error": 4.0}, ["4.0 LU louder than planned"]),
    "soft": ({"level_error": -4.04}, ["4.0 LU softer than planned"]),
    "no level of the original": ({"level_error": None}, []),
    "a flag of another version": ({"flags": ["reads-badly"]}, ["reads badly"]),
    "braces in a flag": ({"flags": ["{speed}"]}, ["{speed}"]),
}


@pytest.mark.parametrize(("changes", "expected"), ATTENTION.values(), ids=ATTENTION)
def test_what_needs_attention(changes: dict[str, Any], expected: list[str]) -> None:
    (row,) = rows_of([segment(**changes)])
    assert [note.text for note in row.notes if note.needs_attention] == expected
    assert row.needs_attention is bool(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (0.0, []), (0.99, []), (-0.99, []),
        (1.0, ["1.0 LU louder than the original"]), (-4.04, ["4.0 LU softer than the original"]),
    ],
)  # fmt: skip
def test_level_that_was_changed_on_purpose_is_a_remark(change: float, expected: list[str]) -> None:
    (row,) = rows_of([segment(level_change=change)])
    assert [note.text for note in row.notes] == expected
    assert not row.needs_attention


def test_every_flag_has_a_text() -> None:
    assert {*map(str, Flag), *map(str, ClipFlag), "no-room"} == set(FLAGS)


VERDICTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "all well": (
        [segment(0), segment(1)], {},
        "All 2 segments are dubbed in time, and nothing needs attention.",
    ),
    "one": ([segment()], {}, "The segment is dubbed in time, and nothing needs attention."),
    "a song": (
        [segment(0), segment(1, loudness=None, flags=["not-speech"])], {},
        "1 of 2 segments is dubbed, and nothing needs attention.",
    ),
    "attention": (
        [segment(0, flags=["very-fast", "trimmed"]), segment(1, flags=["trimmed"]), segment(2)], {},
        "2 of 3 segments need attention: 2 trimmed, 1 very fast.",
    ),
    "a thousand": (
        [segment(0, flags=["trimmed"]), *(segment(number) for number in range(1, 1000))], {},
        "1 of 1,000 segments needs attention: 1 trimmed.",
    ),
    "one of many": (
        [segment(0, onset_error=1.0), segment(1)], {},
        "1 of 2 segments needs attention: 1 early or late.",
    ),
    "none": ([], {}, "The source has no segments: the original is heard from start to end."),
    "songs": (
        [segment(loudness=None, flags=["not-speech"])], {},
        "No segment is dubbed: the original is heard from start to end.",
    ),
    "soft": (
        [segment()], {"peak_limited": True},
        "The segment is dubbed in time, and nothing needs attention. The dub is softer than its "
        "target, because of the limit on its true peak.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("segments", "changes", "text"), VERDICTS.values(), ids=VERDICTS)
def test_verdict(segments: list[dict[str, Any]], changes: dict[str, Any], text: str) -> None:
    assert verdict(rows_of(segments), totals(segments, **changes)) == text


def test_figures_leave_out_what_was_not_measured() -> None:
    rows, numbers = rows_of([segment()]), totals([segment()], word_error_rate=0.124)
    assert [one.label for one in figures(rows, numbers)] == [
        *("Segments", "Natural speed", "Onset error", "Loudness", "True peak", "Word errors"),
    ]
    assert [one.value for one in figures(rows, numbers)] == ["1", "92", "20", "−23.0", "−1.2", "12"]
    silent = {
        key: value for key, value in numbers.items() if "lufs" not in key and "rate" not in key
    }
    assert [one.label for one in figures(rows, silent)][-1] == "Onset error"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0, 1), (1, 2)], []),
        ([(0, 2), (1, 3)], [(1, 2)]),
        ([(0, 9), (1, 2), (3, 4)], [(1, 2), (3, 4)]),
        ([(0, 4), (1, 4), (2, 5)], [(1, 4)]),
        ([(3, 5), (0, 4)], [(3, 4)]),
    ],
)
def test_overlaps(times: list[tuple[float, float]], expected: list[tuple[float, float]]) -> None:
    segments = [segment(dub_start=start, dub_end=end) for start, end in times]
    assert overlaps(segments) == expected
    assert overlaps([one | {"loudness": None} for one in segments]) == []


def test_provenance_names_licenses_and_cloned_voices() -> None:
    rows = rows_of([segment(0), segment(1, speed=1.2), segment(2, speaker="B")])
    listed = [
        {"speaker": "A", "voice_samples": ["interim/t/vocals.wav#t=1.000,3.500"]},
        {"speaker": "B", "voice_samples": []},
    ]
    speakers = speakers_of(rows, listed)
    assert [(one.segments, one.seconds, one.speed) for one in speakers] == [
        (2, 6.0, 1.1),
        (1, 3.0, 1.0),
    ]
    assert [list(one.samples) for one in speakers] == [["interim/t/vocals.wav"], []]
    steps = steps_of(
        [
            {"stage": "separate", "engine": "none", "seconds": 0.1},
            {"stage": "transcribe", "engine": "whisperx", "model": "large-v2", "seconds": 9.0},
            {"stage": "translate", "engine": "openai", "model": "any", "seconds": 9.0},
            {"stage": "synthesize", "engine": "cosyvoice", "model": "mine", "seconds": 9.0},
        ]
    )
    assert [step.license for step in steps] == [
        *("–", "BSD-2-Clause; model MIT", "terms of the service", "Apache-2.0; model unknown"),
    ]
    assert "cosyvoice generated it, in voices cloned from" in synthetic_speech(steps, speakers, 3)
    assert synthetic_speech(steps, speakers, 0) == ""


@pytest.mark.parametrize(
    ("engine", "source", "target", "model", "has_rules"),
    [
        ("bergamot", "en", "pt-BR", "en-pt", False),
        ("bergamot", "en", "es-MX", "en-pt, then apertium pt to es", True),
        ("bergamot", "ca", "en-GB", "apertium ca to pt, then en-pt", True),
        ("ctranslate2", "en", "es", "en-pt", False),
    ],
)
def test_translation_through_portuguese_is_named(
    engine: str, source: str, target: str, model: str, has_rules: bool
) -> None:
    """The model `en-pt` of a Spanish dub looks like a mistake."""
    entry = {"stage": "translate", "engine": engine, "model": "en-pt", "seconds": 1.0}
    (step,) = steps_of([entry], source, target)
    assert step.model == model
    assert ("apertium GPL-2.0-or-later" in step.license) is has_rules


@pytest.mark.parametrize(
    ("engine", "model", "text"),
    [
        ("faster-whisper", "base", "MIT"),
        ("ctranslate2", "nllb-200-distilled-600M", "CC-BY-NC-4.0: noncommercial use only"),
        ("cosyvoice", "CosyVoice-300M", None),
    ],
)
def test_license_of_a_model_is_that_of_its_family(
    engine: str, model: str, text: str | None
) -> None:
    assert model_license(engine, model) == text


def test_every_engine_has_a_license() -> None:
    assert set(ENGINE_LICENSES) == set(ENGINES) - {"none"}


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [(0, 0, "0:00"), (59.96, 1, "1:00.0"), (3599.97, 1, "1:00:00.0"), (7325.2, 0, "2:02:05")],
)
def test_clock(seconds: float, decimals: int, text: str) -> None:
    assert clock(seconds, decimals) == text
