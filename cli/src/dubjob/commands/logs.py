"""``dub logs``: what the stages wrote, in the order of the stages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from dubjob.client import Client
from dubjob.commands.session import Session, session
from dubjob.errors import DubError, UsageError, printable
from dubjob_operator import names
from dubjob_operator.planning.verbs import STAGES

REPEATED = ("stage", "jobID", "step", "seconds", "progress")
"""Fields of a line that its message repeats."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(logs)


def logs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the DubJob.")],
    stage: Annotated[str | None, typer.Option(help="Only this stage.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Follow until the DubJob finishes.")
    ] = False,
) -> None:
    """Print what the stages wrote."""
    now = session(context)
    if stage is not None and stage not in STAGES:
        raise UsageError(f"{stage!r} is no stage: use {', '.join(STAGES)}.")
    handle = now.client.dub(name)
    seen: set[str] = set()
    while True:
        done = handle.refresh()
        for pod in _pods(now.client, name, stage):
            if pod.metadata.name not in seen and pod.status.phase != "Pending":
                seen.add(pod.metadata.name)
                _print(now, pod, follow)
        if not follow or done.is_finished or done.awaits_review:
            break
        time.sleep(1)
    if not seen:
        now.say(f"{name} has no pods with logs: {done.message}")


def _pods(client: Client, name: str, stage: str | None) -> list[Any]:
    """The pods in the order of the stages, then of their creation."""
    pods = [
        pod
        for pod in client.cluster.pods(name)
        if pod.metadata.labels.get(names.STAGE_LABEL) in ([stage] if stage else STAGES)
    ]
    return sorted(pods, key=lambda pod: STAGES.index(pod.metadata.labels[names.STAGE_LABEL]))


def _print(now: Session, pod: Any, follow: bool) -> None:
    stage = pod.metadata.labels[names.STAGE_LABEL]
    try:
        for line in _lines(now.client, pod.metadata.name, follow):
            print(f"{stage:<11} {printable(readable(line).expandtabs())}", flush=True)
    except DubError as error:
        now.say(f"{stage}: {error}")


def _lines(client: Client, pod: str, follow: bool) -> Iterator[str]:
    response = client.cluster.call(
        f"Log of pod {pod}",
        client.cluster.core.read_namespaced_pod_log,
        pod,
        client.namespace,
        container=names.STAGE_CONTAINER,
        follow=follow,
        _preload_content=False,
        _request_timeout=None if follow else 60,
    )
    rest = b""
    for block in response.stream():
        *lines, rest = (rest + block).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    if rest:
        yield rest.decode(errors="replace")


def readable(line: str) -> str:
    """A line of JSON as time and sentence; any other line as it is."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    clock = str(entry.pop("time", ""))[11:19]
    level = str(entry.pop("level", "")).upper()
    message = entry.pop("message", "")
    for known in REPEATED:
        entry.pop(known, None)
    rest = " ".join(f"{key}={value}" for key, value in entry.items())
    mark = "" if level in ("INFO", "") else f"{level} "
    return " ".join(part for part in (clock, f"{mark}{message}", rest) if part)
