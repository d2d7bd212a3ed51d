"""Compare the quality of a dub with a baseline for the same speech.

    make bench-dubbing        BENCH_CLIPS="one speaker;music"  for some of the clips

Runs made clips, whose truth is known, through the real stages of the cpu profile. Prints
what it measured and the goals; ends with 1 where one is missed.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from clips import RECIPES, make
from dub_figures import Figures
from dub_run import Dubbed, dub
from goals import Goal, verdict
from ingest_cost import ingest_ratio
from mux_cost import Cost
from overhead import overhead_per_minute

from dubstage.mux.totals import percentile

HERE = Path(__file__).parent
MINUTES = (1, 30)
"""Durations of the sources with which the memory of mux is measured."""

HEADER = (
    f"{'clip':<14} {'method':<6} {'segs':>5} {'plan p95':>9} {'truth p95':>9} {'no seg':>7} "
    f"{'fastest':>7} {'>1.5':>4} {'trim':>4} {'LU off':>6} {'peak':>6} {'bg dB':>6} "
    f"{'drift ms':>8}"
)


def main() -> int:
    """Measure, print, judge; 0 where every goal is met."""
    selected = [name for name in os.environ.get("BENCH_CLIPS", "").split(";") if name]
    print(HEADER, flush=True)
    found: list[Dubbed] = []
    with tempfile.TemporaryDirectory(prefix="bench-dubbing-") as name:
        for number, recipe in enumerate(RECIPES):
            if selected and recipe.name not in selected:
                continue
            folder = Path(name) / str(number)
            result = dub(make(recipe, folder / "clip"), folder / "job")
            print(_row(recipe.name, "ours", result.ours))
            print(_row("", "plain", result.plain), flush=True)
            found.append(result)
        print(_speeds(found), flush=True)
        goals = [*quality(found), *costs(Path(name))]
    return verdict(goals)


def quality(found: Sequence[Dubbed]) -> Iterator[Goal]:
    """The goals over the whole set."""
    ours, plain = [x.ours for x in found], [x.plain for x in found]
    segments = sum(figures.segments for figures in ours)
    plan = percentile(sorted(e for x in ours for e in x.plan_errors), 0.95) * 1000
    yield Goal("onset against the plan, p95, at most 20 ms", f"{plan:.1f} ms", plan <= 20)
    truth = percentile(sorted(e for x in ours for e in x.truth_errors), 0.95) * 1000
    yield Goal("onset against the truth, p95, at most 120 ms", f"{truth:.1f} ms", truth <= 120)
    lost = sum(x.without_segment for x in ours) / sum(x.utterances for x in ours)
    yield Goal("at most 2 % of utterances without a segment", f"{lost:.1%}", lost <= 0.02)
    above = sum(figures.above_cap for figures in ours)
    yield Goal("no segment above 1.5", f"{above} of {segments}", above == 0)
    trimmed = sum(figures.trimmed for figures in ours)
    share = sum(figures.above_cap for figures in plain) / sum(figures.segments for figures in plain)
    yield Goal(
        "at most 2 % of segments trimmed, while plain leaves 10 % above 1.5",
        f"{trimmed / segments:.1%} (plain {share:.1%})",
        trimmed / segments <= 0.02 and share >= 0.1,
    )
    off = max(abs(x.dub.integrated - x.source.integrated) for x in ours)
    yield Goal("dub within 1 LU of the source", f"{off:.1f} LU", off <= 1.0)
    peak = max(figures.dub.true_peak for figures in ours)
    yield Goal("true peak at most -1 dBTP", f"{peak:.1f} dBTP", peak <= -1.0)
    changes = [abs(x.background_change) for x in ours if not math.isnan(x.background_change)]
    yield Goal(
        "background outside speech within 1 dB", f"{max(changes):.2f} dB", max(changes) <= 1.0
    )
    drift = max(abs(figures.drift) for figures in ours) * 1000
    yield Goal("drift 0: same duration as the source, within 1 ms", f"{drift:.2f} ms", drift < 1.0)


def costs(folder: Path) -> Iterator[Goal]:
    """What the stages cost besides what their libraries do."""
    for stage, seconds in overhead_per_minute(folder / "overhead").items():
        yield Goal(
            f"{stage}: at most 1 s per minute outside the library", f"{seconds:.2f} s", seconds <= 1
        )
    ratio = ingest_ratio(folder / "ingest")
    yield Goal(
        "ingest: at most 1.2 times as long as one decode by ffmpeg", f"{ratio:.2f}", ratio <= 1.2
    )
    runs = {minutes: _mux_cost(folder / f"mux-{minutes}", minutes) for minutes in MINUTES}
    short, long = (runs[minutes] for minutes in MINUTES)
    times = MINUTES[1] * 60 / long.seconds
    yield Goal(
        f"mux at least 20 times real time ({os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f})",
        f"{times:.1f}x",
        times >= 20,
    )
    per_minute = long.processor_seconds / MINUTES[1]
    yield Goal(
        "mux: at most 2.2 s of CPU time per minute (2.5 with one encoder and loudnorm)",
        f"{per_minute:.2f} s",
        per_minute <= 2.2,
    )
    grown = long.memory_mib / short.memory_mib
    yield Goal(
        "mux: memory flat from 1 to 30 minutes (within 20 %)",
        f"{short.memory_mib:.0f} MiB, {long.memory_mib:.0f} MiB",
        grown <= 1.2,
    )


def _mux_cost(folder: Path, minutes: int) -> Cost:
    folder.mkdir()
    script = [sys.executable, str(HERE / "mux_cost.py")]
    quiet = subprocess.DEVNULL
    subprocess.run([*script, "prepare", str(folder), str(minutes)], check=True, stderr=quiet)
    done = subprocess.run(
        [*script, "mux", str(folder)], check=True, stdout=subprocess.PIPE, stderr=quiet
    )
    return Cost(**json.loads(done.stdout))


def _row(name: str, method: str, found: Figures) -> str:
    """One row of the table, without a figure for a background that is never alone."""
    change = "-" if math.isnan(found.background_change) else f"{found.background_change:+.1f}"
    return (
        f"{name:<14} {method:<6} {found.segments:>5} "
        f"{percentile(found.plan_errors, 0.95) * 1000:>6.0f} ms "
        f"{percentile(found.truth_errors, 0.95) * 1000:>6.0f} ms {found.without_segment:>7} "
        f"{max(found.speeds):>7.2f} "
        f"{found.above_cap:>4} {found.trimmed:>4} "
        f"{found.dub.integrated - found.source.integrated:>+6.1f} {found.dub.true_peak:>6.1f} "
        f"{change:>6} {found.drift * 1000:>8.1f}"
    )


def _speeds(found: Sequence[Dubbed]) -> str:
    """CPU seconds per minute of source, by stage."""
    minutes = sum(result.duration for result in found) / 60
    stages = found[0].seconds if found else {}
    parts = [f"{stage} {sum(x.seconds[stage] for x in found) / minutes:.1f}" for stage in stages]
    return f"\nseconds per minute of source: {', '.join(parts)}"


if __name__ == "__main__":
    sys.exit(main())
