"""Run a program in an image the way the kubelet does: not root, the root read-only, no
capability, no network. runc alone; nothing has to be running."""

from __future__ import annotations

import contextlib
import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from build import Buildah

USER = 1000


@dataclass(frozen=True)
class Image:
    """One image in buildah's storage."""

    buildah: Buildah
    reference: str

    @property
    def config(self) -> dict[str, Any]:
        """The OCI configuration: Env, User, Labels, Cmd, Entrypoint."""
        text = self.buildah.run("inspect", "--type", "image", self.reference, capture=True)
        found: dict[str, Any] = json.loads(text)["OCIv1"]["config"]
        return found

    @contextlib.contextmanager
    def root(self) -> Iterator[Path]:
        """The image's files, mounted for as long as the context lasts."""
        container = self.buildah.run("from", "--pull-never", self.reference, capture=True)
        try:
            yield Path(self.buildah.run("mount", container, capture=True))
        finally:
            self.buildah.run("rm", container, capture=True)


@dataclass(frozen=True)
class Container:
    """How programs run in an image's files."""

    root: Path
    environment: Mapping[str, str]
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """Writable folders: path in the container → path here."""
    read_only: Mapping[str, Path] = field(default_factory=dict)
    user: int = USER

    def run(
        self, *command: str, folder: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The finished program. `folder` keeps runc's bundle."""
        env = {**self.environment, "HOME": "/scratch", "TMPDIR": "/scratch", **environment}
        bundle = folder / f"bundle-{uuid.uuid4().hex[:8]}"
        scratch = bundle / "scratch"
        for made in (bundle, scratch):
            made.mkdir()
        scratch.chmod(0o777)
        (bundle / "config.json").write_text(json.dumps(self._spec(list(command), env, scratch)))
        return subprocess.run(
            ["runc", "--root", str(folder / "runc"), "run", "--bundle", str(bundle), bundle.name],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def _spec(
        self, command: list[str], environment: Mapping[str, str], scratch: Path
    ) -> dict[str, Any]:
        def bind(target: str, source: Path, mode: str) -> dict[str, Any]:
            options = ["rbind", mode, "nosuid", "nodev"]
            return {
                "destination": target,
                "source": str(source),
                "type": "bind",
                "options": options,
            }

        return {
            "ociVersion": "1.0.2",
            "process": {
                "args": command,
                "cwd": "/",
                "env": [f"{name}={value}" for name, value in environment.items()],
                "user": {"uid": self.user, "gid": self.user},
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.root), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {
                    "destination": "/dev",
                    "type": "tmpfs",
                    "source": "tmpfs",
                    "options": ["mode=755"],
                },
                {
                    "destination": "/dev/shm",
                    "type": "tmpfs",
                    "source": "shm",
                    "options": ["mode=1777"],
                },
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
                bind("/scratch", scratch, "rw"),
                *(bind(target, source, "rw") for target, source in self.mounts.items()),
                *(bind(target, source, "ro") for target, source in self.read_only.items()),
            ],
            "linux": {
                "namespaces": [{"type": name} for name in ("pid", "ipc", "uts", "mount", "network")]
            },
        }


@contextlib.contextmanager
def started(image: Image) -> Iterator[Container]:
    """A container in the image's files, as long as the context lasts."""
    environment = dict(entry.split("=", 1) for entry in image.config["Env"])
    with image.root() as root:
        yield Container(root, environment)
