"""What does not fit the lock fails the build, and says why."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import build

EXTRA = "stage-images/requirements/extra.txt"
LOCK = "stage-images/requirements/pins-extra.txt"


def build_extra(buildah: build.Buildah, context: Path, changes: dict[str, str]) -> str:
    """Build the extra image with changed files; return the output of the failed build."""
    build.copy_context(context)
    for path, text in changes.items():
        (context / path).write_text(text)
    done = subprocess.run(
        [
            *buildah.command, "bud", *build.build_arguments(context, "extra-engines", build.BASE),
            *build.trust_arguments(), str(context),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    return " ".join(done.stderr.split())


def now(path: str) -> str:
    return (build.ROOT / path).read_text()


def test_requirement_that_contradicts_the_lock_fails(
    shared_buildah: build.Buildah, tmp_path: Path
) -> None:
    output = build_extra(shared_buildah, tmp_path, {EXTRA: now(EXTRA) + "httpx<0.10\n"})
    assert "No solution found when resolving dependencies" in output
    assert "httpx<0.10" in output


def test_requirement_missing_from_the_lock_fails(
    shared_buildah: build.Buildah, tmp_path: Path
) -> None:
    assert "\ntoolz==" not in now(LOCK)
    output = build_extra(shared_buildah, tmp_path, {EXTRA: now(EXTRA) + "toolz\n"})
    assert "pins-extra.txt does not contain toolz: run `make lock`." in output


def test_wheel_with_another_hash_fails(shared_buildah: build.Buildah, tmp_path: Path) -> None:
    other = re.sub(r"(gtts==.*\n(?: .*\n)*)", lambda pin: forged(pin[0]), now(LOCK))
    output = build_extra(shared_buildah, tmp_path, {LOCK: other})
    assert "Hash mismatch for `gtts==" in output


def forged(pin: str) -> str:
    return re.sub(r"sha256:.{8}", "sha256:00000000", pin)
