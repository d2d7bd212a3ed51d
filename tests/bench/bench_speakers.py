"""How well the diarizer of the cpu profile knows who speaks when: `make bench-speakers`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from time import process_time

import numpy
from conversations import RATE, RECIPES, Said, conversations
from dub_run import SEED
from numpy.typing import NDArray

from dubstage.speakers.diarizer import Diarizer
from dubstage.speakers.networks import Networks

MODEL = SEED / "diarizer/v1"
FOLDER = Path("build/bench-speakers")
STEPS = 100
"""Per second."""
GOAL_DER, GOAL_CONFUSION = 0.15, 0.02
"""Means over all clips."""
GOAL_RIGHT = 0.85
"""The share of the clips with the right number of speakers."""


@dataclass(frozen=True)
class Figures:
    """The result for one clip; shares of the time that anybody speaks."""

    error: float
    """Diarization error rate, without a collar."""
    confusion: float
    """Somebody else is named."""
    speakers: int
    found: int


def measured(said: Sequence[Said], found: Sequence[tuple[float, float, int]]) -> Figures:
    """Compare who speaks with whom the diarizer names, by the best pairs of names."""
    end = round(max(each[1] for each in [*said, *found]) * STEPS) + 1
    truth, guess = _grid(said, end), _grid(found, end)
    overlap = truth.astype(int) @ guess.T.astype(int)
    size = max(overlap.shape)
    square = numpy.zeros((size, size), int)
    square[: overlap.shape[0], : overlap.shape[1]] = overlap
    rows = numpy.arange(size)
    best = max(permutations(range(size)), key=lambda columns: int(square[rows, columns].sum()))
    correct = numpy.zeros(end, int)
    for row, column in enumerate(best):
        if row < len(truth) and column < len(guess):
            correct += truth[row] & guess[column]
    real, named = truth.sum(axis=0), guess.sum(axis=0)
    total = real.sum()
    error = (numpy.maximum(real, named) - correct).sum() / total
    confusion = (numpy.minimum(real, named) - correct).sum() / total
    return Figures(float(error), float(confusion), len(truth), len(guess))


def _grid(spans: Sequence[tuple[float, float, object]], end: int) -> NDArray[numpy.bool_]:
    """Who is active at each step: shape (speakers, steps)."""
    names = sorted({str(who) for *_, who in spans})
    grid = numpy.zeros((len(names), end), bool)
    for start, stop, who in spans:
        grid[names.index(str(who)), round(start * STEPS) : round(stop * STEPS)] = True
    return grid


def main() -> int:
    """Print a line per clip; return 1 if a goal is missed."""
    networks = Networks(MODEL, threads=2)
    results: list[Figures] = []
    seconds = cost = 0.0
    for part in RECIPES:
        print(f"\n| clips for the {part} | seconds | speakers, found | DER | confusion |")
        print("|---|---|---|---|---|")
        for name, samples, said in conversations(part, FOLDER):
            begun = process_time()
            diarizer = Diarizer(networks)
            diarizer.hear(samples, 0.0)
            turns = [(turn.start, turn.end, turn.speaker) for turn in diarizer.turns()]
            cost += process_time() - begun
            seconds += len(samples) / RATE
            one = measured(said, turns)
            results.append(one)
            print(
                f"| {name} | {len(samples) / RATE:.0f} | {one.speakers}, {one.found} "
                f"| {one.error:.1%} | {one.confusion:.1%} |",
                flush=True,
            )
    error = float(numpy.mean([one.error for one in results]))
    confusion = float(numpy.mean([one.confusion for one in results]))
    right = sum(one.speakers == one.found for one in results) / len(results)
    print(f"\nDER {error:.1%} (goal {GOAL_DER:.0%}), confusion {confusion:.2%} (goal "
          f"{GOAL_CONFUSION:.0%}), right number {right:.0%} (goal {GOAL_RIGHT:.0%}), "
          f"{cost / seconds:.3f} s of processor for a second")  # fmt: skip
    return int(error > GOAL_DER or confusion > GOAL_CONFUSION or right < GOAL_RIGHT)


if __name__ == "__main__":
    sys.exit(main())
