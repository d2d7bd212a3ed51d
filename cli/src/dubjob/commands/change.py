"""``dub suspend``, ``resume``, ``retry`` and ``approve``."""

from __future__ import annotations

from typing import Annotated

import typer

from dubjob.commands.completion import DubName, stage_names
from dubjob.commands.session import session
from dubjob_operator.planning.verbs import FAILED_STAGE


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (suspend, resume, retry, approve):
        app.command()(command)


def suspend(context: typer.Context, name: DubName) -> None:
    """Stop the running stage, and start none."""
    now = session(context)
    now.client.dub(name).suspend()
    now.changed(name, "suspended")


def resume(context: typer.Context, name: DubName) -> None:
    """Continue a suspended DubJob."""
    now = session(context)
    now.client.dub(name).suspend(False)
    now.changed(name, "resumed")


def retry(
    context: typer.Context,
    name: DubName,
    stage: Annotated[
        str,
        typer.Option(
            help="First stage to run again. Defaults to the one that failed.",
            autocompletion=stage_names,
        ),
    ] = FAILED_STAGE,
) -> None:
    """Run a stage and all later ones again."""
    now = session(context)
    now.client.dub(name).retry(stage)
    first = "the stage that failed" if stage == FAILED_STAGE else stage
    now.changed(name, f"runs again from {first}")


def approve(context: typer.Context, name: DubName) -> None:
    """Approve the result that awaits a review."""
    now = session(context)
    now.client.dub(name).approve()
    now.changed(name, "approved")
