"""The stages of the Dockerfile, what each copies, and the documented table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EVERYTHING, NOTHING = "everything", "nothing"


@dataclass(frozen=True)
class Layer:
    """One stage of the Dockerfile."""

    parent: str
    copies: tuple[str, ...]
    """Files and folders of the build context. What is copied from another stage does not count:
    it makes another layer only if its content is another one."""
    copies_stage: bool
    """Whether it copies from another stage. At times buildah does not find such a layer in its
    cache, although nothing has changed."""


def layers() -> dict[str, Layer]:
    """The stages by name, in their order."""
    text = (ROOT / "stage-images/Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, Layer] = {}
    for part in re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]:
        parent, name = re.findall(r"^(\S+) AS (\S+)", part)[0]
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", part, re.MULTILINE)
        found[name] = Layer(parent, tuple(" ".join(copied).split()), "COPY --from" in part)
    return found


def is_copied(layer: Layer, path: str) -> bool:
    """True where the layer copies the file, alone or with its folder."""
    return any(path == source or path.startswith(f"{source}/") for source in layer.copies)


def built_again(path: str) -> set[str]:
    """The layers that copy the file, and all that stand on one of them."""
    stale: set[str] = set()
    for name, layer in layers().items():
        if layer.parent in stale or is_copied(layer, path):
            stale.add(name)
    return stale


def perhaps_built_again() -> set[str]:
    """The layers that buildah may build again without a change, and all that stand on them."""
    found: set[str] = set()
    for name, layer in layers().items():
        if layer.copies_stage or layer.parent in found:
            found.add(name)
    return found


def documented() -> dict[str, set[str]]:
    """The table of docs/images.md: file → layers, dev variants included."""
    table = (ROOT / "docs/images.md").read_text().partition("| changed |")[2].partition("\n\n")[0]
    known = layers()
    found = {}
    for changed, again in re.findall(r"^\| `(\S+)` \| (.+) \|$", table, re.MULTILINE):
        names = set(known) if again == EVERYTHING else set(re.findall(r"`(\S+)`", again))
        names = set() if again.startswith(NOTHING) else names
        found[changed] = names | {f"{name}-dev" for name in names if f"{name}-dev" in known}
    return found
