"""``dub suspend``, ``resume``, ``retry`` and ``approve``."""

from __future__ import annotations

from typing import Annotated

import typer

from dubjob.commands.session import session
from dubjob_operator.planning.verbs import FAILED_STAGE

Name = Annotated[str, typer.Argument(help="Name of the DubJob.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (suspend, resume, retry, approve):
        app.command()(command)


def suspend(context: typer.Context, name: Name) -> None:
    """Stop the running stage, and start none."""
    now = session(context)
    now.client.dub(name).suspend()
    now.say(f"{name} suspended")


def resume(context: typer.Context, name: Name) -> None:
    """Continue a suspended DubJob."""
    now = session(context)
    now.client.dub(name).suspend(False)
    now.say(f"{name} resumed")


def retry(
    context: typer.Context,
    name: Name,
    stage: Annotated[
        str, typer.Option(help="First stage to run again. Defaults to the one that failed.")
    ] = FAILED_STAGE,
) -> None:
    """Run a stage and all later ones again."""
    now = session(context)
    now.client.dub(name).retry(stage)
    now.say(f"{name}: retry of {stage} requested")


def approve(context: typer.Context, name: Name) -> None:
    """Approve the result that awaits a review."""
    now = session(context)
    now.client.dub(name).approve()
    now.say(f"{name} approved")
