"""``dub check``: what a first dub needs, each with a mark or with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import typer
from kubernetes import client as api

from dubjob.client import Client
from dubjob.commands.session import session
from dubjob.errors import (
    DubError,
    ExitStatus,
    ForbiddenError,
    NotFoundError,
    NotInstalledError,
)
from dubjob.versions import difference
from dubjob_operator import names
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import Stage

MODEL_PULL = "dubjob-model-pull-"
"""How the names of the chart's Jobs that pull models begin."""
RIGHTS = (
    ("create", names.GROUP, names.DUBJOBS, ""),
    ("list", names.GROUP, names.DUBJOBS, ""),
    ("list", names.GROUP, names.DUBPROFILES, ""),
    ("create", "", "pods", ""),
    ("create", "", "pods", "exec"),
    ("get", "", "pods", "log"),
)
"""Verb, group, resource and subresource of what the commands do."""


@dataclass(frozen=True)
class Result:
    """The result of one check."""

    subject: str
    problem: str | None = None
    """What is wrong and what to do; None if nothing is."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(context: typer.Context) -> None:
    """Check that the cluster and this account are ready for a first dub."""
    now = session(context)
    results = list(results_of(now.client))
    now.show(
        ["ok", "check", "what to do"],
        [
            {
                "ok": "✗" if each.problem else "✓",
                "check": each.subject,
                "what to do": each.problem or " ",
                "object": {"check": each.subject, "ok": not each.problem, "problem": each.problem},
            }
            for each in results
        ],
        name="check",
    )
    if any(each.problem for each in results):
        raise typer.Exit(int(ExitStatus.FAILED))


def results_of(client: Client) -> Iterator[Result]:
    """The results of all checks, in the order in which they can be repaired."""
    try:
        client.dubs()
    except NotInstalledError as error:
        yield Result("DubJobs", f"{error} Install the chart dubjob-operator.")
        return
    except DubError as error:
        yield Result(f"namespace {client.namespace}", str(error))
        return
    yield Result("DubJobs are installed")
    yield _attempt("operator", lambda: _operator(client))
    yield from _rights(client)
    try:
        profile = client.profile()
    except NotFoundError as error:
        yield Result("default profile", f"{error} Install the chart dubjob-profiles.")
        return
    except DubError as error:
        yield Result("default profile", str(error))
        return
    yield Result(f"default profile: {profile}", _not_accepted(profile))
    for claim in (profile.spec.data_claim_name, profile.spec.models_claim_name):
        yield _attempt(f"claim {claim}", partial(_claim, client, claim))
    yield _attempt("models", lambda: _models(client))
    yield _attempt("resources of the nodes", lambda: _resources(client, profile))


def _attempt(subject: str, problem: Callable[[], str | None]) -> Result:
    """One check. What this account cannot read counts as unknown, which is no problem."""
    try:
        return Result(subject, problem())
    except ForbiddenError:
        return Result(f"{subject}: unknown, this account cannot read it")
    except DubError as error:
        return Result(subject, str(error))


def _operator(client: Client) -> str | None:
    found = client.cluster.operators()
    if not found:
        return "No operator runs. Install the chart dubjob-operator."
    ready = [each for each in found if each.status.ready_replicas]
    if ready:
        return difference(ready)
    name, namespace = found[0].metadata.name, found[0].metadata.namespace
    return f"The operator is not ready: run `kubectl -n {namespace} describe deployment {name}`."


def _rights(client: Client) -> Iterator[Result]:
    for verb, group, resource, subresource in RIGHTS:
        body = api.V1SelfSubjectAccessReview(
            spec=api.V1SelfSubjectAccessReviewSpec(
                resource_attributes=api.V1ResourceAttributes(
                    namespace=client.namespace, verb=verb, group=group, resource=resource,
                    subresource=subresource,
                )
            )
        )  # fmt: skip
        subject = f"right to {verb} {resource}{'/' + subresource if subresource else ''}"
        answer = client.cluster.call(
            subject, client.cluster.authorization.create_self_subject_access_review, body
        )
        yield Result(
            subject,
            None
            if answer.status.allowed
            else f"Ask an administrator of the namespace {client.namespace} for it.",
        )


def _not_accepted(profile: DubProfile) -> str | None:
    accepted = profile.status.accepted
    return accepted.message if accepted and accepted.status == "False" else None


def _claim(client: Client, name: str) -> str | None:
    claim = client.cluster.call(
        f"PersistentVolumeClaim {name}",
        client.cluster.core.read_namespaced_persistent_volume_claim,
        name,
        client.namespace,
    )
    if claim.status.phase in ("Bound", "Pending") and claim.spec.storage_class_name != "":
        # A class that waits for the first consumer leaves the claim pending until then.
        return None
    return None if claim.status.phase == "Bound" else f"The claim is {claim.status.phase}."


def _models(client: Client) -> str | None:
    """What the Jobs that pull the models say."""
    found = client.cluster.call(
        "Jobs", client.cluster.batch.list_namespaced_job, client.namespace
    ).items
    pulls = [job for job in found if job.metadata.name.startswith(MODEL_PULL)]
    for job in pulls:
        name = job.metadata.name
        if job.status.succeeded:
            continue
        logs = f"`kubectl -n {client.namespace} logs job/{name}`"
        if any(each.type == "Failed" for each in job.status.conditions or ()):
            return f"The Job {name} could not pull the models: run {logs}."
        return f"The Job {name} still pulls the models: {logs} says how far it is."
    return None


def _resources(client: Client, profile: DubProfile) -> str | None:
    """What stages ask for and no node has."""
    nodes = client.cluster.call("Nodes", client.cluster.core.list_node).items
    for stage in Stage:
        resources = profile.spec.stage(stage).resources
        for name, count in ((resources.limits if resources else None) or {}).items():
            if "/" in name and not any(
                float(node.status.allocatable.get(name, 0)) >= float(count) for node in nodes
            ):
                return f"{stage} needs {count} {name}, and no node has it."
    return None
