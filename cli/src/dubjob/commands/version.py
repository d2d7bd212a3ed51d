"""``dub version``: the versions of the command and of the installed operator."""

from __future__ import annotations

import typer

from dubjob.commands.session import session
from dubjob.errors import ForbiddenError
from dubjob.versions import difference, operator_version, own_version


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
            {
                "part": "operator",
                "version": operator_version(each),
                "namespace": each.metadata.namespace,
            }
            for each in operators
        ]
        problem = difference(operators) if operators else "No operator runs in this cluster."
    now.show(["part", "version", "namespace"], rows)
    if problem:
        now.errors.print(problem)
