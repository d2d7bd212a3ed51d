"""What one run of a stage is given, and what it returns.

`runner` builds a :class:`Work`, calls the stage's ``run``, and publishes what
it wrote. A stage module therefore holds nothing but the work itself.
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
    """Everything one run of a stage is given."""

    request: StageRequest
    tree: Tree
    staging: Callable[[Artifact, str | None], Path]
    """`staging(artifact, name)`: where to write an output. The file lies beside
    its target under a temporary name until the whole stage has succeeded, and
    is then published with all others. `name` is the file name of one of several
    files (only for a pattern artifact)."""
    progress: Callable[[float], None]
    """`progress(share)`: how much is done, 0.0 to 1.0."""
    scratch: Path
    """An empty folder for temporary files, removed at the end."""

    def read(self, artifact: Artifact) -> list[Path]:
        """The files of an input that an earlier stage wrote: one, or those of a
        pattern.

        Raises :class:`dubstage.errors.NoInput` where there is none.
        """
        return files_of(self.tree, artifact)


@dataclass
class Outcome:
    """What a stage's ``run`` returns."""

    message: str = ""
    """One sentence for a person."""
    source_language: str | None = None
    summary: StageSummary = field(default_factory=StageSummary)
    """What the stage measured."""


def files_of(tree: Tree, artifact: Artifact) -> list[Path]:
    """The files of `artifact`, at least one.

    Raises :class:`dubstage.errors.NoInput` where there is none.
    """
    files = tree.files(artifact)
    if not files:
        producer = PRODUCER[artifact]
        raise NoInput(
            f"{tree.relative(tree.path(artifact))} is gone; "
            f"the {producer} stage has to write it again.",
            missing_from=producer,
        )
    return files


class StageRun(Protocol):
    """The signature of ``run`` in every ``<stage>/stage.py``."""

    def __call__(self, work: Work, /) -> Outcome: ...
