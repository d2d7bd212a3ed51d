"""Settings of the process, from environment variables."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Settings:
    """Settings of the operator."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch (``WATCH_NAMESPACES``). If empty, all."""
    lease_namespace: str = ""
    """Namespace of the Lease for leader election (``LEASE_NAMESPACE``). If empty, this replica is
    always the leader."""
    identity: str = ""
    """Name of this replica (``POD_NAME``)."""
    liveness: str = "http://0.0.0.0:8080/healthz"
    """Address of the liveness endpoint (``LIVENESS_ENDPOINT``)."""
    metrics_port: int = 8081
    """Port of the metrics, none if 0 (``METRICS_PORT``)."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR (``LOG_LEVEL``)."""
    read_progress: bool = True
    """Whether the progress of stages is read from the logs of their pods (``READ_PROGRESS``)."""
    read_workloads: bool = True
    """Whether the Workloads of Kueue are read, for why a Job is suspended (``READ_WORKLOADS``)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """The settings in `environment`, and defaults for the others.

        Raises ValueError for an invalid value.
        """
        names = environment.get("WATCH_NAMESPACES", "").split(",")
        level = environment.get("LOG_LEVEL", cls.log_level).upper()
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError(f"LOG_LEVEL is {level}, expected DEBUG, INFO, WARNING or ERROR")
        port = environment.get("METRICS_PORT", str(cls.metrics_port))
        if not port.isdecimal() or int(port) > HIGHEST_PORT:
            raise ValueError(f"METRICS_PORT is {port!r}, expected 0 to {HIGHEST_PORT}")
        return cls(
            namespaces=tuple(name.strip() for name in names if name.strip()),
            lease_namespace=environment.get("LEASE_NAMESPACE", ""),
            identity=environment.get("POD_NAME", f"{socket.gethostname()}-{os.getpid()}"),
            liveness=environment.get("LIVENESS_ENDPOINT", cls.liveness),
            metrics_port=int(port),
            log_level=level,
            read_progress=environment.get("READ_PROGRESS", "true").lower() != "false",
            read_workloads=environment.get("READ_WORKLOADS", "true").lower() != "false",
        )
