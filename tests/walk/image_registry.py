"""A container registry on loopback, and the images of the checkout in it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from markdown_commands import ROOT

from local_cluster.place import cache
from local_cluster.tools import tools

SETTINGS = """\
version: 0.1
log: {{accesslog: {{disabled: true}}, level: warn}}
storage: {{filesystem: {{rootdirectory: {storage}}}}}
http: {{addr: "{address}"}}
"""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run an empty registry with its files in `folder`; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = folder / "registry.yaml"
    settings.write_text(SETTINGS.format(storage=folder / "storage", address=address))
    program = tools(("registry",)).registry
    with (folder / "registry.log").open("w") as log:
        server = subprocess.Popen([program, "serve", settings], stdout=log, stderr=log)
        try:
            _await(address)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def _await(address: str) -> None:
    for _ in range(100):
        try:
            with urlopen(f"http://{address}/v2/", timeout=5):
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError(f"the registry at {address} does not answer")


def push(address: str, name: str, *tags: str) -> None:
    """Push an image of `make images` as ``dubjob/<name>`` with the tags."""
    images = dict(
        row.split("=", 1) for row in (ROOT / "build/images.env").read_text().splitlines() if row
    )
    storage = cache() / "buildah"
    for tag in tags:
        subprocess.run(
            ["buildah", "--storage-driver", "overlay", "--root", storage / "root",
             "--runroot", storage / "run", "push", "--quiet", "--tls-verify=false",
             images[name.upper()], f"docker://{address}/dubjob/{name}:{tag}"],
            check=True,
        )  # fmt: skip
