"""The certificate authority of the cluster, the certificate of the API server, the
service-account key and the static tokens. Created once, with openssl."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from local_cluster.programs import run

DAYS = "3650"


@dataclass(frozen=True)
class Credentials:
    """Certificates, keys and tokens of one control plane."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        return self.folder / "server.crt"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    @property
    def kubelet_client(self) -> Path:
        """Client certificate of the API server for the kubelet."""
        return self.folder / "kubelet-client.crt"

    @property
    def kubelet_client_key(self) -> Path:
        return self.folder / "kubelet-client.key"

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-account.key"

    @property
    def tokens(self) -> Path:
        """kube-apiserver's ``--token-auth-file``."""
        return self.folder / "tokens.csv"

    def token(self, user: str) -> str:
        """Return the static token of `user`. Raises KeyError if there is none."""
        for line in self.tokens.read_text().splitlines():
            token, name, *_ = line.split(",")
            if name == user:
                return token
        raise KeyError(user)


ADMINISTRATOR = "dubjob-administrator"
USERS = {
    ADMINISTRATOR: "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
}


def create(credentials: Credentials, addresses: list[str], node: str | None = None) -> None:
    """Create the missing files.

    `addresses` are the addresses in the certificate of the server. `node` is the name of a node
    that gets a token.
    """
    credentials.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not credentials.tokens.exists():
        users = USERS | ({f"system:node:{node}": "system:nodes"} if node else {})
        lines = [
            f'{secrets.token_hex(24)},{user},{user},"{group}"' for user, group in users.items()
        ]
        credentials.tokens.write_text("\n".join(lines) + "\n")
        credentials.tokens.chmod(0o600)
    if not credentials.authority.exists():
        _authority(credentials)
    if not credentials.server.exists():
        names = [f"IP:{address}" for address in addresses]
        names += ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default.svc"]
        usage = f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth\n"
        _sign(credentials, credentials.server, "/CN=kube-apiserver", usage)
    if not credentials.kubelet_client.exists():
        subject = "/O=system:masters/CN=kube-apiserver-kubelet-client"
        _sign(credentials, credentials.kubelet_client, subject, "extendedKeyUsage=clientAuth\n")
    if not credentials.service_account_key.exists():
        run("openssl", "genrsa", "-out", credentials.service_account_key, "2048")


def _authority(credentials: Credentials) -> None:
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS),
        *("-subj", "/CN=dubjob-local-cluster"),
        *("-keyout", credentials.authority_key, "-out", credentials.authority),
    )


def _sign(credentials: Credentials, certificate: Path, subject: str, extensions: str) -> None:
    """Create a key, and a certificate signed by the authority, in the same folder."""
    request, file = certificate.with_suffix(".csr"), certificate.with_suffix(".ext")
    file.write_text(extensions)
    run(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject),
        *("-keyout", certificate.with_suffix(".key"), "-out", request),
    )
    run(
        *("openssl", "x509", "-req", "-in", request, "-days", DAYS, "-CAcreateserial"),
        *("-CA", credentials.authority, "-CAkey", credentials.authority_key),
        *("-extfile", file, "-out", certificate),
    )
