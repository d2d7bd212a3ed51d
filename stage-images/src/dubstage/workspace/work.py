"""What the function of a stage gets, and what it returns.

`run.attempt` builds a :class:`Work`, calls the ``run`` of the stage, and publishes the files
that it wrote. A stage module holds nothing but the work itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dubstage.contract import StageRequest
from dubstage.contract.summary import StageSummary
from dubstage.errors import NoInput
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.stages import PRODUCER


@dataclass(frozen=True)
class Work:
    """Everything that one run of a stage needs."""

    request: StageRequest
    tree: Tree
    staging: Callable[[Artifact, str | None], Path]
    """`staging(artifact, name)`: the path to write an output to. The file has a temporary
    name next to its target until the stage has succeeded, and is then published with all
    others. `name`: the file name of one of several files of a pattern, else None."""
    progress: Callable[[float], None]
    """`progress(share)`: report how much of the work is done, 0.0 to 1.0."""
    scratch: Path
    """An empty folder for temporary files, deleted after the run."""

    def read(self, artifact: Artifact) -> list[Path]:
        """The files of an artifact that an earlier stage wrote: one, or those of a pattern.

        Raises :class:`NoInput` if there is none.
        """
        return files_of(self.tree, artifact)


@dataclass
class Outcome:
    """The result of a stage's ``run``."""

    message: str = ""
    """One sentence for the status."""
    source_language: str | None = None
    summary: StageSummary = field(default_factory=StageSummary)
    """What the stage measured."""


def files_of(tree: Tree, artifact: Artifact) -> list[Path]:
    """The files of `artifact`, at least one.

    Raises :class:`NoInput` if there is none.
    """
    files = tree.files(artifact)
    if not files:
        producer = PRODUCER[artifact]
        raise NoInput(
            f"{tree.relative(tree.path(artifact))} is missing; "
            f"the {producer} stage has to write it again.",
            missing_from=producer,
        )
    return files


class StageRun(Protocol):
    """The signature of ``run`` in every ``<stage>/stage.py``."""

    def __call__(self, work: Work, /) -> Outcome: ...
