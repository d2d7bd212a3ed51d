"""The programs that are compiled from the Go module proxy.

Their versions are pinned in the ``go.mod`` of their folders.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from local_cluster.errors import ClusterError
from local_cluster.programs import run
from local_cluster.steps import step

KUBERNETES_VERSION = "v1.34.4"
KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
)
SOURCE_CONTROLLER = "github.com/fluxcd/source-controller@v1.9.6"
SOURCE_CONTROLLER_SUM = "h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc="
"""Its CRDs are needed, not its program, so that it is in no ``go.mod``."""
MODULE = Path(__file__).parents[2]
"""The folder of ``go.mod``."""


def compile_kubernetes(work: Path) -> None:
    """Run `go build`, with the version information of a release."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    stamp = "k8s.io/component-base/version"
    flags = (
        f"-s -w -X {stamp}.gitVersion={KUBERNETES_VERSION}"
        f" -X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
    )
    packages = [f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES_PROGRAMS]
    log = work.parent / "kubernetes-build.log"

    def compiled() -> str:
        return f"{len(log.read_text().splitlines())} packages compiled" if log.exists() else ""

    with step(f"Kubernetes {KUBERNETES_VERSION}: compile (once, 6 to 8 minutes)", compiled):
        with log.open("w") as output:
            # One command for all four programs, because they share most packages.
            done = subprocess.run(
                ["go", "build", "-v", "-trimpath", "-ldflags", flags, "-o", f"{work}/", *packages],
                cwd=MODULE,
                stdout=output,
                stderr=output,
                env=os.environ | {"CGO_ENABLED": "0"},
                check=False,
            )
        if done.returncode != 0:
            raise ClusterError(f"Kubernetes could not be compiled: {log.read_text()[-2000:]}")


def compile_pause(work: Path) -> None:
    """Compile the program of the pause container."""
    with step("pause: compile"):
        _compile(MODULE / "pause", work / "pause")


def compile_verdicts(work: Path) -> None:
    """Compile the program that prints how kstatus and Flux see an object."""
    with step("verdicts (kstatus, Flux): compile (once, 2 minutes)"):
        _compile(MODULE / "verdicts", work / "verdicts")


def compile_buildx(work: Path) -> None:
    """Compile the plug-in of Docker that reads ``docker-bake.hcl``."""
    with step("buildx: compile (once, minutes)"):
        package = "github.com/docker/buildx/cmd/buildx"
        _compile(MODULE / "buildx", work / "buildx", package)


def compile_vale(work: Path) -> None:
    """Compile the checker of the wording."""
    with step("Vale: compile (once, a minute)"):
        package = "github.com/errata-ai/vale/v2/cmd/vale"
        _compile(MODULE / "vale", work / "vale", package)


def compile_kueue(work: Path) -> None:
    """Compile Kueue, and copy its CRDs and webhooks."""
    with step("Kueue: compile (once, 3 minutes)"):
        module = MODULE / "kueue"
        _compile(module, work / "kueue", "sigs.k8s.io/kueue/cmd/kueue")
        source = _folder_of("sigs.k8s.io/kueue", module)
        _copy_crds(source / "config/components/crd/bases", work / "crds")
        shutil.copyfile(source / "config/components/webhook/manifests.yaml", work / "webhooks.yaml")


def compile_flux(work: Path) -> None:
    """Compile kustomize-controller, and copy its CRDs and those of its sources."""
    with step("Flux: compile (once, 3 to 5 minutes)"):
        module, controller = MODULE / "flux", "github.com/fluxcd/kustomize-controller"
        _compile(module, work / "kustomize-controller", controller)
        downloaded = json.loads(run("go", "mod", "download", "-json", SOURCE_CONTROLLER))
        if downloaded["Sum"] != SOURCE_CONTROLLER_SUM:
            raise ClusterError(
                f"{SOURCE_CONTROLLER} has the sum {downloaded['Sum']},"
                f" expected {SOURCE_CONTROLLER_SUM}."
            )
        for source in (_folder_of(controller, module), Path(downloaded["Dir"])):
            _copy_crds(source / "config/crd/bases", work / "crds")


def _folder_of(dependency: str, module: Path) -> Path:
    """Return the folder of a dependency in the module cache."""
    return Path(run("go", "list", "-m", "-f", "{{.Dir}}", dependency, folder=module).strip())


def _copy_crds(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for file in source.glob("*.yaml"):
        # Files of the module cache are read-only, and shutil.copy would keep that.
        shutil.copyfile(file, target / file.name)


def _compile(module: Path, program: Path, package: str = ".") -> None:
    run(
        *("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, package),
        folder=module,
        environment=os.environ | {"CGO_ENABLED": "0"},
    )
