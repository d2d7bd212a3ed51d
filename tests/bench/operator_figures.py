"""The figures of the operator's benchmark, and what they have to be."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goals import Goal
from machine_load import Load

HOP = 30
"""Milliseconds of a hop where there is one DubJob."""
MAKESPAN = {100: 1.05, 1000: 1.1}
"""DubJobs at once → how many times as long as the bare script they may take."""
PROCESSOR = 60
"""CPU milliseconds per DubJob, by the number of DubJobs at once."""
MEMORY = 300
"""Megabytes with the finished DubJobs."""
HEADER = (
    f"{'what':<9} {'DubJobs':>6} {'total s':>9} {'hop p50':>9} {'p95 ms':>9} {'writes':>8} "
    f"{'CPU s':>8} {'ms each':>9} {'RSS MB':>8}  machine"
)


@dataclass
class Row:
    """One line of the table."""

    what: str
    count: int
    seconds: float
    hops: list[float]
    cpu: float = 0.0
    memory: float = 0.0
    writes: float = 0.0
    load: Load | None = None

    @property
    def hop(self) -> float:
        """The median hop in milliseconds."""
        return statistics.median(self.hops) * 1000

    @property
    def processor(self) -> float:
        """Milliseconds of processor time for each DubJob."""
        return self.cpu / self.count * 1000

    def __str__(self) -> str:
        hops = sorted(self.hops)
        return (
            f"{self.what:<9} {self.count:>6} {self.seconds:>9.1f} {self.hop:>9.0f} "
            f"{hops[int(len(hops) * 0.95)] * 1000:>9.0f} {self.writes / self.count:>8.1f} "
            f"{self.cpu:>8.2f} {self.processor:>9.1f} {self.memory:>8.0f}  {self.load or ''}"
        )


@dataclass(frozen=True)
class Pair:
    """The script and the operator, one after the other."""

    raw: Row
    dubs: Row

    @property
    def times(self) -> float:
        """How many times as long as the script the operator took."""
        return self.dubs.seconds / self.raw.seconds


def at_once(pairs: Sequence[Pair]) -> Iterator[Goal]:
    """The goals that this many DubJobs at once have, for the medians; other numbers have none."""
    count = pairs[0].dubs.count
    if count == 1:
        hop = statistics.median(pair.dubs.hop for pair in pairs)
        yield Goal(f"one DubJob: median hop at most {HOP} ms", f"{hop:.0f} ms", hop <= HOP)
    if count in MAKESPAN:
        times, limit = statistics.median(pair.times for pair in pairs), MAKESPAN[count]
        yield Goal(
            f"{count} at once: at most {limit} times as long as the bare script",
            f"{times:.2f}",
            times <= limit,
        )
        processor = statistics.median(pair.dubs.processor for pair in pairs)
        yield Goal(
            f"{count} at once: at most {PROCESSOR} ms of processor time each",
            f"{processor:.0f} ms",
            processor <= PROCESSOR,
        )


def summary(pairs: Sequence[Pair]) -> str:
    """Median and spread of the pairs, on one line."""
    figures = {
        "times": ([pair.times for pair in pairs], "{:.2f}"),
        "hop ms": ([pair.dubs.hop for pair in pairs], "{:.0f}"),
        "CPU ms each": ([pair.dubs.processor for pair in pairs], "{:.0f}"),
    }
    parts = [
        f"{name} {form.format(statistics.median(found))} "
        f"({form.format(min(found))} to {form.format(max(found))})"
        for name, (found, form) in figures.items()
    ]
    return f"{len(pairs)} pairs of {pairs[0].dubs.count}: {', '.join(parts)}"


def idle(count: int, megabytes: float) -> Goal:
    """The goal for an operator that looks after finished DubJobs."""
    what = f"{count} finished: at most {MEMORY} MB of memory"
    return Goal(what, f"{megabytes:.0f} MB", megabytes <= MEMORY)
