"""What the API server refuses, as sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from dubjob.errors import (
    DubError,
    ExistsError,
    ForbiddenError,
    NoNamespaceError,
    NotFoundError,
    NotInstalledError,
    UsageError,
)
from dubjob_operator import names

RULE_PREFIX = re.compile(r'^Invalid value: "(string|object|array|integer|boolean)": ')
"""The beginning of the message of a rule: the type of what the rule is about."""


DENIED = re.compile(r'User "[^"]*" cannot ')
"""In the message of a missing permission. Admission, for example a quota, also answers 403."""


def _answer(error: ApiException) -> Mapping[str, Any]:
    """The body of the answer; empty if it is not the API server's, but for example a proxy's."""
    try:
        found = json.loads(error.body or "{}")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _causes(answer: Mapping[str, Any]) -> str:
    """What is wrong with which field, by the answer of the API server."""
    details = answer.get("details") or {}
    return "; ".join(
        f"{cause['field']}: {RULE_PREFIX.sub('', cause['message'])}"
        for cause in details.get("causes") or ()
        if cause.get("field") and cause["field"] != "<nil>"
    )


def refused(subject: str, namespace: str, error: ApiException) -> DubError:
    """The API server's answer as a sentence about `subject`."""
    answer = _answer(error)
    words = str(answer.get("message") or error.reason or "without a reason").rstrip(". ")
    match error.status:
        case 404 if "could not find the requested resource" in words or words == "Not Found":
            return NotInstalledError(
                "DubJob is not installed in this cluster: it has no resource "
                f"{names.GROUP}/{names.VERSION}. Run `dub check`."
            )
        case 404 if f'namespaces "{namespace}"' in words:
            return no_namespace(namespace)
        case 404:
            return NotFoundError(
                f"{subject} does not exist in the namespace {namespace}. "
                "Choose another namespace with -n."
            )
        case 401:
            return DubError(
                "The cluster does not accept the credentials of the kubeconfig: they have expired, "
                "or belong to another cluster. Log in again, or use --context to choose another."
            )
        case 403 if DENIED.search(words):
            if words.endswith("at the cluster scope"):
                who = "an administrator of the cluster for the permission"
            else:
                who = (
                    f"an administrator of the namespace {namespace} for the permission, or choose "
                    "another namespace with -n"
                )
            return ForbiddenError(f"{subject}: {words}. Ask {who}.")
        case 409:
            return ExistsError(f"{subject} exists already in the namespace {namespace}.")
        case 400:
            return UsageError(f"{subject}: {words}.")
        case 422:
            return UsageError(f"{subject} is not accepted: {_causes(answer) or words}.")
        case _:
            return DubError(f"{subject}: the API server answered {error.status}, {words}.")


def no_namespace(namespace: str) -> NoNamespaceError:
    """The namespace does not exist."""
    return NoNamespaceError(f"The namespace {namespace} does not exist. Choose another with -n.")
