"""Requests to the API server over a connection that stays open.

The tests read objects many times per second. Each kubectl would take a tenth of a second of
processor or more from the programs under test.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_cluster.errors import ClusterError

SECONDS = 30.0
"""Time limit of a request."""


@dataclass(frozen=True)
class Access:
    """What a kubeconfig of the local cluster says."""

    server: str
    """Its URL."""
    authority: Path
    """The file with the certificate of the authority that its certificate is from."""
    token: str

    @classmethod
    def of(cls, kubeconfig: Path) -> Access:
        """Read a kubeconfig that the control plane has written."""
        config = json.loads(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        token = config["users"][0]["user"]["token"]
        return cls(cluster["server"], Path(cluster["certificate-authority"]), token)

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts only this authority."""
        return ssl.create_default_context(cafile=self.authority)


class ApiServer:
    """The API server of a kubeconfig that has a token and the file of an authority."""

    def __init__(self, kubeconfig: Path) -> None:
        access = Access.of(kubeconfig)
        server = urlsplit(access.server)
        # It opens itself at the first request, and again after `close`.
        self._connection = http.client.HTTPSConnection(
            str(server.hostname), server.port, context=access.tls(), timeout=SECONDS
        )
        self._headers = {
            "Authorization": f"Bearer {access.token}",
            "Content-Type": "application/merge-patch+json",
        }

    def read(self, path: str) -> Any:
        """Return the object or the list at `path`; raise as :meth:`patch` does."""
        return self._repeat("GET", path, None)

    def patch(self, path: str, change: dict[str, Any]) -> Any:
        """Merge `change` into the object at `path`, and return the object.

        Raises :class:`ClusterError` if the server refuses, and OSError if it does not answer.
        """
        return self._repeat("PATCH", path, json.dumps(change))

    def close(self) -> None:
        """Close the connection. The next request opens it again."""
        self._connection.close()

    def _repeat(self, method: str, path: str, body: str | None) -> Any:
        """Send the request, once more if the connection was closed since the last one."""
        try:
            return self._send(method, path, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            return self._send(method, path, body)

    def _send(self, method: str, path: str, body: str | None) -> Any:
        try:
            self._connection.request(method, path, body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except BaseException:
            self.close()
            raise
        if answer.status != http.client.OK:
            raise ClusterError(f"{method} {path}: {answer.status} {text[:500].decode()}")
        return json.loads(text)
