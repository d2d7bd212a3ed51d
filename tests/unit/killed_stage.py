"""Runs a stage that is killed at each of its changes to the volume, and then run again.

Usage: killed_stage.py FOLDER STAGE STEP: FOLDER has the job before the stage. Writes one JSON
object: the number of changes, and those after which the next run differs from an undisturbed one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.translate import stage as translate_stage
from dubstage.translate.engine import Translation

CHANGES = frozenset({"os.rename", "os.link", "os.remove", "os.mkdir", "shutil.copyfile"})
KILLED = 137
VOLATILE = frozenset({"seconds", "mtime_ns"})


class Words:
    """A translation engine that turns words around."""

    reads_context = True

    def translate(self, segments: Any, job: Any) -> Any:
        for one in segments:
            text = " ".join(word[::-1] for word in one.text.split())
            yield Translation(one.segment_id, f"{text} {text}")


def run(folder: Path, stage: Stage) -> None:
    """One run of the stage, which succeeds."""
    translate_stage.load_engine = lambda _: Words()  # type: ignore[assignment]
    engines = {**ENGINES, Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng")}
    ended = run_stage_in(folder, request_for(stage, engines=engines))
    if ended.code != ExitCode.OK:
        print(ended.result, file=sys.stderr)
        os._exit(1)


def forked(work: Callable[[], None]) -> int:
    """The exit status of `work` in a process of its own."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(2)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number: int, folder: Path, stage: Stage) -> None:
    """A run that ends without any cleaning up before its `number`th change."""
    count = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if is_write or event in CHANGES:
            count += str(folder) in str(arguments[0])
            if count == number:
                os._exit(KILLED)

    sys.addaudithook(watch)
    run(folder, stage)


def state(folder: Path) -> dict[str, Any]:
    """The content of every file, without what is different in every run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): _content(path) for path in files}


def _content(path: Path) -> Any:
    content = path.read_bytes()
    if path.suffix != ".json" or not content:
        return content
    return _without(json.loads(content))


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(item)
            for name, item in value.items()
            if name not in VOLATILE and not name.startswith("reused")
        }
    return [_without(item) for item in value] if isinstance(value, list) else value


def main(folder: Path, stage: Stage, step: int) -> None:
    """Try every `step`th change."""
    place, before = folder / "volume", folder / "before"
    place.rename(before)
    shutil.copytree(before, place)
    assert forked(lambda: run(place, stage)) == 0
    expected = state(place)
    number, wrong = 1, []
    while True:
        shutil.rmtree(place)
        shutil.copytree(before, place)
        if forked(lambda at=number: killed_at(at, place, stage)) != KILLED:  # type: ignore[misc]
            break
        if forked(lambda: run(place, stage)) != 0 or state(place) != expected:
            wrong.append(number)
        number += step
    print(json.dumps({"changes": number, "wrong": wrong, "files": len(expected)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Stage(sys.argv[2]), int(sys.argv[3]))
