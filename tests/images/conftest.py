"""The images that `make test-images` built."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import build
import pytest
from container import Container, Image, started

TARGETS = ("cpu", "extra", "operator", "stt", "tts", "cpu-dev", "operator-dev")
"""As the Makefile's ALL_IMAGES."""


@pytest.fixture(scope="session")
def shared_buildah() -> build.Buildah:
    """The storage that `make images` fills; tests read it."""
    cache = os.environ.get("DUBJOB_CACHE") or Path.home() / ".cache/dubjob"
    return build.Buildah(Path(cache) / "buildah")


@pytest.fixture(scope="session")
def references(
    shared_buildah: build.Buildah, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Target → the image of this checkout's code."""
    context = tmp_path_factory.mktemp("context")
    build.copy_context(context)
    key = build.digest(context)
    found = {}
    for target in TARGETS:
        record = shared_buildah.built / f"{target}-{key}"
        if record.exists():
            found[target] = record.read_text()
    return found


@pytest.fixture
def image(name: str, shared_buildah: build.Buildah, references: dict[str, str]) -> Image:
    assert name in references, f"no image {name} of this code: run `make test-images`"
    return Image(shared_buildah, references[name])


@pytest.fixture
def container(image: Image) -> Iterator[Container]:
    """The image's files, mounted."""
    with started(image) as found:
        yield found
