"""Which results of earlier runs count: a table of what changed and what must run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dubstage.contract import Stage, StageRequest
from dubstage.testing import ENGINES, request_for, roots_in
from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import Manifest, Origin, content_key, read_manifest, write_manifest
from dubstage.workspace.reuse import Reuse
from dubstage.workspace.stages import STAGES, input_name

SOURCE = FileRecord(path="inputs/clip/source.mp4", size=1, mtime_ns=1, sha256="source")


@dataclass
class Job:
    """A job in a folder, all of whose stages ran."""

    tree: Tree
    request: StageRequest = field(default_factory=lambda: request_for(Stage.INGEST))
    source: FileRecord = SOURCE
    origins: Mapping[Stage, Origin | None] = field(default_factory=dict)
    """Origins that differ from those of the runs; None: the model is missing."""

    def origin_of(self, stage: Stage) -> Origin:
        origin = self.origins.get(stage, Origin())
        if origin is None:
            raise ValueError("no model")
        return origin

    def reuse(self) -> Reuse:
        return Reuse(self.request, self.tree, lambda: self.source, Digests(), self.origin_of)

    def run_all(self) -> None:
        """Write every artifact and manifest, as the stages do."""
        digests, known = Digests(), {"source": SOURCE.sha256}
        for stage, definition in STAGES.items():
            outputs = []
            for artifact in definition.writes:
                pattern = self.tree.path(artifact)
                path = pattern.with_name(pattern.name.replace("*", "one"))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(artifact.name)
                record = digests.record(path, self.tree.relative(path))
                known[input_name(artifact, path.name)] = record.sha256
                outputs.append(record)
            reads = {artifact.name for artifact in definition.reads}
            inputs = {
                name: sha256
                for name, sha256 in known.items()
                if name.partition("/")[0] in reads or (name == "source" and definition.reads_source)
            }
            key = content_key(self.request, stage, inputs, Origin())
            manifest = Manifest(stage=stage, key=key, version=definition.version, engine="one",
                                inputs=[], outputs=outputs)  # fmt: skip
            write_manifest(self.tree, manifest)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The job before anything changed."""
    job = Job(Tree(roots_in(tmp_path), "clip"))
    job.run_all()
    return job


def delete(*artifacts: Artifact) -> Callable[[Job], None]:
    def change(job: Job) -> None:
        for artifact in artifacts:
            for file in job.tree.files(artifact):
                file.unlink()

    return change


def rewrite(artifact: Artifact) -> Callable[[Job], None]:
    def change(job: Job) -> None:
        for file in job.tree.files(artifact):
            file.write_text("other")

    return change


def without(artifact: Artifact) -> Callable[[Job], None]:
    """The job as an earlier version of its stage wrote it."""

    def change(job: Job) -> None:
        delete(artifact)(job)
        (manifest,) = (
            found for stage in Stage if (found := read_manifest(job.tree, stage))
            and artifact in STAGES[stage].writes
        )  # fmt: skip
        names = manifest.digests_of(job.tree, artifact)
        kept = [one for one in manifest.outputs if Path(one.path).name not in names]
        write_manifest(job.tree, manifest.model_copy(update={"outputs": kept}))

    return change


def origin(stage: Stage, value: Origin | None) -> Callable[[Job], None]:
    return lambda job: setattr(job, "origins", {stage: value})


def parameter(stage: Stage, **values: str | int | float | bool) -> Callable[[Job], None]:
    engines = {**ENGINES, stage: ENGINES[stage].model_copy(update={"parameters": values})}
    return lambda job: setattr(job, "request", request_for(Stage.INGEST, engines=engines))


INTERIM = tuple(artifact for artifact in Artifact if not artifact.is_output)
TABLE: dict[str, tuple[Callable[[Job], object], int]] = {
    "nothing": (lambda _: None, 6),
    "the source": (lambda job: setattr(job, "source", SOURCE.model_copy(
        update={"sha256": "other"})), 0),
    "the target language": (lambda job: setattr(job, "request", request_for(
        Stage.INGEST, target_language="ca")), 3),
    "the model of transcribe": (origin(Stage.TRANSCRIBE, Origin("other")), 2),
    "a missing model of transcribe": (origin(Stage.TRANSCRIBE, None), 2),
    "an imported translation": (origin(Stage.TRANSLATE, Origin(correction="file")), 3),
    "a recorded voice": (origin(Stage.SYNTHESIZE, Origin(voices={"A": "file"})), 4),
    "where and how fast it is recognized": (parameter(
        Stage.TRANSCRIBE, batch_size=4, device="cuda", align_languages="en,ko"), 6),
    "how well it is recognized": (parameter(Stage.TRANSCRIBE, beam_size=1), 2),
    "all interim files deleted": (delete(*INTERIM), 6),
    "a changed output": (rewrite(Artifact.REPORT), 5),
    "a deleted output": (delete(Artifact.TRG_TRANSCRIPT), 3),
    "deleted stems": (delete(Artifact.STEMS), 5),
    "a deleted page": (delete(Artifact.REPORT_PAGE), 5),
    "a dub of a version without the page": (without(Artifact.REPORT_PAGE), 6),
    "a deleted manifest": (lambda job: job.tree.manifest(Stage.TRANSLATE).unlink(), 3),
    "a damaged manifest": (lambda job: job.tree.manifest(Stage.TRANSLATE).write_text("{"), 3),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reusable"), TABLE.values(), ids=TABLE)
def test_stages_before_the_first_change_are_reusable(
    job: Job, change: Callable[[Job], object], reusable: int
) -> None:
    change(job)
    assert list(job.reuse().stages_from(Stage.INGEST)) == list(Stage)[:reusable]


def test_stage_that_runs_needs_intact_inputs(job: Job) -> None:
    """Mux runs again: separate, which wrote one of mux' inputs, runs as well."""
    delete(Artifact.REPORT, Artifact.BACKGROUND)(job)
    assert list(job.reuse().stages_from(Stage.INGEST)) == [Stage.INGEST]
    assert list(job.reuse().stages_from(Stage.TRANSCRIBE)) == list(Stage)[2:5]


def test_manifests_belong_to_the_stages(job: Job) -> None:
    later = job.reuse().stages_from(Stage.SYNTHESIZE)
    assert {stage: manifest.stage for stage, manifest in later.items()} == {
        Stage.SYNTHESIZE: Stage.SYNTHESIZE,
        Stage.MUX: Stage.MUX,
    }


def test_last_result_counts_regardless_of_its_inputs(job: Job) -> None:
    job.source = SOURCE.model_copy(update={"sha256": "other"})
    result = job.reuse().last_result(Stage.TRANSLATE)
    assert result is not None
    assert result.stage is Stage.TRANSLATE


@pytest.mark.parametrize("change", [delete(Artifact.TRANSLATED), rewrite(Artifact.TRANSLATED)])
def test_last_result_has_to_be_intact(job: Job, change: Callable[[Job], None]) -> None:
    change(job)
    assert job.reuse().last_result(Stage.TRANSLATE) is None
