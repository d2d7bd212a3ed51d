"""The manifest of a stage: what it wrote, and what it wrote it from.

A stage writes its :class:`Manifest` last. The *content key* in it is a hash over everything
that decides the outputs: equal keys mean equal work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from dubstage.contract import Stage, StageRequest
from dubstage.contract.summary import StageSummary
from dubstage.engines.neutral import decisive
from dubstage.workspace.digests import FileRecord, key_of
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.stages import STAGES

InputDigests = Mapping[str, str]
"""SHA-256 of each input, by a name without the job's id."""


class Manifest(BaseModel):
    """The finished work of one stage."""

    model_config = ConfigDict(frozen=True)

    stage: Stage
    key: str
    """The content key."""
    version: int
    engine: str
    model: str | None = None
    model_revision: str | None = None
    correction: str | None = None
    """SHA-256 of the correction, the user's file that replaced the engine's result."""
    inputs: list[FileRecord]
    outputs: list[FileRecord]
    seconds: float = 0.0
    """Wall-clock time of the work."""
    engine_version: str | None = None
    """Version of the engine's library or program, if it is known."""
    message: str = ""
    source_language: str | None = None
    summary: StageSummary = StageSummary()
    """What the stage measured, so that a reused one can report it again."""

    def digests_of(self, tree: Tree, artifact: Artifact) -> dict[str, str]:
        """The digests of the artifact's files when they were written, by file name."""
        folder = tree.path(artifact).parent
        pattern = tree.path(artifact).name
        return {
            Path(entry.path).name: entry.sha256
            for entry in self.outputs
            if Path(entry.path).parent == Path(tree.relative(folder))
            and Path(entry.path).match(pattern)
        }


@dataclass(frozen=True)
class Origin:
    """The origin of a stage's result, besides its inputs: the engine or a correction."""

    model_revision: str | None = None
    """Revision of the engine's model; None for an engine without one."""
    correction: str | None = None
    """SHA-256 of the correction, the user's file that replaces the engine's result."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each voice recording of the user, by speaker; synthesize stage only."""


def content_key(request: StageRequest, stage: Stage, inputs: InputDigests, origin: Origin) -> str:
    """The content key of `stage` for `request`, given its inputs' digests."""
    definition, choice = STAGES[stage], request.engines[stage]
    parts: dict[str, object] = {
        "stage": str(stage),
        "version": definition.version,
        "parameters": definition.parameters(request),
        "inputs": dict(inputs),
    }
    if origin.correction:
        parts["correction"] = origin.correction
    else:
        parts |= {
            "engine": choice.engine,
            "model": choice.model,
            "model_revision": origin.model_revision,
            "engine_parameters": decisive(choice.parameters),
        }
    if origin.voices:
        parts["voices"] = dict(origin.voices)
    return key_of(parts)


def read_manifest(tree: Tree, stage: Stage) -> Manifest | None:
    """The manifest of the stage; None if it is missing or cannot be read."""
    try:
        return Manifest.model_validate_json(tree.manifest(stage).read_bytes())
    except (OSError, ValueError):
        return None


def detected_language(tree: Tree) -> str | None:
    """The language in which the speech that the separate stage wrote was transcribed; None if it
    was not."""
    separated, heard = read_manifest(tree, Stage.SEPARATE), read_manifest(tree, Stage.TRANSCRIBE)
    if separated is None or heard is None:
        return None
    written = {(record.path, record.sha256) for record in separated.outputs}
    read = {(record.path, record.sha256) for record in heard.inputs}
    return heard.source_language if read and read <= written else None


def known_records(tree: Tree) -> Iterator[FileRecord]:
    """All file records in the manifests of the job."""
    for stage in Stage:
        manifest = read_manifest(tree, stage)
        if manifest:
            yield from manifest.inputs
            yield from manifest.outputs


def write_manifest(tree: Tree, manifest: Manifest) -> None:
    """Write the manifest in one step: a reader sees the old one or the new one."""
    path = tree.manifest(manifest.stage)
    with replacing(path) as temporary:
        temporary.write_text(manifest.model_dump_json(indent=1, exclude_none=True) + "\n")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to `path` that replaces it if the block succeeds."""
    # The process id is 1 in every pod.
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Sync the content of a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
