"""What a benchmark has to reach, and whether it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One figure, and what it has to be."""

    what: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"  {'met    ' if self.met else 'NOT MET'}  {self.what:<62} {self.found}"


def verdict(goals: Sequence[Goal]) -> int:
    """Print them; 0 where every one is met, else 1."""
    print("\n".join(["", "goals", *map(str, goals)]), flush=True)
    return 0 if all(goal.met for goal in goals) else 1
