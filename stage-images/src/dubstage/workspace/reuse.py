"""Which stages need not run, because their results exist already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile

from dubstage.contract import Stage, StageRequest
from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import Manifest, Origin, content_key, read_manifest
from dubstage.workspace.stages import STAGES, input_name


class Reuse:
    """The results of earlier runs that are still right.

    A stage is *reusable* if its manifest holds the content key that the stage would get
    now, and if those of its files are intact that are outputs or that a stage still to
    run reads. Interim files can be deleted without making finished work undone.
    """

    def __init__(
        self,
        request: StageRequest,
        tree: Tree,
        source: Callable[[], FileRecord],
        digests: Digests,
        origin_of: Callable[[Stage], Origin],
    ) -> None:
        """`source`: returns the record of the source, which may have to be read for it, and is
        called only if there are earlier results. `origin_of`: returns the origin that a
        stage's result would have now, or raises ValueError if the stage's model is missing.
        """
        self._request = request
        self._tree = tree
        self._source = source
        self._digests = digests
        self._origin_of = origin_of

    def stages_from(self, start: Stage) -> dict[Stage, Manifest]:
        """The reusable stages from `start` on, up to the first that has to run.

        A stage behind one that has to run is not among them: its inputs may change.
        """
        current = dict(self._current())
        order = list(Stage)
        ahead = order[order.index(start) :]
        needed = {artifact for artifact in Artifact if artifact.is_output}
        to_run: set[Stage] = set()
        for stage in reversed(ahead):
            manifest = current.get(stage)
            written = [artifact for artifact in STAGES[stage].writes if artifact in needed]
            if manifest is None or not all(self._is_intact(manifest, x) for x in written):
                to_run.add(stage)
                needed |= set(STAGES[stage].reads)
        reusable = takewhile(lambda stage: stage not in to_run, ahead)
        return {stage: current[stage] for stage in reusable}

    def last_result(self, stage: Stage) -> Manifest | None:
        """The manifest of the stage's last run, whatever its inputs and engine were; None if
        one of its files is missing or has changed."""
        manifest = read_manifest(self._tree, stage)
        if manifest and all(self._is_intact(manifest, x) for x in STAGES[stage].writes):
            return manifest
        return None

    def _current(self) -> Iterator[tuple[Stage, Manifest]]:
        """The manifests with the content key that their stage would get now, from the first
        stage up to the first that differs."""
        known: dict[Artifact, dict[str, str]] = {}
        for stage, definition in STAGES.items():
            manifest = read_manifest(self._tree, stage)
            if manifest is None or not all(known.get(artifact) for artifact in definition.reads):
                return
            inputs = {
                input_name(artifact, name): sha256
                for artifact in definition.reads
                for name, sha256 in known[artifact].items()
            }
            if definition.reads_source:
                inputs["source"] = self._source().sha256
            try:
                origin = self._origin_of(stage)
            except ValueError:
                return
            if content_key(self._request, stage, inputs, origin) != manifest.key:
                return
            yield stage, manifest
            for artifact in definition.writes:
                known[artifact] = manifest.digests_of(self._tree, artifact)

    def _is_intact(self, manifest: Manifest, artifact: Artifact) -> bool:
        """Whether the artifact's files are those that the manifest records."""
        recorded = manifest.digests_of(self._tree, artifact)
        present = {
            path.name: self._digests.record(path, self._tree.relative(path)).sha256
            for path in self._tree.files(artifact)
        }
        return present == recorded and (bool(recorded) or artifact.may_be_absent)
