"""The shell commands of the documents, and which of them are run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL, OPERATIONS, GITOPS = "docs/install.md", "docs/operations.md", "docs/gitops.md"
DOCUMENTS = (INSTALL, OPERATIONS, GITOPS)
LIFE = "Upgrade, roll back, uninstall"
OFFLINE = "Run without a network"

RUN = {
    "push the charts": (INSTALL, "With Helm only", "helm push"),
    "install": (INSTALL, "With Helm only", "helm install"),
    "wait for the models": (INSTALL, "Models", ""),
    "dub with dub": (INSTALL, "The first dub", "dub -n dubbing submit"),
    "dub with kubectl": (INSTALL, "The first dub", "examples/media.yaml"),
    "upgrade": (INSTALL, LIFE, "helm upgrade dubjob "),
    "roll back": (INSTALL, LIFE, "helm rollback"),
    "uninstall": (INSTALL, LIFE, "helm uninstall dubjob-profiles"),
    "another namespace": (INSTALL, "Another namespace", ""),
    "reviewers": (OPERATIONS, "Permissions of the operator", ""),
    "models from a claim": (OPERATIONS, OFFLINE, "--set modelPull.seedClaimName"),
    "step log": (OPERATIONS, "Health and logs", ""),
    "inspect": (OPERATIONS, "Inspect a dub", ""),
}
"""What is run: document, heading, and words of the block."""

NOT_RUN = {
    (INSTALL, "On your own cluster", ""): "its claims need a storage class; run with others",
    (INSTALL, "kind", ""): "needs kind and Docker",
    (INSTALL, "k3s", ""): "needs k3s and Docker",
    (INSTALL, "OpenShift", ""): "needs OpenShift; the values are tested with the charts",
    (INSTALL, "A GPU cluster", "create secret"): "needs a token",
    (INSTALL, "A GPU cluster", "--set defaultProfile=gpu"): "needs the images stt and tts",
    (INSTALL, LIFE, "delete crd"): "tested with the chart before 0.2.0 on an API server",
    (OPERATIONS, OFFLINE, "fetch_models.py"): "make models runs it",
    (OPERATIONS, OFFLINE, "docker run"): "needs Docker and the hub",
    (OPERATIONS, OFFLINE, "engine=apertium"): "needs the images stt and tts",
    (GITOPS, "Argo CD", ""): "needs Argo CD; its objects are tested with the charts",
    (GITOPS, "Flux", ""): "needs Flux; make test-flux applies the files",
}
"""What is not run, with the reason."""


PARTS = re.compile(
    r"^\#+\ (?P<heading>[^\n]+)$ | ^(?P<indent>\ *)```(?P<language>\w*)\n(?P<text>.*?)^\ *```$",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
"""Headings and fenced blocks."""


@dataclass(frozen=True)
class Block:
    """A block of shell commands."""

    document: str
    heading: str
    """The latest heading before it."""
    text: str


def blocks(document: str) -> list[Block]:
    """The `sh` blocks of a document in their order, without their indentation."""
    found, heading = [], ""
    text = (ROOT / document).read_text()
    for match in PARTS.finditer(text):
        if match["heading"]:
            heading = match["heading"]
        elif match["language"] == "sh":
            rows = match["text"].splitlines()
            found.append(
                Block(
                    document, heading, "\n".join(row.removeprefix(match["indent"]) for row in rows)
                )
            )
    return found


def block(document: str, heading: str, words: str = "") -> Block:
    """The block below `heading` that contains `words`.

    Raises ValueError unless there is exactly one.
    """
    every = [each for each in blocks(document) if each.heading == heading and words in each.text]
    if len(every) != 1:
        raise ValueError(
            f"{document} has {len(every)} blocks with {words!r} below {heading!r}, expected one"
        )
    return every[0]
