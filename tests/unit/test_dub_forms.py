"""`-o json`, `yaml` and `name`: one document on standard output, for every verb."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from one_dub import VIDEO, Api, api, dubjob, run
from test_dub_streams import VERBS

__all__ = ["api"]
OBJECTS = ("submit talk.mp4 --to es --name new", "list", "watch talk", "profiles")
"""Verbs that show objects of the cluster."""
PLAIN = ("--version", "--help", "list -h")


def shown(
    form: str, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    assert run(f"-o {form} {verb.removesuffix(' -o json')}", monkeypatch) == 0
    return capsys.readouterr().out


def values(found: Any) -> Iterator[tuple[str, Any]]:
    """Every key and its value, at any depth."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield key, value
            yield from values(value)
    elif isinstance(found, list):
        for each in found:
            yield from values(each)


@pytest.mark.parametrize(
    ("verb", "state"), [each for each in VERBS.items() if each[0] not in PLAIN]
)
def test_json_is_one_document(
    verb: str, state: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    api.set(dubjob(state, suspend=state == "Suspended"))
    text = shown("json", verb, monkeypatch, capsys)
    found = [json.loads(line) for line in text.splitlines()] if "logs" in verb else json.loads(text)
    assert found
    for key, value in values(found):
        assert key != "managedFields"
        is_number = isinstance(value, str) and value.replace(",", "").isdigit()
        assert not is_number or key == "resourceVersion", (key, value)


@pytest.mark.parametrize("verb", OBJECTS)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_objects_are_complete(
    verb: str, form: str, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    text = shown(form, verb, monkeypatch, capsys)
    (found,) = json.loads(text) if form == "json" else yaml.safe_load_all(text)
    assert found["kind"] in ("DubJob", "DubProfile")
    assert found["metadata"]["namespace"] == "dubbing"
    assert found["spec"]


def test_a_checked_dubjob_has_its_spec(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown("json", "submit talk.mp4 --to es --dry-run server", monkeypatch, capsys)
    (found,) = json.loads(text)
    assert found["spec"]["targetLanguage"] == "es"


def test_a_dub_that_is_followed_is_shown_in_the_end(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.set(dubjob("Completed", name="talk-es"), dubjob("Completed", name="talk-ca"))
    text = shown("json", "submit talk.mp4 --to es,ca --replace --get out", monkeypatch, capsys)
    first, second = json.loads(text)
    assert (first["metadata"]["name"], second["metadata"]["name"]) == ("talk-es", "talk-ca")
    assert first["status"]["outputs"]


def test_a_watch_that_ends_early_shows_the_dub(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api.set(dubjob("Running"))
    assert run("watch talk --timeout 0 -o json", monkeypatch) == 3
    (found,) = json.loads(capsys.readouterr().out)
    assert found["status"]["stage"] == "translate"


def test_sizes_are_numbers(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(shown("json", "get talk out --only video", monkeypatch, capsys))
    assert found == [{"file": "out/dubbed_video.mp4", "bytes": len(VIDEO)}]
    assert "1,400" in shown("table", "get talk out --only video", monkeypatch, capsys)


def test_without_prices_there_is_no_price(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = json.loads(shown("json", "cost", monkeypatch, capsys))
    assert "price" not in found
    monkeypatch.setattr("dubjob.commands.cost._prices", lambda file: {"cpu": 1.0})
    (found,) = json.loads(shown("json", "cost --prices any", monkeypatch, capsys))
    assert found["price"] == 0.0


def test_a_log_is_lines_of_json(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = map(json.loads, shown("json", "logs talk", monkeypatch, capsys).splitlines())
    assert first == {"stage": "mux", "time": "2026-01-02T03:04:05Z", "message": "mixed"}
    assert second == {"stage": "mux", "message": "x"}
    assert list(yaml.safe_load_all(shown("yaml", "logs talk", monkeypatch, capsys))) == [
        first, second,
    ]  # fmt: skip
    assert run("logs talk -o name", monkeypatch) == 2
    assert "A log has no names" in capsys.readouterr().err
