"""buildah rebuilds the layers that docs/images.md names, and nothing else.

The real Dockerfile and the real builder on a base whose programs do nothing: what is found in
the cache depends on the files that are copied and on nothing that an install does, so the
heavy images are built as quickly as the light ones."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import build
import layers
import pytest

STUB = "localhost/dubjob/nothing:1"
PROGRAMS = ("apt-get", "ffmpeg", "ffprobe")
"""What the Dockerfile runs and this test does not need."""
ALL = "all"
LEAVES = ("stt-dev", "tts-dev", "extra-dev", "cpu-dev", "operator-dev")


class Builder:
    """A context and a storage of its own: others may build meanwhile."""

    def __init__(self, folder: Path, shared: build.Buildah) -> None:
        self.context = folder / "context"
        self.buildah = build.Buildah(folder / "storage")
        archive = f"oci-archive:{folder / 'base.tar'}"
        shared.run("push", "--quiet", build.BASE, f"{archive}:{build.BASE}", capture=True)
        self.buildah.run("pull", "--quiet", archive, capture=True)
        build.copy_context(self.context)
        self.write("stage-images/install-requirements", "#!/bin/sh\n")
        self._make_base(folder / "base")
        self._join_leaves()
        self.rebuilt()

    def _make_base(self, folder: Path) -> None:
        folder.mkdir()
        names = " ".join(f"/usr/local/bin/{name}" for name in PROGRAMS)
        (folder / "Dockerfile").write_text(
            f"FROM {build.BASE}\n"
            f"RUN for name in {names}; do echo '#!/bin/sh' >$name && chmod 755 $name; done\n"
        )
        self.buildah.run("bud", "--isolation", "chroot", "--tag", STUB, folder, capture=True)

    def _join_leaves(self) -> None:
        """One more stage, so that one run of buildah builds all images."""
        dockerfile = self.context / "stage-images/Dockerfile"
        copies = (f"COPY --from={leaf} /requirements/base.txt /{leaf}\n" for leaf in LEAVES)
        self.write(
            "stage-images/Dockerfile",
            f"{dockerfile.read_text()}\nFROM scratch AS {ALL}\n{''.join(copies)}",
        )

    def write(self, path: str, text: str) -> None:
        """Write one file of the context, with the time that all have."""
        file = self.context / path
        file.write_text(text)
        os.utime(file, (build.FIXED_TIME, build.FIXED_TIME))

    def rebuilt(self) -> set[str]:
        """Build all images; the stages of which a step was not in the cache."""
        arguments = build.build_arguments(self.context, ALL, STUB)
        output = self.buildah.run("bud", *arguments, self.context, capture=True)
        # A stage that waits for another one goes on after it: its steps are not in a row.
        parts = re.split(r"^\[(\d+)/\d+\] STEP \d+/\d+: ", output, flags=re.MULTILINE)[1:]
        names: dict[str, str] = {}
        found: set[str] = set()
        for number, step in zip(parts[::2], parts[1::2], strict=True):
            if start := re.match(r"FROM \S+ AS (\S+)", step):
                names[number] = start[1]
            elif "--> Using cache" not in step:
                found.add(names[number])
        return found - {ALL}


@pytest.fixture(scope="module")
def builder(
    shared_buildah: build.Buildah, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builder]:
    folder = tmp_path_factory.mktemp("builder")
    found = Builder(folder, shared_buildah)
    yield found
    found.buildah.run("rm", "--all", capture=True)
    # The overlay driver may leave its own folder mounted.
    if (found.buildah.root / "overlay").is_mount():
        subprocess.run(["umount", str(found.buildah.root / "overlay")], check=True)


def test_unchanged_context_rebuilds_nothing(builder: Builder) -> None:
    assert builder.rebuilt() <= layers.perhaps_built_again()


@pytest.mark.parametrize("changed", layers.documented())
def test_change_rebuilds_the_documented_layers(builder: Builder, changed: str) -> None:
    before = (builder.context / changed).read_text()
    builder.write(changed, f"{before}# changed\n")
    try:
        built, expected = builder.rebuilt(), layers.documented()[changed]
        assert expected <= built <= expected | layers.perhaps_built_again()
    finally:
        builder.write(changed, before)


def test_base_without_a_required_program_fails_the_build(builder: Builder) -> None:
    """The check above would say nothing of a builder that swallowed errors."""
    before = (builder.context / "stage-images/install-requirements").read_text()
    builder.write("stage-images/install-requirements", "#!/bin/sh\nexit 1\n")
    try:
        with pytest.raises(subprocess.CalledProcessError):
            builder.rebuilt()
    finally:
        builder.write("stage-images/install-requirements", before)
