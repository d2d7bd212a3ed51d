"""What the API server refuses, as sentences."""

from __future__ import annotations

import json
import re

from kubernetes.client.exceptions import ApiException

from dubjob.errors import DubError, ExistsError, NotFoundError, UsageError
from dubjob_operator import names

RULE_PREFIX = re.compile(r'^Invalid value: "(string|object|array|integer|boolean)": ')
"""The beginning of the message of a rule: the type of what the rule is about."""


def _causes(error: ApiException) -> str:
    """What is wrong with which field, by the answer of the API server."""
    details = json.loads(error.body).get("details") or {}
    return "; ".join(
        f"{cause['field']}: {RULE_PREFIX.sub('', cause['message'])}"
        for cause in details.get("causes") or ()
        if cause.get("field") and cause["field"] != "<nil>"
    )


def refused(subject: str, namespace: str, error: ApiException) -> DubError:
    """The API server's answer as a sentence about `subject`."""
    try:
        words = json.loads(error.body or "{}").get("message") or error.reason
    except (TypeError, ValueError):
        words = error.reason
    match error.status:
        case 404 if "could not find the requested resource" in str(words) or words == "Not Found":
            return NotFoundError(
                "DubJob is not installed in this cluster: it has no resource "
                f"{names.GROUP}/{names.VERSION}. Run `dub check`."
            )
        case 404 if f'namespaces "{namespace}"' in str(words):
            return NotFoundError(
                f"The namespace {namespace} does not exist. Choose another with -n."
            )
        case 404:
            return NotFoundError(
                f"{subject} does not exist in the namespace {namespace}. "
                "Choose another namespace with -n."
            )
        case 401:
            return DubError("The cluster does not accept the credentials of the kubeconfig.")
        case 409:
            return ExistsError(f"{subject} exists already in the namespace {namespace}.")
        case 400:
            return UsageError(f"{subject}: {words}.")
        case 422:
            return UsageError(f"{subject} is not accepted: {_causes(error) or words}.")
        case _:
            return DubError(f"{subject}: {words}")
