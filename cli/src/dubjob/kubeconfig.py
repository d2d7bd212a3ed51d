"""The kubeconfig: context, credentials and namespace, as kubectl reads them."""

from __future__ import annotations

import os

import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from dubjob.errors import DubError, UsageError

UNUSABLE = (
    ConfigException,
    yaml.YAMLError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
)
"""What the library raises for a kubeconfig that is no file, no YAML, or has other fields."""


def load(
    configuration: client.Configuration, context: str | None, kubeconfig: str | None
) -> str | None:
    """Fill in `configuration`, and return the namespace of the context. Without a kubeconfig, the
    service account of the pod that this process runs in is used.

    Raises :class:`DubError` if there is neither, and :class:`UsageError` for a file or a context
    that was given and cannot be used.
    """
    # The library reads the variable when it is imported.
    file = os.environ.get("KUBECONFIG") or None if kubeconfig is None else kubeconfig
    try:
        config.load_kube_config(file, context, configuration, persist_config=False)
        contexts, active = config.list_kube_config_contexts(file)
        chosen = next((each for each in contexts if each["name"] == context), active)
        namespace: str | None = chosen.get("context", {}).get("namespace")
        return namespace
    except UNUSABLE as error:
        given = kubeconfig is not None or context is not None
        if not given:
            try:
                config.load_incluster_config(configuration)
                return None
            except ConfigException:
                pass
        kind = UsageError if given else DubError
        raise kind(
            f"The kubeconfig cannot be used: {_unusable(error)}. Use --kubeconfig and --context, "
            "or set KUBECONFIG."
        ) from error


def _unusable(error: Exception) -> str:
    """Why a kubeconfig cannot be used. Only some errors of the library are for users."""
    match error:
        case ConfigException() | yaml.YAMLError():
            return " ".join(str(error).rstrip(".").split())
        case OSError():
            return f"{error.filename}: {error.strerror}"
        case _:
            return "it is no YAML file with clusters, users and contexts"
