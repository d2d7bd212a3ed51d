"""`dub review`: a correction is read before it is uploaded or approved."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from followed_dubs import conditions, dub
from test_dub_transfer import FlakyPod

from dubjob.client import Client
from dubjob.commands import app
from dubjob.volume import Volume
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import REVIEWED, Stage

SRT = "00:00:01,000 --> 00:00:02,500\n¡Hola!\n"
SEGMENTS = [
    {"segment_id": "segment_0000", "speaker": "A", "start": 1.0, "end": 2.5, "duration": 1.5,
     "text": "Hello.", "translation": "Hola.", "untranslated": False},
]  # fmt: skip
INGEST = {"name": "ingest", "state": "Succeeded", "summary": {"durationMilliseconds": 60000}}


class Reviewed(Client):
    """A client with one DubJob that awaits a review, whose data volume is a folder here."""

    def __init__(self, root: Path, stage: Stage, **spec: str) -> None:
        self.cluster = self  # type: ignore[assignment]
        self.root, self.stage, self.spec = root, stage, spec
        self.patches: list[dict[str, Any]] = []

    def dubjob(self, name: str) -> Mapping[str, Any]:
        stages = [INGEST, {"name": str(self.stage), "state": "AwaitingReview", "run": 1}]
        waiting = conditions("AwaitingReview", Finished="False")
        return dub(
            spec=self.spec, conditions=waiting, stages=stages, stage=str(self.stage),
            sourceLanguage=self.spec.get("sourceLanguage", "ja"),
        ).raw  # fmt: skip

    def patch_dubjob(self, name: str, patch: dict[str, Any]) -> None:
        self.patches.append(patch)

    def profile(self, reference: Mapping[str, str] | None = None) -> DubProfile:
        stages = {str(stage): {"engine": "none", "image": "i"} for stage in Stage}
        return DubProfile.model_validate({"metadata": {"name": "p"}, "spec": {"stages": stages}})

    @contextmanager
    def volume(self, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        yield Volume(FlakyPod(self.root))


def client_for(root: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage, **spec: str) -> Reviewed:
    target = root / REVIEWED[stage].format(job="talk")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(SEGMENTS))
    client = Reviewed(root, stage, **spec)
    monkeypatch.setattr("dubjob.commands.session.Client", lambda *_, **__: client)
    return client


def review(file: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["dub", "review", "talk", "--file", str(file), "--yes"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)


def uploaded(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "inputs/talk").glob("*"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.srt", "garbage", "bad.srt cannot replace the result of the translate stage; line 1: "
         "expected times like 00:01:02,500"),
        ("bad.SRT", "garbage", "line 1: expected times like"),
        ("bad.vtt", "WEBVTT\n\n00:02.000 --> 00:01.000\nHola\n", "the end is not after the start"),
        ("bad.ass", "[Events]\nFormat: Start, End, Text\nDialogue: x,y,Hola\n", "expected times"),
        ("bad.json", "{", "line 1: it is not JSON"),
        ("bad.json", "[]", "it has no segments"),
        ("bad.json", '[{"segment_id": "segment_0009", "translation": "Hola."}]',
         "item 1: there is no segment segment_0009"),
        ("empty.srt", "", "it has no cues"),
        ("late.srt", "01:00:01,000 --> 01:00:02,000\nHola\n", "no segment is spoken at that time"),
        ("binary.srt", "ab\0" + 20 * "c", "byte 2 is not text"),
        ("translation.txt", SRT, "expected a file whose name ends with .json, .srt, .vtt or .ass"),
        ("translation.ssa", SRT, "rename it, for example to translation.srt"),
        ("translation", SRT, "expected a file whose name ends"),
    ],
)  # fmt: skip
def test_no_invalid_correction_is_uploaded_or_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    name: str, content: str, message: str,
) -> None:  # fmt: skip
    client = client_for(tmp_path / "volume", monkeypatch, Stage.TRANSLATE)
    (tmp_path / name).write_text(content)
    assert review(tmp_path / name, monkeypatch) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Nothing was uploaded or approved." in error
    assert "inputs/talk" not in error, "the user knows the file by another name"
    assert (client.patches, uploaded(client.root)) == ([], [])


def test_a_transcript_after_the_end_of_the_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = client_for(tmp_path / "volume", monkeypatch, Stage.TRANSCRIBE, sourceLanguage="en")
    (tmp_path / "late.srt").write_text("00:01:01,000 --> 00:01:02,000\nHello\n")
    assert review(tmp_path / "late.srt", monkeypatch) == 2
    assert "the source ends at 60.0 s" in capsys.readouterr().err
    assert client.patches == []


def test_a_transcript_whose_language_was_detected_is_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from a file in the code page of that language, in which a letter ends like a
    backslash."""
    client = client_for(tmp_path / "volume", monkeypatch, Stage.TRANSCRIBE)
    rows = [{"start": 1.0, "end": 2.5, "text": "表"}]
    text = json.dumps(rows, ensure_ascii=False)
    (tmp_path / "heard.json").write_text(text, encoding="shift_jis")
    assert review(tmp_path / "heard.json", monkeypatch) == 0
    assert uploaded(client.root) == ["transcript.json"]
    assert len(client.patches) == 1


@pytest.mark.parametrize("name", ["good.srt", "GOOD.SRT"])
def test_a_valid_correction_replaces_an_earlier_one_of_another_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Ingest and the import refuse two files for one result."""
    client = client_for(tmp_path / "volume", monkeypatch, Stage.TRANSLATE)
    (client.root / "inputs/talk").mkdir(parents=True)
    (client.root / "inputs/talk/translation.json").write_text("[]")
    (client.root / "inputs/talk/source.mp4").write_text("video")
    (tmp_path / name).write_text(SRT, encoding="utf-16")
    assert review(tmp_path / name, monkeypatch) == 0
    assert uploaded(client.root) == ["source.mp4", "translation.srt"]
    assert "talk/translation.json removed: talk/translation.srt replaces it" in (
        capsys.readouterr().out
    )
    assert len(client.patches) == 1
