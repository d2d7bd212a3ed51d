"""Throughput of earlier runs, kept in memory. After a restart it is learned from the status of the
existing DubJobs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from statistics import median

from dubjob_operator.api.dubjob import Key
from dubjob_operator.api.status import StageState, StageStatus
from dubjob_operator.planning.estimate import SecondsPerSecond, video_seconds
from dubstage.contract import Stage

RUNS = 50
"""Number of runs of a stage that count, the latest ones."""


class Throughput:
    """Seconds of work for each second of video, by profile and stage."""

    def __init__(self) -> None:
        self._runs: dict[tuple[Key, Stage], OrderedDict[str, float]] = {}

    def learn(self, profile: Key, uid: str, stages: Sequence[StageStatus]) -> None:
        """Add the finished stages of the DubJob `uid`, each once."""
        duration = video_seconds(stages)
        if duration is None:
            return
        for entry in stages:
            is_whole = not (entry.reused or entry.imports or entry.shortens)
            done = entry.state is StageState.SUCCEEDED and is_whole
            if done and entry.elapsed_milliseconds:
                runs = self._runs.setdefault((profile, Stage(entry.name)), OrderedDict())
                runs[uid] = entry.elapsed_milliseconds / 1000 / duration
                if len(runs) > RUNS:
                    runs.popitem(last=False)

    def of(self, profile: Key) -> SecondsPerSecond:
        """The median throughput of the stages with that profile."""
        return {
            stage: median(runs.values()) for (key, stage), runs in self._runs.items()
            if key == profile
        }  # fmt: skip
