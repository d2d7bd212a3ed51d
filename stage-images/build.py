#!/usr/bin/env python3
"""Build the images with buildah, without a container engine.

    python3 stage-images/build.py [TARGET …]        defaults to cpu extra operator
    python3 stage-images/build.py --local TARGET …  only into the storage of buildah
    python3 stage-images/build.py --build-arg NAME=VALUE … TARGET …

Both base images are the same small Debian image, which is built here once. A new clone reuses
the layers of an earlier build, because the build context is a copy with fixed timestamps. The
images are written to the OCI layout ``STORAGE/oci``, and their names to ``build/images.env``,
one ``TARGET=reference`` per line.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_TARGETS = ("cpu", "extra", "operator")
DEBIAN = "bookworm"
BASE = f"localhost/dubjob/debian:{DEBIAN}-2"
"""Increase the number when the list of packages below changes."""
BASE_PACKAGES = "ca-certificates,python3,python3-venv"
CONTEXT = (
    "operator/src",
    "stage-images/Dockerfile",
    "stage-images/dev-start",
    "stage-images/download-models",
    "stage-images/install-requirements",
    "stage-images/requirements",
    "stage-images/src",
)
"""Everything that the Dockerfile copies; .dockerignore has the same list."""
PROGRAMS = ("dev-start", "download-models", "install-requirements")
FIXED_TIME = 946684800
CERTIFICATES = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
IN_IMAGE_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def main() -> int:
    """Build the images; return 0, or 1 after an error message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(DEFAULT_TARGETS))
    parser.add_argument("--storage", type=Path, required=True, help="storage folder of buildah")
    parser.add_argument(
        "--local", action="store_true", help="do not write the OCI layout and the names"
    )
    parser.add_argument(
        "--build-arg", dest="given", action="append", default=[], metavar="NAME=VALUE",
        help="an argument of the Dockerfile; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args()
    buildah = Buildah(arguments.storage)
    try:
        if not buildah.has(BASE):
            make_base(buildah)
        with tempfile.TemporaryDirectory(prefix="dubjob-context-") as folder:
            context = Path(folder)
            copy_context(context)
            key = digest(context, arguments.given)
            references = {
                name: build(buildah, context, name, key, arguments.given)
                for name in arguments.targets
            }
        if arguments.local:
            return 0
        for reference in references.values():
            publish(buildah, reference)
    except subprocess.CalledProcessError as error:
        print(
            f"images: `{' '.join(map(str, error.cmd))[:200]}` failed: exit code {error.returncode}"
        )
        return 1
    record = ROOT / "build" / "images.env"
    record.parent.mkdir(exist_ok=True)
    record.write_text("".join(f"{name.upper()}={ref}\n" for name, ref in references.items()))
    return 0


class Buildah:
    """buildah with its own storage folder."""

    def __init__(self, storage: Path) -> None:
        self.root = storage / "root"
        self.layout = storage / "oci"
        """OCI image layout from which nodes load images; it stores shared layers once."""
        self.built = storage / "built"
        """One file per target and context that was built, with the reference of the image."""
        self.command = [
            "buildah", "--storage-driver", "overlay",
            "--root", str(self.root), "--runroot", str(storage / "run"),
        ]  # fmt: skip

    def run(self, *arguments: str | Path, capture: bool = False) -> str:
        """Run one command; return its output if it is captured."""
        done = subprocess.run(
            [*self.command, *map(str, arguments)], check=True, text=True,
            stdout=subprocess.PIPE if capture else None,
        )  # fmt: skip
        return (done.stdout or "").strip()

    def has(self, image: str) -> bool:
        """Whether the image is in the storage."""
        done = subprocess.run(
            [*self.command, "inspect", "--type", "image", image], capture_output=True, check=False
        )
        return done.returncode == 0


def make_base(buildah: Buildah) -> None:
    """Build a small Debian image with Python."""
    say(f"base image: Debian {DEBIAN}")
    with tempfile.TemporaryDirectory(prefix="dubjob-debian-") as folder:
        root = Path(folder) / "root"
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", DEBIAN, str(root)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for part in ("usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / part)
            (root / part).mkdir()
        container = buildah.run("from", "scratch", capture=True)
        buildah.run("add", "--quiet", container, root, "/")
        buildah.run("commit", "--quiet", "--rm", container, BASE)


def copy_context(context: Path) -> None:
    """Copy the files that the Dockerfile needs, with fixed timestamps and modes."""
    for part in CONTEXT:
        source, target = ROOT / part, context / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copyfile(source, target)
    for path in (context, *context.rglob("*")):
        executable = path.is_dir() or path.name in PROGRAMS
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (FIXED_TIME, FIXED_TIME))


def digest(context: Path, given: Sequence[str] = ()) -> str:
    """Return a digest of the name of the base image, of all files in the context, and of the build
    arguments that were given."""
    total = hashlib.sha256(BASE.encode())
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        total.update(f"\0{path.relative_to(context)}\0".encode())
        total.update(path.read_bytes())
    for argument in given:
        total.update(f"\0{argument}".encode())
    return total.hexdigest()[:32]


def build(buildah: Buildah, context: Path, target: str, key: str, given: Sequence[str] = ()) -> str:
    """Build one target, unless this context was built before, and return its reference.

    The reference changes with the content of the image.
    """
    record = buildah.built / f"{target}-{key}"
    if record.exists() and buildah.has(record.read_text()):
        say(f"{target}: {record.read_text()} is up to date")
        return record.read_text()
    started = time.monotonic()
    say(f"{target}: building")
    arguments = ["--quiet", *build_arguments(context, target, BASE), *trust_arguments()]
    arguments += [word for argument in given for word in ("--build-arg", argument)]
    image = buildah.run("bud", *arguments, context, capture=True).splitlines()[-1]
    reference = f"localhost/dubjob/{target}:{image.removeprefix('sha256:')[:12]}"
    buildah.run("tag", image, reference)
    record.parent.mkdir(exist_ok=True)
    record.write_text(reference)
    say(f"{target}: {reference} after {time.monotonic() - started:.0f} s")
    return reference


def publish(buildah: Buildah, reference: str) -> None:
    """Copy the image into the layout, unless it is already there."""
    index = buildah.layout / "index.json"
    if not index.exists() or f'"{reference}"' not in index.read_text():
        buildah.run("push", "--quiet", reference, f"oci:{buildah.layout}:{reference}")


def build_arguments(context: Path, target: str, base: str) -> list[str]:
    """Return the arguments with which `buildah bud` builds a target on a base image."""
    return [
        "--isolation", "chroot", "--layers", "--force-rm", "--target", target,
        "--build-arg", f"BASE_IMAGE={base}", "--build-arg", f"OPERATOR_BASE_IMAGE={base}",
        "--build-arg", "CLONE_COSYVOICE=false",
        "--file", str(context / "stage-images/Dockerfile"),
        "--tag", f"localhost/dubjob/{target}:build",
    ]  # fmt: skip


def trust_arguments() -> list[str]:
    """Return arguments that make the build trust the CAs of this machine, such as a proxy."""
    if not CERTIFICATES.exists():
        return []
    return [
        "--volume", f"{CERTIFICATES}:{IN_IMAGE_CERTIFICATES}:ro",
        "--build-arg", f"SSL_CERT_FILE={IN_IMAGE_CERTIFICATES}",
    ]  # fmt: skip


def say(text: str) -> None:
    print(f"images: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
