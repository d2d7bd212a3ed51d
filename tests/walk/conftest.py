"""A workplace in which the commands of the documents are run: a copy of the files that they
name, the programs that a user has, and namespaces of their own on the local cluster.

The DubJob of the local cluster is removed for this tier and installed again afterwards.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import image_registry
import pytest
from made_media import cut_sentence
from markdown_commands import ROOT
from workplace import COPIED, LOCAL, NAMESPACES, Workplace, copy, volumes

from local_cluster.tools import tools


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a registry with the images, each with the tags 1 and 2."""
    with image_registry.running(tmp_path_factory.mktemp("registry")) as address:
        for name in ("cpu", "extra", "operator"):
            image_registry.push(address, name, "1", "2")
        yield address


@pytest.fixture(scope="session", autouse=True)
def cleared() -> Iterator[None]:
    """The local cluster without the releases of `make deploy-local`, for the session."""
    kubeconfig = LOCAL / "kubeconfig"
    if not kubeconfig.exists():
        pytest.fail("there is no local cluster: run `make test-walk`")
    environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
    helm = tools(("kubectl",)).helm
    for release, namespace in (("dubjob-profiles", "dubbing"), ("dubjob", "dubjob-system")):
        subprocess.run(
            [helm, "uninstall", release, "-n", namespace, "--ignore-not-found", "--wait"],
            env=environment, check=True,
        )  # fmt: skip
    yield
    subprocess.run(["make", "-C", ROOT, "deploy-local"], check=True)


@pytest.fixture
def workplace(request: pytest.FixtureRequest, images: str, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace with the Helm of the parameter, `helm` (version 4) or `helm_3`, and
    without its namespaces, which are deleted afterwards."""
    helm: Path = getattr(tools(("kubectl", "helm-3")), request.param)
    folder, programs = tmp_path / "clone", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    known = tools(("kubectl", "helm-3", "registry"))
    for name, program in (
        ("helm", helm), ("kubectl", known.kubectl),
        ("dub", Path(os.environ["VIRTUAL_ENV"]) / "bin/dub"),
    ):  # fmt: skip
        (programs / name).symlink_to(program)
    place = Workplace(
        folder,
        images,
        {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "KUBECONFIG": str(LOCAL / "kubeconfig"),
            "MODELS_TIMEOUT": "300",
        },
    )
    for name in COPIED:
        copy(ROOT / name, folder / name, place)
    cut_sentence(ROOT / "build/sample/source.mp4", folder / "talk.mp4")
    manifests = volumes(tmp_path / "volumes")
    try:
        place.shell("kubectl apply -f - <<'END'\n" + manifests + "END")
        yield place
    finally:
        names = " ".join(NAMESPACES.values())
        place.shell(
            "helm uninstall dubjob-profiles -n dubbing --ignore-not-found\n"
            "helm uninstall dubjob-profiles -n drama --ignore-not-found\n"
            "helm uninstall dubjob -n dubjob-system --ignore-not-found\n"
            f"kubectl delete namespace {names} --ignore-not-found --timeout=120s\n"
            "kubectl delete pv -l walk=volumes"
        )
