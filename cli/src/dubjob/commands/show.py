"""``dub list``, ``watch`` and ``why``: what the DubJobs do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from dubjob.commands.completion import DubName
from dubjob.commands.progress import follow, next_step
from dubjob.commands.session import Format, Session, session
from dubjob.dub import Dub
from dubjob.errors import WaitTimeoutError
from dubjob.handle import DubHandle
from dubjob.troubleshooting import advice

EVENTS = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(list_dubs)
    app.command()(watch)
    app.command()(why)


def list_dubs(
    context: typer.Context,
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Labels, for example team=news.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="DubJobs of all namespaces.")
    ] = False,
) -> None:
    """List DubJobs."""
    now = session(context)
    dubs = now.client.dubs(selector=selector, everywhere=everywhere)
    columns = ["name", "state", "stage", "progress", "left", "languages"]
    if everywhere:
        columns.insert(0, "namespace")
    now.show(columns, [_row(dub) for dub in dubs], name="name", nothing=no_dubs(now, everywhere))


def no_dubs(now: Session, everywhere: bool) -> str:
    """There are no DubJobs in one namespace, or in all."""
    place = "any namespace" if everywhere else f"the namespace {now.client.namespace}"
    return f"There are no DubJobs in {place}."


def _row(dub: Dub) -> dict[str, object]:
    display = dub.status.display
    return {
        "namespace": dub.namespace,
        "name": dub.name,
        "state": dub.state,
        "stage": dub.status.stage,
        "progress": display.progress if display else None,
        "left": display.remaining if display else None,
        "languages": f"{dub.status.source_language or '?'} to {dub.dubjob.spec.target_language}",
        "object": dict(dub.raw),
    }


def watch(
    context: typer.Context,
    name: DubName,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds to follow. If omitted, no limit.")
    ] = None,
) -> None:
    """Follow a DubJob until it finishes or awaits a review."""
    now = session(context)
    (dub,) = follow_and_show(now, [now.client.dub(name)], timeout)
    raise typer.Exit(int(dub.exit_status))


def follow_and_show(now: Session, handles: list[DubHandle], timeout: float | None) -> list[Dub]:
    """Follow the DubJobs, and print them in the end if a program reads the output. Return their
    last state.

    Raises :class:`WaitTimeoutError` after `timeout` seconds.
    """
    try:
        dubs = follow(now, handles, timeout)
    except WaitTimeoutError:
        show_for_programs(now, [handle.refresh() for handle in handles])
        raise
    show_for_programs(now, dubs)
    return dubs


def show_for_programs(now: Session, dubs: Iterable[Dub]) -> None:
    """Print the DubJobs if the output is read by a program."""
    if now.format is not Format.TABLE:
        now.show(["name", "state"], [_row(dub) for dub in dubs])


def why(context: typer.Context, name: DubName) -> None:
    """Explain the state of a DubJob, and what to do."""
    now = session(context)
    dub = now.client.dub(name).refresh()
    known, step = advice(dub.state), next_step(dub)
    action = (step or known.action) if known else None
    warnings = _other_warnings(dub, now.client.cluster.events(name))[-EVENTS:]
    if now.format is not Format.TABLE:
        row = {"name": dub.name, "state": dub.state, "message": dub.explanation}
        meaning = known.meaning if known else None
        now.show(["name"], [{**row, "meaning": meaning, "action": action, "warnings": warnings}])
        return
    now.say(f"{dub.name}: {dub.state}")
    now.say(f"  {dub.explanation}")
    if known:
        now.say(f"\nMeaning: {known.meaning}")
        now.say(f"Action:  {action}")
    if warnings:
        now.say("\nWarnings:")
    for warning in warnings:
        now.say(f"  {warning}")


def _other_warnings(dub: Dub, events: Iterable[Any]) -> list[str]:
    """The warnings among the Events that say anything else than the message, each once."""
    found = {
        f"{each.reason}: {each.message}": None
        for each in events
        if each.type == "Warning" and (each.message or "").rstrip(".") not in dub.message
    }
    return list(found)
