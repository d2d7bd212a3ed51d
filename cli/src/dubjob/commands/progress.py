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
from rich.table import Column

from dubjob.commands.session import Session
from dubjob.dub import Dub, without_approval
from dubjob.errors import printable
from dubjob.handle import DubHandle
from dubjob.volume import Progress as Report
from dubjob_operator import reasons
from dubjob_operator.api.status import StageState, StageStatus
from dubstage.contract import CORRECTIONS

UNRECONCILED_READS = 2
"""The first read of a new DubJob is often before the operator's."""
AGAIN = "Run the same command again: it continues where it stopped."


@contextmanager
def transfer_bars(
    console: Console, *, lines: bool = True, interrupted: str = AGAIN
) -> Iterator[Report]:
    """A bar for each file. Off a terminal, a line for each file that is complete, unless `lines`
    is false. `interrupted`: what to do after an interrupt."""
    with interruptible(console, interrupted), _bars(console, lines=lines) as report:
        yield report


@contextmanager
def interruptible(console: Console, words: str) -> Iterator[None]:
    """Say what to do after an interrupt."""
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"dub: Interrupted. {words}")
        raise


@contextmanager
def _bars(console: Console, *, lines: bool) -> Iterator[Report]:
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
        TransferSpeedColumn(), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal, transient=True,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(printable(name), total=size)
            bars.update(tasks[name], completed=done)
            if lines and done >= size and not console.is_terminal:
                console.print(printable(f"{name}: {done:,} bytes"))

        yield report


def follow(session: Session, handles: list[DubHandle], seconds: float | None) -> list[Dub]:
    """Follow the DubJobs until each has finished or awaits a review, and return their last state.

    Raises :class:`WaitTimeoutError` after `seconds`.
    """
    several = len(handles) > 1
    try:
        return [_follow(session, handle, seconds, prefix=several) for handle in handles]
    except KeyboardInterrupt:
        place = f"dub -n {session.client.namespace}"
        session.errors.print("dub: Interrupted. The dub continues. To follow it, run:")
        for handle in handles:
            session.errors.print(f"{place} watch {handle.name}")
        raise


def _follow(session: Session, handle: DubHandle, seconds: float | None, *, prefix: bool) -> Dub:
    console = session.errors
    before = f"{handle.name}: " if prefix else ""
    with _stage_bars(console) as bars:
        shown: dict[str, str] = {}
        tasks: dict[str, TaskID] = {}
        reported: str | None = None
        unreconciled = 0
        for dub in handle.follow(seconds, lambda problem: console.print(printable(problem))):
            unreconciled = 0 if dub.is_current else unreconciled + 1
            if unreconciled == UNRECONCILED_READS:
                console.print(f"{before}{printable(dub.unreconciled or '')}")
            for stage in dub.stages:
                line = describe(stage)
                if console.is_terminal:
                    _draw(bars, tasks, stage, _remaining(dub, stage) or line)
                elif _is_begun(stage) and shown.get(stage.name) != line:
                    console.print(f"{before}{stage.name:<11} {line}")
                shown[stage.name] = line
            if (remedy := remedy_of(dub)) and reported != dub.message:
                # Messages may end with a command, which has its line to itself.
                _print(console, before, [*_unsaid(dub), remedy])
            reported = dub.message if remedy else None
            bars.refresh()
    if not remedy_of(dub):
        _print(console, before, _unsaid(dub))
    return dub


def _print(console: Console, before: str, lines: list[str]) -> None:
    for line in lines:
        console.print(f"{before}{line}")


def _unsaid(dub: Dub) -> list[str]:
    """The message of the DubJob, unless the line of a stage says the same."""
    texts = [without_approval(each.message).rstrip(".") for each in dub.stages if each.message]
    if any(text and text in dub.explanation for text in texts):
        return []
    return [printable(dub.explanation)]


def remedy_of(dub: Dub) -> str:
    """What to do about a dub that waits for its user; empty if it does not."""
    dub_n = f"dub -n {dub.namespace}"
    match dub.state if dub.is_current else None:
        case reasons.SUSPENDED:
            return f"To continue it, run: {dub_n} resume {dub.name}"
        case reasons.AWAITING_REVIEW:
            stage = dub.status.stage
            verb = "review" if stage in {str(each) for each in CORRECTIONS} else "approve"
            return f"To continue it, run: {dub_n} {verb} {dub.name}"
        case _:
            return ""


def next_step(dub: Dub) -> str:
    """What to do about a dub that waits for its user or is complete; empty otherwise."""
    if dub.is_complete:
        return f"To download it, run: dub -n {dub.namespace} get {dub.name}"
    return remedy_of(dub)


def _is_begun(stage: StageStatus) -> bool:
    """Whether the stage has begun, or says why it does not begin."""
    return stage.state is not StageState.PENDING or stage.reason is not None


def _stage_bars(console: Console) -> Progress:
    """A bar for each stage. Its message takes the rest of the width and is continued below, so that
    names and bars are not cut off for it."""
    return Progress(
        TextColumn("{task.description}", table_column=Column(min_width=10, no_wrap=True)),
        BarColumn(bar_width=16),
        TextColumn("{task.percentage:>3.0f}%", table_column=Column(no_wrap=True)),
        TextColumn(
            "{task.fields[note]}", markup=False, table_column=Column(ratio=1, overflow="fold")
        ),
        console=console, disable=not console.is_terminal, expand=True,
    )  # fmt: skip


def _draw(bars: Progress, tasks: dict[str, TaskID], stage: StageStatus, note: str) -> None:
    """Show the bar of one stage."""
    done = 100 if stage.state is StageState.SUCCEEDED else stage.progress or 0
    if stage.name in tasks:
        bars.update(tasks[stage.name], completed=done, note=note)
    else:
        tasks[stage.name] = bars.add_task(stage.name, total=100, completed=done, note=note)


def _remaining(dub: Dub, stage: StageStatus) -> str | None:
    """The time left and the message of the DubJob, if this stage runs and the time is known."""
    left = dub.status.display.remaining if dub.status.display else None
    if not left or dub.status.stage != stage.name:
        return None
    return printable(f"{left} left. {dub.message}")


def describe(stage: StageStatus) -> str:
    """The state of a stage in a few words."""
    text = "Reused" if stage.reused else str(stage.state)
    if text == "Succeeded" and stage.elapsed_milliseconds is not None:
        text += f" in {stage.elapsed_milliseconds / 1000:.1f} s"
    if stage.message and text not in ("Running", "Reused"):
        text += f": {without_approval(stage.message)}"
    return printable(text)
