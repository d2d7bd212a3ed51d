"""The versions of the command, of the operator and of profiles, which should be the same."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

VERSION_LABEL = "app.kubernetes.io/version"
"""Label of what the charts install."""


def own_version() -> str:
    """Version of this package."""
    return version("dubjob")


def operator_version(deployment: Any) -> str | None:
    """Version of an operator's Deployment; None if it does not say it."""
    label: str | None = (deployment.metadata.labels or {}).get(VERSION_LABEL)
    return label


def difference(operators: Iterable[Any]) -> str | None:
    """How the versions of the operator's Deployments differ from the command's; None if they do
    not. A patch release does not count, nor does an operator without a version."""
    own = own_version()
    others = [
        each
        for each in operators
        if (label := operator_version(each)) and _minor(label) != _minor(own)
    ]
    if not others:
        return None
    other = others[0]
    return (
        f"The operator in the namespace {other.metadata.namespace} has version "
        f"{operator_version(other)}, and this command has {own}: install the same version of both."
    )


def _minor(version: str) -> list[str]:
    """Major and minor version."""
    return version.split(".")[:2]
