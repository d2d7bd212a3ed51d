"""The argument that names a DubJob, and completion in a shell: names of DubJobs and of stages."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dubjob.client import Client
from dubjob.errors import DubError
from dubjob_operator.planning.verbs import STAGES

ANSWER_SECONDS = 3
"""A cluster that does not answer in this time completes nothing."""


def dub_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of the DubJobs that begin so, in the namespace that the options before the verb
    name. A failure completes nothing."""
    given: dict[str, Any] = ctx.parent.params if ctx.parent else {}
    try:
        client = Client(
            given.get("namespace"),
            context=given.get("kube_context"),
            kubeconfig=given.get("kubeconfig"),
        )
        found = client.cluster.dubjobs(read_seconds=ANSWER_SECONDS)
    except DubError:
        return []
    every = sorted(each["metadata"]["name"] for each in found)
    return [name for name in every if name.startswith(incomplete)]


DubName = Annotated[str, typer.Argument(help="Name of the DubJob.", autocompletion=dub_names)]


def stage_names(incomplete: str) -> list[str]:
    """The names of the stages that begin so, in their order."""
    return [stage for stage in STAGES if stage.startswith(incomplete)]
