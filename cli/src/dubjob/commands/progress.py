"""Progress of transfers and of dubs: bars on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from dubjob.commands.session import Session
from dubjob.dub import Dub
from dubjob.errors import printable
from dubjob.handle import DubHandle
from dubjob.volume import Progress as Report
from dubjob_operator.api.status import StageState, StageStatus


@contextmanager
def transfer_bars(console: Console, *, lines: bool = True) -> Iterator[Report]:
    """A bar for each file. Off a terminal, a line for each file that is complete, unless `lines`
    is false."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(), console=console, disable=not console.is_terminal, transient=True,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=size)
            bars.update(tasks[name], completed=done)
            if lines and done >= size and not console.is_terminal:
                console.print(printable(f"{name}: {done:,} bytes"), markup=False)

        yield report


def follow(session: Session, handles: list[DubHandle], seconds: float | None) -> list[Dub]:
    """Follow the DubJobs until each has finished or awaits a review, and return their last state.

    Raises :class:`WaitTimeoutError` after `seconds`.
    """
    several = len(handles) > 1
    return [_follow(session, handle, seconds, prefix=several) for handle in handles]


def _follow(session: Session, handle: DubHandle, seconds: float | None, *, prefix: bool) -> Dub:
    console = session.errors
    before = f"{handle.name}: " if prefix else ""
    with Progress(
        TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[note]}", markup=False), console=console,
        disable=not console.is_terminal,
    ) as bars:  # fmt: skip
        shown: dict[str, str] = {}
        tasks: dict[str, TaskID] = {}
        for dub in handle.follow(seconds):
            for stage in dub.stages:
                line = describe(stage)
                if console.is_terminal:
                    _draw(bars, tasks, stage)
                elif stage.state is not StageState.PENDING and shown.get(stage.name) != line:
                    console.print(f"{before}{stage.name:<11} {line}", markup=False)
                shown[stage.name] = line
            left = dub.status.display.remaining if dub.status.display else None
            bars.refresh()
            if console.is_terminal and left and dub.status.stage in tasks:
                bars.update(tasks[dub.status.stage], note=f"{left} left. {dub.message}")
    console.print(f"{before}{printable(dub.message)}", markup=False)
    return dub


def _draw(bars: Progress, tasks: dict[str, TaskID], stage: StageStatus) -> None:
    """Show the bar of one stage."""
    if stage.name not in tasks:
        tasks[stage.name] = bars.add_task(stage.name, total=100, note="")
    done = 100 if stage.state is StageState.SUCCEEDED else stage.progress or 0
    bars.update(tasks[stage.name], completed=done, note=describe(stage))


def describe(stage: StageStatus) -> str:
    """The state of a stage in a few words."""
    text = "Reused" if stage.reused else str(stage.state)
    if text == "Succeeded" and stage.elapsed_milliseconds is not None:
        text += f" in {stage.elapsed_milliseconds / 1000:.1f} s"
    if stage.message and text not in ("Running", "Reused"):
        text += f": {stage.message}"
    return printable(text)
