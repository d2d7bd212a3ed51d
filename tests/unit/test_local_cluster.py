"""The local cluster's parts that need no root: names, processes, archives, steps."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_cluster import certificates, image_archive, tools, volumes
from local_cluster.certificates import ADMINISTRATOR, Credentials
from local_cluster.errors import ClusterError
from local_cluster.go_programs import MODULE
from local_cluster.images import REFERENCE, write_archive
from local_cluster.place import Place, free_network, free_port
from local_cluster.processes import Background
from local_cluster.programs import run


def test_checkouts_have_different_names(tmp_path: Path) -> None:
    one, two = Place(tmp_path / "one"), Place(tmp_path / "two")
    for name in ("key", "folder", "sockets", "state", "bridge", "control_group"):
        assert getattr(one, name) != getattr(two, name)
    assert len(one.bridge) <= 15
    assert len(str(one.containerd_socket)) < 108


@dataclass(frozen=True)
class PlaceInFolder(Place):
    """A place whose state is in a folder of the test."""

    @property
    def state(self) -> Path:
        return self.checkout / "state"


@pytest.mark.parametrize("lost", ["volumes", "volumes/data", "volumes/models"])
def test_volumes_that_were_deleted_are_noticed(lost: str, tmp_path: Path) -> None:
    """A new clone at the path of an earlier one finds its state, with Jobs that pulled models."""
    place = PlaceInFolder(tmp_path)
    assert not volumes.are_lost(place), "no cluster exists"
    for folder in (place.state, place.volumes / "data", place.volumes / "models"):
        folder.mkdir(parents=True)
    assert not volumes.are_lost(place)
    shutil.rmtree(place.folder / lost)
    assert volumes.are_lost(place)


def test_free_addresses() -> None:
    assert free_network().prefixlen == 24
    assert 1024 <= free_port() <= 65535


def test_program_is_started_once_and_stopped(tmp_path: Path) -> None:
    background = Background(tmp_path / "records", tmp_path / "logs")
    sleep = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
    background.start("sleeper", sleep)
    record = json.loads((tmp_path / "records/sleeper.json").read_text())
    background.start("sleeper", sleep)
    assert json.loads((tmp_path / "records/sleeper.json").read_text()) == record
    deadline = time.monotonic() + 5
    while background.log_tail("sleeper") != "up":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    background.stop("sleeper")
    assert not background.is_running("sleeper")
    with pytest.raises(ClusterError, match="sleeper exited: up"):
        background.check("sleeper")


def test_other_program_with_the_same_process_id_is_not_stopped(tmp_path: Path) -> None:
    """After a reboot an id may be anybody's."""
    import os

    background = Background(tmp_path, tmp_path)
    (tmp_path / "mine.json").write_text(json.dumps({"pid": os.getpid(), "started": 1}))
    assert not background.is_running("mine")
    background.stop("mine")


def test_failed_program_raises_with_its_output() -> None:
    with pytest.raises(ClusterError, match="no such thing"):
        run(sys.executable, "-c", "import sys; sys.exit('no such thing')")


def test_certificates_contain_every_address(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    certificates.create(credentials, ["127.0.0.1", "10.96.0.1"], node="node")
    text = run("openssl", "x509", "-in", credentials.server, "-noout", "-text")
    assert "10.96.0.1" in text
    run("openssl", "verify", "-CAfile", credentials.authority, credentials.server)
    assert credentials.token(ADMINISTRATOR) != credentials.token("system:node:node")
    with pytest.raises(KeyError):
        credentials.token("nobody")


@pytest.mark.parametrize(
    ("name", "value", "tool"),
    [
        ("SOURCE_CONTROLLER", "github.com/fluxcd/source-controller@v9.9.9", "flux"),
        ("KUBERNETES_VERSION", "v9.9.9", "kubernetes"),
        ("KUBECTL_WHEEL", tools.Wheel("kubectl==9.9.9", "9" * 64), "kubectl"),
        ("HELM_3_WHEEL", tools.Wheel("helm==9.9.9", "9" * 64), "helm_3"),
    ],
)
def test_another_version_has_another_folder(
    name: str, value: object, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the programs and CRDs of the earlier version would be kept."""
    before = getattr(tools.tools(()), tool)
    monkeypatch.setattr(tools, name, value)
    assert getattr(tools.tools(()), tool) != before


@pytest.mark.parametrize("tool", ["verdicts", "vale", "kueue", "flux", "buildx", "pause"])
def test_another_source_or_dependency_has_another_folder(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "module"
    shutil.copytree(MODULE, module, ignore=shutil.ignore_patterns("src", "__pycache__"))
    monkeypatch.setattr(tools, "MODULE", module)
    before = getattr(tools.tools(()), tool)
    for file in [*(module / tool).glob("*.go"), *(module / tool).glob("go.sum")]:
        content = file.read_bytes()
        file.write_bytes(content + b"\n")
        assert getattr(tools.tools(()), tool) != before
        file.write_bytes(content)
    assert getattr(tools.tools(()), tool) == before


def test_image_archive(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    image_archive.write(tmp_path / "image.tar", "localhost/pause:1", program)
    with tarfile.open(tmp_path / "image.tar") as tar:
        (entry,) = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
        config = json.loads(tar.extractfile(entry["Config"]).read())  # type: ignore[union-attr]
        layer = tar.extractfile(entry["Layers"][0]).read()  # type: ignore[union-attr]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def blob(layout: Path, content: bytes) -> dict[str, str]:
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}"}


def test_archive_contains_only_the_requested_images(tmp_path: Path) -> None:
    manifests = []
    shared = blob(tmp_path, b"shared layer")
    for name in ("one", "two"):
        config, own = blob(tmp_path, name.encode()), blob(tmp_path, f"layer {name}".encode())
        content = json.dumps({"config": config, "layers": [shared, own]}).encode()
        manifests.append({**blob(tmp_path, content), "annotations": {REFERENCE: name}})
    (tmp_path / "index.json").write_text(json.dumps({"manifests": manifests}))
    write_archive(tmp_path, ["two"], tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar") as tar:
        names = tar.getnames()
        index = json.loads(tar.extractfile("index.json").read())  # type: ignore[union-attr]
    assert [entry["annotations"][REFERENCE] for entry in index["manifests"]] == ["two"]
    assert len([name for name in names if name.startswith("blobs/")]) == 4
    with pytest.raises(ClusterError, match="make images"):
        write_archive(tmp_path, ["absent"], tmp_path / "out.tar")
