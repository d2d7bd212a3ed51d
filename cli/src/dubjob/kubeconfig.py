"""The kubeconfig: context, credentials and namespace, as kubectl reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import yaml
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from dubjob.errors import UsageError, printable

DEFAULT = "~/.kube/config"
"""The kubeconfig, if neither the option nor the variable names one."""
EMPTY = re.compile(r"No configuration found|file is empty")
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

    Raises :class:`UsageError` if there is neither, and for a file or a context that cannot be used.
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
        if kubeconfig is None and context is None:
            try:
                config.load_incluster_config(configuration)
                return None
            except ConfigException:
                pass
        place = DEFAULT if file is None else file
        raise UsageError(
            f"The kubeconfig '{printable(place)}' cannot be used: {_unusable(place, error)}. Use "
            "--kubeconfig and --context, or set KUBECONFIG."
        ) from error


def _unusable(place: str, error: Exception) -> str:
    """Why a kubeconfig cannot be used. Only some errors of the library are for users."""
    paths = [Path(each).expanduser() for each in place.split(os.pathsep) if each]
    match error:
        case ConfigException() if not any(path.exists() for path in paths):
            return "it does not exist"
        case ConfigException() if EMPTY.search(str(error)):
            return "it is empty"
        case ConfigException() | yaml.YAMLError():
            return " ".join(str(error).rstrip(".").split())
        case OSError():
            return str(error.strerror or error)
        case _:
            return "it is no YAML file with clusters, users and contexts"
