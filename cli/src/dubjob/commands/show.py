"""``dub list``, ``watch`` and ``why``: what the DubJobs do."""

from __future__ import annotations

from typing import Annotated

import typer

from dubjob.commands.progress import follow
from dubjob.commands.session import Session, session
from dubjob.dub import Dub
from dubjob.troubleshooting import advice

Name = Annotated[str, typer.Argument(help="Name of the DubJob.")]
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
    name: Name,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds to follow. If omitted, no limit.")
    ] = None,
) -> None:
    """Follow a DubJob until it finishes or awaits a review."""
    now = session(context)
    (dub,) = follow(now, [now.client.dub(name)], timeout)
    raise typer.Exit(int(dub.exit_status))


def why(context: typer.Context, name: Name) -> None:
    """Explain the state of a DubJob, and what to do."""
    now = session(context)
    dub = now.client.dub(name).refresh()
    now.say(f"{dub.name}: {dub.state}")
    now.say(f"  {dub.message}")
    known = advice(dub.state)
    if known:
        now.say(f"\nMeaning: {known.meaning}")
        now.say(f"Action:  {known.action}")
    events = [each for each in now.client.cluster.events(name) if each.type == "Warning"]
    if events:
        now.say("\nWarnings:")
    for event in events[-EVENTS:]:
        now.say(f"  {event.reason}: {event.message}")
