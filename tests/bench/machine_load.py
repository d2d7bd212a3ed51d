"""How busy the machine was with other work while something was measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Load:
    """The load of the machine during a measurement."""

    average: float
    """Load average over the last minute, at the end."""
    others: float
    """Share of the processors' time that processes outside the benchmark took, 0 to 1."""

    def __str__(self) -> str:
        return f"load {self.average:.1f}, others {self.others:.0%}"


class LoadMeter:
    """Measures from its creation on. What a process and its descendants use is their own, so all
    of them must still exist, or have been waited for, when the load is read."""

    def __init__(self, pid: int | None = None, proc: Path = PROC) -> None:
        self._pid = pid or os.getpid()
        self._proc = proc
        self._before = self._ticks()

    def load(self) -> Load:
        """The load since then."""
        total, busy, own = (
            now - before for now, before in zip(self._ticks(), self._before, strict=True)
        )
        average = float(self._proc.joinpath("loadavg").read_text().split()[0])
        return Load(average, min(max((busy - own) / total, 0.0), 1.0) if total else 0.0)

    def _ticks(self) -> tuple[int, int, int]:
        """Ticks of all processors, those in which they worked, and our own."""
        first = self._proc.joinpath("stat").read_text().splitlines()[0]
        # user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user and nice.
        fields = [int(field) for field in first.split()[1:9]]
        total = sum(fields)
        return total, total - fields[3] - fields[4], self._own()

    def _own(self) -> int:
        parents: dict[int, int] = {}
        ticks: dict[int, int] = {}
        for entry in self._proc.iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                # It has ended; its parent counts its time once it has waited for it.
                continue
            parents[int(entry.name)] = int(fields[1])
            # utime, stime, and the same of the children that were waited for: 14 to 17 of proc(5).
            ticks[int(entry.name)] = sum(int(field) for field in fields[11:15])
        return sum(ticks[pid] for pid in ticks if _descends(pid, self._pid, parents))


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid and pid != ancestor:
        pid = parents.get(pid, 0)
    return pid == ancestor
