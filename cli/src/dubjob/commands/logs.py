"""``dub logs``: what the stages wrote, in the order of the stages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
import yaml
from urllib3.exceptions import HTTPError

from dubjob.client import Client
from dubjob.commands.completion import DubName, stage_names
from dubjob.commands.progress import interruptible
from dubjob.commands.session import Format, Session, session
from dubjob.errors import DubError, ExitStatus, UsageError, printable
from dubjob.handle import DubHandle
from dubjob_operator import names
from dubjob_operator.planning.verbs import STAGES

REPEATED = ("stage", "jobID", "step", "seconds", "progress")
"""Fields of a line that its message repeats."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(logs)


def logs(
    context: typer.Context,
    name: DubName,
    stage: Annotated[
        str | None, typer.Option(help="Only this stage.", autocompletion=stage_names)
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Follow until the DubJob finishes.")
    ] = False,
) -> None:
    """Print what the stages wrote."""
    now = session(context)
    if now.format is Format.NAME:
        raise UsageError("A log has no names: use -o table, json or yaml.")
    if stage is not None and stage not in STAGES:
        raise UsageError(f"{stage!r} is no stage: use {', '.join(STAGES)}.")
    handle = now.client.dub(name)
    watch = f"dub -n {now.client.namespace} watch {name}"
    words = f"The dub continues. To see what {name} does, run:\n{watch}"
    with interruptible(now.errors, words):
        status = _print_all(now, handle, stage, follow)
    raise typer.Exit(int(status))


def _print_all(now: Session, handle: DubHandle, stage: str | None, follow: bool) -> ExitStatus:
    """Print the logs of the pods, also of those that are created while they are followed. Return
    the exit code: a log that cannot be read to its end is a failure."""
    name, printed, status = handle.name, set[str](), ExitStatus.COMPLETE
    while True:
        done = handle.refresh()
        for pod in _pods(now.client, name, stage):
            if pod.metadata.name not in printed and pod.status.phase != "Pending":
                printed.add(pod.metadata.name)
                status = _print(now, pod, follow) or status
        if not follow or done.is_finished or done.awaits_review:
            break
        time.sleep(1)
    if not printed:
        now.errors.print(printable(f"{name} has no pods with logs: {done.message}"))
    return status


def _pods(client: Client, name: str, stage: str | None) -> list[Any]:
    """The pods in the order of the stages, then of their creation."""
    pods = [
        pod
        for pod in client.cluster.pods(name)
        if pod.metadata.labels.get(names.STAGE_LABEL) in ([stage] if stage else STAGES)
    ]
    return sorted(pods, key=lambda pod: STAGES.index(pod.metadata.labels[names.STAGE_LABEL]))


def _print(now: Session, pod: Any, follow: bool) -> ExitStatus:
    """Print the log of a pod, and on standard error why it is incomplete."""
    stage = pod.metadata.labels[names.STAGE_LABEL]
    try:
        for line in _lines(now.client, pod.metadata.name, follow):
            print(_formed(now.format, stage, line), flush=True)
    except DubError as error:
        # The logs of the other pods are printed all the same.
        now.fail(error)
        return error.status
    return ExitStatus.COMPLETE


def _formed(form: Format, stage: str, line: str) -> str:
    """The line for a user, or as an object of JSON or YAML."""
    if form is Format.TABLE:
        return f"{stage:<11} {printable(readable(line).expandtabs())}"
    entry = {"stage": stage, **(_entry(line) or {"message": line})}
    if form is Format.JSON:
        return json.dumps(entry)
    return yaml.safe_dump(entry, explicit_start=True, sort_keys=False).rstrip()


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
    try:
        for block in response.stream():
            *lines, rest = (rest + block).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
    except HTTPError as error:
        raise DubError(
            f"The log of pod {pod} ends early: the connection broke. Run the same command again."
        ) from error
    if rest:
        yield rest.decode(errors="replace")


def _entry(line: str) -> dict[str, Any] | None:
    """The fields of a line of JSON; None for any other line."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def readable(line: str) -> str:
    """A line of JSON as time and sentence; any other line as it is."""
    entry = _entry(line)
    if entry is None:
        return line
    clock = str(entry.pop("time", ""))[11:19]
    level = str(entry.pop("level", "")).upper()
    message = entry.pop("message", "")
    for known in REPEATED:
        entry.pop(known, None)
    rest = " ".join(f"{key}={value}" for key, value in entry.items())
    mark = "" if level in ("INFO", "") else f"{level} "
    return " ".join(part for part in (clock, f"{mark}{message}", rest) if part)
