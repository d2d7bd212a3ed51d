"""Values of the printer columns, with their units."""

from __future__ import annotations

from dubjob_operator.api.status import Display
from dubjob_operator.planning.times import parse

UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def display(
    progress: int, remaining: int | None, start_time: str, completion_time: str | None
) -> Display:
    """The texts for `kubectl get`. `progress`: percent; `remaining`: seconds, None if unknown."""
    took = None
    if completion_time:
        took = int((parse(completion_time) - parse(start_time)).total_seconds())
    return Display(
        progress=f"{progress}%",
        remaining=None if remaining is None else duration(remaining),
        duration=None if took is None else duration(took),
    )


def duration(seconds: int) -> str:
    """Seconds in the two largest units that they fill, for example 1m13s."""
    seconds = max(seconds, 0)
    first = next((i for i, (_, size) in enumerate(UNITS) if seconds >= size), len(UNITS) - 1)
    parts: list[str] = []
    for unit, size in UNITS[first : first + 2]:
        count, seconds = divmod(seconds, size)
        if count or not parts:
            parts.append(f"{count}{unit}")
    return "".join(parts)
