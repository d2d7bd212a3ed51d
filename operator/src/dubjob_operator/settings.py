"""What a Deployment can set: environment variables, read once."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How this process runs."""

    namespaces: tuple[str, ...] = ()
    """Namespaces whose DubJobs are cared for; empty: all (``WATCH_NAMESPACES``)."""
    lease_namespace: str = ""
    """Where replicas agree on who acts; empty: this one always does
    (``LEASE_NAMESPACE``)."""
    identity: str = ""
    """This replica among others (``POD_NAME``)."""
    liveness: str = "http://0.0.0.0:8080/healthz"
    """Where the kubelet asks (``LIVENESS_ENDPOINT``)."""
    metrics_port: int = 8081
    """Where Prometheus asks; 0: nowhere (``METRICS_PORT``)."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR (``LOG_LEVEL``)."""
    read_progress: bool = True
    """False: the operator reads no logs (``READ_PROGRESS``)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings that the environment makes, defaults elsewhere.

        Raises ValueError for a value that is none.
        """
        names = environment.get("WATCH_NAMESPACES", "").split(",")
        level = environment.get("LOG_LEVEL", cls.log_level).upper()
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError(f"LOG_LEVEL is {level}, expected DEBUG, INFO, WARNING or ERROR")
        return cls(
            namespaces=tuple(name.strip() for name in names if name.strip()),
            lease_namespace=environment.get("LEASE_NAMESPACE", ""),
            identity=environment.get("POD_NAME", f"{socket.gethostname()}-{os.getpid()}"),
            liveness=environment.get("LIVENESS_ENDPOINT", cls.liveness),
            metrics_port=int(environment.get("METRICS_PORT", cls.metrics_port)),
            log_level=level,
            read_progress=environment.get("READ_PROGRESS", "true").lower() != "false",
        )
