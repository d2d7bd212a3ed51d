"""The locks list every installed package with hashes, and are up to date."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import lock
import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "stage-images/Dockerfile").read_text()


def versions(name: str) -> dict[str, list[str]]:
    """Package → its versions; more than one where they depend on the Python."""
    found = lock.entries(lock.REQUIREMENTS / f"{name}.txt")
    return {package: re.findall(r"==(\S+)", text) for package, text in found.items()}


@pytest.mark.parametrize("name", lock.LOCKS)
def test_locks_are_up_to_date_with_their_inputs(name: str) -> None:
    assert lock.is_current(lock.REQUIREMENTS, name), f"{name}: run `make lock`"


@pytest.mark.parametrize("name", lock.LOCKS)
def test_every_pin_has_hashes(name: str) -> None:
    for package, text in lock.entries(lock.REQUIREMENTS / f"{name}.txt").items():
        for entry in re.split(rf"^{package}==", text, flags=re.MULTILINE)[1:]:
            assert "--hash=sha256:" in entry, f"{name}: {package}"


@pytest.mark.parametrize("name", lock.LOCKS)
def test_every_requirement_is_locked(name: str) -> None:
    locked = versions(name)
    for part in lock.LOCKS[name].inputs:
        lines = (lock.REQUIREMENTS / f"{part}.txt").read_text().splitlines()
        for package in (match[0] for line in lines if (match := re.match(r"[\w.-]+", line))):
            assert re.sub(r"[-_.]+", "-", package).lower() in locked, f"{part}: {package}"


@pytest.mark.parametrize(
    ("name", "differing"),
    [("pins-extra", set()), ("pins-cpu", set()), ("pins-stt", set()), ("pins-tts", {"numpy"})],
)
def test_images_keep_the_shared_versions(name: str, differing: set[str]) -> None:
    """What differs is in the image twice: below in its own layer, and above."""
    common, own = versions(lock.COMMON), versions(name)
    assert {
        package for package in common if not set(own[package]) <= set(common[package])
    } == differing


@pytest.mark.parametrize("name", [name for name in lock.LOCKS if name != lock.BUILD])
def test_a_changed_requirement_makes_its_lock_stale(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "requirements"
    shutil.copytree(lock.REQUIREMENTS, folder)
    changed = folder / f"{lock.LOCKS[name].inputs[-1]}.txt"
    changed.write_text(changed.read_text() + "# a remark\n")
    assert lock.is_current(folder, name)
    changed.write_text(changed.read_text() + "jinja2\n")
    assert not lock.is_current(folder, name)


@pytest.mark.parametrize("name", ["pins-extra", "pins-cpu", "pins-stt", "pins-tts"])
def test_every_stage_image_can_write_the_page_of_the_report(name: str) -> None:
    """A profile may run mux in any of them: the check model needs the libraries of `stt`."""
    assert "jinja2" in versions(name)


def test_every_install_runs_under_a_lock() -> None:
    installs = re.findall(r"install-requirements (?!app)(\S+) (\S+)", DOCKERFILE)
    assert len(installs) == 8
    for name, part in installs:
        assert part in lock.LOCKS[name].inputs


def test_uv_has_one_version() -> None:
    (version,) = versions("pins-uv")["uv"]
    assert f"UV_VERSION={version}\n" in (ROOT / "local-cluster/bootstrap.sh").read_text()


def test_images_for_gpus_share_one_torch() -> None:
    """One download and one wheel, and both run on the same GPUs."""
    stt, tts = versions("pins-stt"), versions("pins-tts")
    shared = [name for name in tts if name in {"torch", "torchaudio", "triton"} or "cu12" in name]
    assert len(shared) > 10
    assert {name: stt[name] for name in shared} == {name: tts[name] for name in shared}


def test_cosyvoice_has_a_transformers_that_decodes_correctly() -> None:
    """From 4.53 on its cached decoding is wrong, without an error: `make test-cosyvoice`."""
    (version,) = versions("pins-tts")["transformers"]
    assert tuple(map(int, version.split(".")[:2])) < (4, 53)
