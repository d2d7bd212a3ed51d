"""The version of the project, which is written in several files.

python tools/version.py           prints the version
python tools/version.py 1.2.3     writes it to every file; then run `uv lock`

Packages, charts, images and the examples that install them have one version: that of the release.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+")
"""Without pre-releases, which Python packages and charts write differently."""


@dataclass(frozen=True)
class Places:
    """Where the version is the only group of a pattern, and in how many places."""

    pattern: str
    files: str
    count: int

    def matches(self, root: Path) -> Iterator[tuple[Path, re.Match[str]]]:
        """Each place: the file and the match."""
        for file in sorted(root.glob(self.files)):
            text = file.read_text(encoding="utf-8")
            for match in re.finditer(self.pattern, text, re.MULTILINE):
                yield file, match


PLACES = (
    Places(r'^version = "(.+)"$', "*/pyproject.toml", 3),
    Places(r"^version: (.+)$", "charts/*/Chart.yaml", 2),
    Places(r"^appVersion: (.+)$", "charts/*/Chart.yaml", 2),
    Places(r"^ARG VERSION=(.+)$", "stage-images/Dockerfile", 5),
    Places(r'^variable "VERSION" \{\n  default = "(.+)"$', "docker-bake.hcl", 1),
    Places(r"^\| `VERSION` \| `(.+?)`", "docs/images.md", 1),
    Places(r"/dubjob/charts/\S+ --version (\S+)", "docs/*.md", 5),
    Places(r"/dubjob-(?:operator|profiles)-(\d\S*)\.tgz", "docs/*.md", 2),
    Places(r"^    targetRevision: (\d\S*)$", "gitops/argocd/*.yaml", 2),
    Places(r"^  ref: \{tag: (.+)\}$", "gitops/flux/*.yaml", 2),
)


def written(root: Path = ROOT) -> list[tuple[Path, re.Match[str]]]:
    """Every place of the version: the file, and the match with the version as its group.

    Raises ValueError if a place is missing or new, which would keep an old version.
    """
    found = []
    for places in PLACES:
        matches = list(places.matches(root))
        if len(matches) != places.count:
            raise ValueError(
                f"{places.files} contains {len(matches)} places that match {places.pattern}; "
                f"expected {places.count}. Correct PLACES in {Path(__file__).name}."
            )
        found += matches
    return found


def write(version: str, root: Path = ROOT) -> None:
    """Write `version` to every place. Raises ValueError if it is not that of a release, or as
    :func:`written`; then nothing is written."""
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is not the version of a release: expected for example 1.2.3")
    # From the end of each file on, so that earlier places stay where they are.
    for file, match in sorted(written(root), key=lambda place: place[1].start(1), reverse=True):
        text = file.read_text(encoding="utf-8")
        file.write_text(text[: match.start(1)] + version + text[match.end(1) :], encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Print or write the version; return the exit code."""
    try:
        if arguments:
            write(arguments[0])
        versions = sorted({match[1] for _, match in written()})
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(" ".join(versions))
    return 0 if len(versions) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
