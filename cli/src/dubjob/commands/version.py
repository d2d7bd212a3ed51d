"""``dub version``: the versions of the command and of the installed operator."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version as version_of
from typing import Any

import typer

from dubjob.commands.session import session
from dubjob.errors import ForbiddenError

VERSION_LABEL = "app.kubernetes.io/version"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(version)


def version(context: typer.Context) -> None:
    """Print the versions of the command and of the operator, which should be the same."""
    now = session(context)
    rows = [{"part": "command", "version": own_version(), "namespace": None}]
    problem: str | None = None
    try:
        operators = now.client.cluster.operators()
    except ForbiddenError:
        rows.append({"part": "operator", "version": "unknown", "namespace": None})
        problem = "The version of the operator is unknown: this account cannot list Deployments."
    else:
        rows += [
            {"part": "operator", "version": _label(each), "namespace": each.metadata.namespace}
            for each in operators
        ]
        problem = difference(operators) if operators else "No operator runs in this cluster."
    now.show(["part", "version", "namespace"], rows)
    if problem:
        now.errors.print(problem)


def own_version() -> str:
    """Version of this package."""
    return version_of("dubjob")


def difference(operators: Iterable[Any]) -> str | None:
    """How the versions of the operator's Deployments differ from the command's; None if they do
    not. A patch release does not count, nor does an operator without a version."""
    own = own_version()
    others = [
        each for each in operators if (found := _label(each)) and _minor(found) != _minor(own)
    ]
    if not others:
        return None
    other = others[0]
    return (
        f"The operator in the namespace {other.metadata.namespace} has version {_label(other)}, "
        f"and this command has {own}: install the same version of both."
    )


def _label(deployment: Any) -> str | None:
    label: str | None = (deployment.metadata.labels or {}).get(VERSION_LABEL)
    return label


def _minor(version: str) -> list[str]:
    """Major and minor version."""
    return version.split(".")[:2]
