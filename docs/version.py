"""The version of the project, which is written in several files.

python docs/version.py           prints the version
python docs/version.py 1.2.3     writes it to every file; then run `uv lock`

Packages, charts, images and the examples that install them have one version: that of the release.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")
PLACES = {
    r'^version = "(.+)"$': ("*/pyproject.toml",),
    r"^(?:v|appV)ersion: (.+)$": ("charts/*/Chart.yaml",),
    r"^ARG VERSION=(.+)$": ("stage-images/Dockerfile",),
    r'^variable "VERSION" \{\n  default = "(.+)"$': ("docker-bake.hcl",),
    r"^\| `VERSION` \| `(.+?)`": ("docs/images.md",),
    r"/dubjob/charts/\S+ --version (\S+)": ("docs/*.md",),
    r"/dubjob-(?:operator|profiles)-(\d\S*)\.tgz": ("docs/*.md",),
    r"^    targetRevision: (\d\S*)$": ("gitops/argocd/*.yaml",),
    r"^  ref: \{tag: (.+)\}$": ("gitops/flux/*.yaml",),
}
"""Where the version stands, as the only group of a pattern: pattern to files."""


def written(root: Path = ROOT) -> Iterator[tuple[Path, re.Match[str]]]:
    """Every place of the version: the file, and the match with the version as its group."""
    for pattern, globs in PLACES.items():
        for file in sorted(file for each in globs for file in root.glob(each)):
            for found in re.finditer(pattern, file.read_text(encoding="utf-8"), re.MULTILINE):
                yield file, found


def write(version: str, root: Path = ROOT) -> None:
    """Write `version` to every place. Raises ValueError if it is not a version."""
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is not a version: expected for example 1.2.3.")
    # From the end of each file on, so that earlier places stay where they are.
    for file, found in reversed(sorted(written(root), key=lambda place: place[1].start(1))):
        text = file.read_text(encoding="utf-8")
        file.write_text(text[: found.start(1)] + version + text[found.end(1) :], encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Print or write the version; return the exit code."""
    if arguments:
        try:
            write(arguments[0])
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
    versions = sorted({found[1] for _, found in written()})
    print(" ".join(versions))
    return 0 if len(versions) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
