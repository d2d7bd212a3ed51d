"""A stage that is preempted at any moment, and what the next run finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import killed_stage
import pytest
from killed_stage import Words
from speech_world import WatchedEngine, segment, write_job

from dubstage.contract import ExitCode, Stage
from dubstage.synthesize import stage as synthesize_stage
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.translate import stage as translate_stage
from dubstage.workspace.layout import Artifact

SEGMENTS = [
    segment(number, number * 1.5 + 0.2, number * 1.5 + 1.2, text, speaker="AB"[number % 2])
    .model_copy(update={"text": f"{text}, my friend {number}"})
    for number, text in enumerate(["hola amigo", "sí", "sí", "adiós a todos"])
]  # fmt: skip


def before(folder: Path, stage: Stage) -> None:
    """The job before the stage."""
    write_job(folder, SEGMENTS)
    if stage is Stage.TRANSLATE:
        for file in (folder / "interim").rglob("*transl*"):
            if file.is_file():
                file.unlink()


@pytest.mark.parametrize(("stage", "step"), [(Stage.SYNTHESIZE, 5), (Stage.TRANSLATE, 3)])
@pytest.mark.timeout(180)
def test_killed_stage_ends_as_an_undisturbed_one(stage: Stage, step: int, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    before(tmp_path / "volume", stage)
    command = [sys.executable, killed_stage.__file__, str(tmp_path), stage.value, str(step)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["changes"] > 20


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "garbage": lambda _: b"\xff\xfe\0garbage",
    "other JSON": lambda _: b"[]",
    "null": lambda _: b"null",
    "deep JSON": lambda _: b"[" * 100_000,
    "not a number": lambda content: _with_numbers(content, b"NaN"),
    "infinite": lambda content: _with_numbers(content, b"1e999"),
    "negative": lambda content: _with_numbers(content, b"-1"),
    "zero": lambda content: _with_numbers(content, b"0"),
    "huge": lambda content: _with_numbers(content, b"1e300"),
}


def _with_numbers(content: bytes, number: bytes) -> bytes:
    """A record with other numbers; a recording as it is."""
    if content.startswith(b"RIFF"):
        return content
    record = json.loads(content)
    changed = dict.fromkeys(record.keys() & {"duration", "speed"}, "?")
    return json.dumps({**record, **changed}).replace('"?"', number.decode()).encode()


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("stage", [Stage.SYNTHESIZE, Stage.TRANSLATE])
def test_damaged_kept_files_are_made_again(
    name: str, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WatchedEngine()
    monkeypatch.setattr(synthesize_stage, "load_engine", lambda _: engine)
    monkeypatch.setattr(translate_stage, "load_engine", lambda _: Words())
    before(tmp_path, stage)
    result = {Stage.SYNTHESIZE: Artifact.TTS_SEGMENTS, Stage.TRANSLATE: Artifact.TRANSLATED}[stage]

    def run() -> Ended:
        ended = run_stage_in(tmp_path, request_for(stage))
        assert ended.code == ExitCode.OK, ended.result
        return ended

    ended = run()
    expected = ended.tree.files(result)[0].read_bytes()
    kept = ended.tree.clip_cache if stage is Stage.SYNTHESIZE else ended.tree.translation_cache
    for file in list(kept.iterdir()):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(DAMAGE[name](content))
    for file in ended.tree.files(result):
        file.unlink()
    engine.asked.clear()
    assert run().tree.files(result)[0].read_bytes() == expected
    if stage is Stage.SYNTHESIZE:
        assert len(set(engine.texts)) == 3
