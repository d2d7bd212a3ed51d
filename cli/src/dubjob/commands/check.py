"""``dub check``: what a first dub needs, each with a mark or with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    NoNamespaceError,
    NotFoundError,
    NotInstalledError,
)
from dubjob.versions import difference
from dubjob_operator import names
from dubjob_operator.api.profile import DubProfile, DubProfileSpec
from dubstage.contract import Stage

MODEL_PULL = "dubjob-model-pull-"
"""How the names of the chart's Jobs that pull models begin."""
RIGHTS = (
    (names.GROUP, names.DUBJOBS, "", ("create", "get", "list", "watch", "patch", "delete")),
    (names.GROUP, names.DUBPROFILES, "", ("get", "list")),
    ("", "pods", "", ("create", "get", "list", "delete")),
    ("", "pods", "exec", ("create",)),
    ("", "pods", "log", ("get",)),
    ("", "events", "", ("list",)),
)
"""Group, resource, subresource and verbs of what the commands do."""
CLAIMS = (
    DubProfileSpec.model_fields["data_claim_name"].default,
    DubProfileSpec.model_fields["models_claim_name"].default,
)
"""The claims of a profile that names none."""


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
    access, goes_on = _access(client)
    yield access
    if not goes_on:
        return
    yield _attempt("operator", lambda: _operator(client))
    for group, resource, subresource, verbs in RIGHTS:
        path = f"{resource}/{subresource}" if subresource else resource
        subject = f"right to {', '.join(verbs)} {path}"
        yield _attempt(subject, partial(_rights, client, group, resource, subresource, verbs))
    found, profile = _default_profile(client)
    yield found
    spec = profile.spec if profile else None
    for claim in (spec.data_claim_name, spec.models_claim_name) if spec else CLAIMS:
        yield _attempt(f"claim {claim}", partial(_claim, client, claim))
    yield _attempt("models", lambda: _models(client))
    if profile:
        yield _attempt("resources of the nodes", partial(_resources, client, profile))


def _access(client: Client) -> tuple[Result, bool]:
    """Whether DubJobs can be listed, and whether there is more to check."""
    subject = f"namespace {client.namespace}"
    try:
        client.dubs()
    except NotInstalledError as error:
        return Result("DubJobs", f"{error} Install the chart dubjob-operator."), False
    except ForbiddenError as error:
        # Every account can ask for its rights, which show what is missing.
        return Result(subject, str(error)), True
    except NoNamespaceError as error:
        return Result(subject, f"{error}{_elsewhere(client)}"), False
    except DubError as error:
        return Result(subject, str(error)), False
    return Result("DubJobs are installed"), True


def _default_profile(client: Client) -> tuple[Result, DubProfile | None]:
    """The default profile, and whether it can be used."""
    try:
        profile = client.profile()
    except NotFoundError as error:
        advice = _elsewhere(client) or " Install the chart dubjob-profiles."
        return Result("default profile", f"{error}{advice}"), None
    except DubError as error:
        return Result("default profile", str(error)), None
    return Result(f"default profile: {profile}", _not_accepted(profile)), profile


def _elsewhere(client: Client) -> str:
    """A sentence about the namespaces that have profiles; empty if there are none."""
    found = client.cluster.profile_namespaces()
    if not found:
        return ""
    place = (
        f"namespace {found[0]} has" if len(found) == 1 else f"namespaces {', '.join(found)} have"
    )
    return f" The {place} profiles: run for example `dub -n {found[0]} check`."


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


def _rights(
    client: Client, group: str, resource: str, subresource: str, verbs: Iterable[str]
) -> str | None:
    missing = []
    for verb in verbs:
        body = api.V1SelfSubjectAccessReview(
            spec=api.V1SelfSubjectAccessReviewSpec(
                resource_attributes=api.V1ResourceAttributes(
                    namespace=client.namespace, verb=verb, group=group, resource=resource,
                    subresource=subresource,
                )
            )
        )  # fmt: skip
        review = client.cluster.authorization.create_self_subject_access_review
        if not client.cluster.call(f"right to {verb} {resource}", review, body).status.allowed:
            missing.append(verb)
    if not missing:
        return None
    return (
        f"Ask an administrator of the namespace {client.namespace} for the right to "
        f"{', '.join(missing)}."
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
    if claim.status.phase == "Bound":
        return None
    if claim.status.phase == "Pending" and claim.spec.storage_class_name:
        # A class that waits for the first consumer leaves the claim pending until then.
        return None
    events = f"`kubectl -n {client.namespace} describe pvc {name}`"
    why = "" if claim.spec.storage_class_name else ", and has no storage class"
    return f"The claim is {claim.status.phase}{why}: {events} says why it is not bound."


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
