"""Which stages need not run, because what they would write is there already.

A stage is *reusable* when its manifest holds the content key that it would have
now, and those of its outputs are whole that people came for or that a stage still
to run reads. Interim files may be cleaned up without making finished work undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from dubstage.contract import Stage, StageRequest
from dubstage.workspace.digests import Digests
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import Manifest, Means, content_key, read_manifest
from dubstage.workspace.stages import STAGES

ORDER = tuple(Stage)

MeansOf = Callable[[Stage], Means]
"""What a stage would work with; raises ValueError where its model is missing."""


@dataclass(frozen=True)
class Inputs:
    """Digests of everything the stages read, as far as it is known."""

    source: str
    """SHA-256 of the source video."""
    artifacts: dict[Artifact, dict[str, str]]

    def of(self, stage: Stage) -> dict[str, str] | None:
        """The digests of what `stage` reads; None where one is not known."""
        found = {"source": self.source} if STAGES[stage].reads_source else {}
        for artifact in STAGES[stage].reads:
            digests = self.artifacts.get(artifact)
            if not digests:
                return None
            found |= {f"{artifact.name}/{name}": sha for name, sha in digests.items()}
        return found


def look_ahead(
    request: StageRequest,
    tree: Tree,
    source: str,
    means: MeansOf,
    digests: Digests,
    start: Stage,
) -> list[Stage]:
    """The stages from `start` on that need not run, up to the first that must. A
    stage after one that must run is not named, since its inputs may change."""
    ahead = ORDER[ORDER.index(start) :]
    current = matching(request, tree, source, means)
    to_run: set[Stage] = set()
    needed: set[Artifact] = {artifact for artifact in Artifact if artifact.is_output}
    for stage in reversed(ahead):
        manifest = current.get(stage)
        wanted = [artifact for artifact in STAGES[stage].writes if artifact in needed]
        if manifest is None or not all(
            is_whole(tree, manifest, artifact, digests) for artifact in wanted
        ):
            to_run.add(stage)
            needed |= set(STAGES[stage].reads)
    return list(takewhile(lambda stage: stage not in to_run, ahead))


def matching(
    request: StageRequest, tree: Tree, source: str, means: MeansOf
) -> dict[Stage, Manifest]:
    """The manifests whose content key is the one that the stage would have now,
    from the first stage up to the first that differs."""
    found: dict[Stage, Manifest] = {}
    inputs = Inputs(source, {})
    for stage in ORDER:
        manifest = read_manifest(tree, stage)
        digests = inputs.of(stage)
        if manifest is None or digests is None:
            break
        try:
            key = content_key(request, stage, digests, means(stage))
        except ValueError:
            break
        if key != manifest.key:
            break
        found[stage] = manifest
        for artifact in STAGES[stage].writes:
            inputs.artifacts[artifact] = manifest.digests_of(tree, artifact)
    return found


def is_whole(tree: Tree, manifest: Manifest, artifact: Artifact, digests: Digests) -> bool:
    """True where the artifact's files are those that the manifest records."""
    recorded = manifest.digests_of(tree, artifact)
    found = {
        path.name: digests.record(path, tree.relative(path)).sha256 for path in tree.files(artifact)
    }
    return found == recorded and (bool(recorded) or artifact.may_be_absent)
