"""What separate and transcribe spend outside their library's own calls."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from clips import Recipe, make
from dub_run import REAL, SEED

import dubstage.separate.stage
import dubstage.transcribe.stage
from dubstage.contract import ExitCode, Stage
from dubstage.separate.engine import Block, Separator
from dubstage.testing import request_for, run_stage_in
from dubstage.transcribe.engine import Recognition, Recognizer
from dubstage.workspace.work import Work

CLIP = Recipe("overhead", 20, (1.0,))


class Clock:
    """Adds up the time that a library takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def took(self, begun: float) -> None:
        self.seconds += time.monotonic() - begun


class TimedSeparator:
    """A separator whose time is measured separately from reading and writing."""

    def __init__(self, inner: Separator, clock: Clock) -> None:
        self._inner, self._clock = inner, clock

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        own = Clock()

        pairs = Clock()
        yield from _each(self._inner.separate(_each(blocks, own)), pairs)
        self._clock.seconds += pairs.seconds - own.seconds


class TimedRecognizer:
    """A recognizer whose time is measured."""

    def __init__(self, inner: Recognizer, clock: Clock) -> None:
        self._inner, self._clock = inner, clock

    def recognize(self, *asked: Any) -> Recognition:
        begun = time.monotonic()
        found = self._inner.recognize(*asked)
        self._clock.took(begun)
        return found


def overhead_per_minute(folder: Path) -> dict[str, float]:
    """Seconds per minute of audio, by stage, without loading the model."""
    clip = make(CLIP, folder / "clip")
    job = folder / "job"
    (job / "inputs/clip").mkdir(parents=True)
    (job / "models").symlink_to(SEED)
    clip.file.rename(job / "inputs/clip/source.mp4")
    _run(job, Stage.INGEST)
    minutes = clip.seconds / 60
    found = {}
    for stage, module, timed in (
        (Stage.SEPARATE, dubstage.separate.stage, TimedSeparator),
        (Stage.TRANSCRIBE, dubstage.transcribe.stage, TimedRecognizer),
    ):
        clock = Clock()
        load = module.load_engine

        def loaded(work: Work, load=load, timed=timed, clock=clock):  # type: ignore[no-untyped-def]
            begun = time.monotonic()
            engine = timed(load(work), clock)
            clock.took(begun)
            return engine

        with mock.patch.object(module, "load_engine", loaded):
            found[str(stage)] = (_run(job, stage) - clock.seconds) / minutes
    return found


def _run(job: Path, stage: Stage) -> float:
    ended = run_stage_in(job, request_for(stage, engines=REAL))
    if ended.code is not ExitCode.OK:
        raise RuntimeError(ended.result.message)
    return ended.result.seconds


def _each(items: Iterable[Block] | Iterator[tuple[Block, Block]], clock: Clock):  # type: ignore[no-untyped-def]
    """The items, the time to get them counted."""
    coming = iter(items)
    while True:
        begun = time.monotonic()
        item = next(coming, None)
        clock.took(begun)
        if item is None:
            return
        yield item
