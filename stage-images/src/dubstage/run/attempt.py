"""One attempt at a stage: its inputs, and the steps that ingest and the other stages share."""

from __future__ import annotations

import importlib
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dubstage.contract import SCRATCH_DIR, Stage, StageRequest, StageResult
from dubstage.engines import engine_version
from dubstage.errors import Misconfigured, NoInput
from dubstage.inputs import corrections, voice_files
from dubstage.inputs.source import resolve_source
from dubstage.logs import Progress, step
from dubstage.masking import masked
from dubstage.models import model_revision
from dubstage.models.pull import hugging_face_token
from dubstage.run.background import in_background
from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Roots, Tree
from dubstage.workspace.manifest import (
    Manifest,
    Origin,
    content_key,
    known_records,
    write_manifest,
)
from dubstage.workspace.outputs import outputs_of
from dubstage.workspace.prune import delete_interim
from dubstage.workspace.publish import Staging
from dubstage.workspace.reuse import Reuse
from dubstage.workspace.stages import STAGES, input_name
from dubstage.workspace.work import Outcome, StageRun, Work, files_of


@dataclass(frozen=True)
class Attempt:
    """One attempt at the requested stage, on the mounted volumes."""

    request: StageRequest
    roots: Roots
    staging: Staging
    patience: float
    """Seconds to wait for a missing input: NFS caches that a file does not exist."""

    @cached_property
    def tree(self) -> Tree:
        """The job's files."""
        return Tree(self.roots, self.request.job_id)

    @cached_property
    def digests(self) -> Digests:
        """The digests of files. Files in the job's manifests are not read again."""
        return Digests(known_records(self.tree))

    def require_source(self) -> None:
        """Raise :class:`BadInput` for a source video that is missing or cannot be used."""
        _ = self._source_path

    @cached_property
    def source(self) -> FileRecord:
        """The record of the source video; a new file is read once for its digest."""
        name = f"inputs/{self._source_path.relative_to(self.roots.inputs.resolve())}"
        return self.digests.record(self._source_path, name)

    @cached_property
    def reuse(self) -> Reuse:
        """The results of earlier runs."""
        return Reuse(self.request, self.tree, lambda: self.source, self.digests, self.origin_of)

    def reusable_from(self, start: Stage) -> dict[Stage, Manifest]:
        """The stages from `start` on that need not run, with their manifests."""
        with step("check earlier results"):
            return self.reuse.stages_from(start)

    def origin_of(self, stage: Stage) -> Origin:
        """The origin that a result of the stage would have now.

        Raises ValueError if the stage's model is not on the models volume.
        """
        path = corrections.find(self.roots, self.request, stage)
        if path:
            name = f"inputs/{self.request.job_id}/{path.name}"
            return Origin(correction=self.digests.record(path, name).sha256)
        voices = {}
        if stage is Stage.SYNTHESIZE:
            voices = voice_files.digests_of(self.roots, self.request.job_id, self.digests)
        choice, is_own = self.request.engines[stage], stage is self.request.stage
        has_token = hugging_face_token() is not None if is_own else choice.has_token
        revision = model_revision(
            self.roots, choice, self.request.source_language, has_token=has_token
        )
        return Origin(revision, voices=voices)

    def work(self, run: StageRun) -> Manifest:
        """Call `run`, or import a correction instead, publish the files that were written,
        and return the new manifest."""
        request, stage = self.request, self.request.stage
        origin = self._origin()
        if origin.correction:
            run = load_correction(stage)
        records, inputs = self._inputs()
        self.staging.discard()
        begun = time.monotonic()
        # The stage and the digest read the source at the same time: it is fetched once.
        source = in_background(lambda: self.source) if STAGES[stage].reads_source else None
        outcome = self._run(run)
        if source:
            record = source.result()
            records.append(record)
            inputs["source"] = record.sha256
        seconds = time.monotonic() - begun
        with step("publish"):
            outputs = self.staging.publish(self.digests)
        engine = None if origin.correction else request.engine
        manifest = Manifest(
            stage=stage,
            key=content_key(request, stage, inputs, origin),
            version=STAGES[stage].version,
            engine=engine.engine if engine else "correction",
            model=engine.model if engine else None,
            model_revision=origin.model_revision,
            correction=origin.correction,
            inputs=records,
            outputs=outputs,
            seconds=round(seconds, 3),
            engine_version=engine_version(engine.engine) if engine else None,
            message=masked(outcome.message),
            source_language=outcome.source_language,
            summary=outcome.summary,
        )
        write_manifest(self.tree, manifest)
        return manifest

    def result(
        self, manifest: Manifest, later: Mapping[Stage, Manifest], *, is_reused: bool
    ) -> StageResult:
        """The result to report. `manifest`: of the requested stage; `later`: of the stages
        after it that need not run, which may know the spoken language and the outputs."""
        is_finished = Stage.MUX in (self.request.stage, *later)
        transcription = later.get(Stage.TRANSCRIBE)
        language = transcription.source_language if transcription else None
        return StageResult(
            stage=self.request.stage,
            reason="Reused" if is_reused else "Succeeded",
            message=manifest.message,
            reused=is_reused,
            imported=manifest.correction is not None,
            source_language=manifest.source_language or language,
            summary=manifest.summary,
            outputs=outputs_of(self.tree, self.digests) if is_finished else [],
        )

    def delete_interim(self) -> None:
        """Delete the interim files, if the request asks for it."""
        if self.request.delete_interim:
            delete_interim(self.tree)

    @cached_property
    def _source_path(self) -> Path:
        return resolve_source(self.roots, self.request)

    def _origin(self) -> Origin:
        """The origin of this attempt's result."""
        choice = self.request.engine
        try:
            return self.origin_of(self.request.stage)
        except ValueError as error:
            raise Misconfigured(
                f"The model {choice.engine}/{choice.model} is not on the models volume: run "
                "`dubstage models pull`, or name another model in the profile.",
                reason="ModelMissing",
            ) from error

    def _run(self, run: StageRun) -> Outcome:
        """Call the stage's function with a scratch folder of its own."""
        folder = SCRATCH_DIR if Path(SCRATCH_DIR).is_dir() else None
        scratch = Path(tempfile.mkdtemp(prefix=f"{self.request.stage}-", dir=folder))
        try:
            return run(Work(self.request, self.tree, self.staging.path, Progress(), scratch))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _inputs(self) -> tuple[list[FileRecord], dict[str, str]]:
        """The records of what earlier stages wrote, and their digests by name.

        Raises :class:`NoInput` for a file that does not appear in time.
        """
        deadline = time.monotonic() + self.patience
        records: list[FileRecord] = []
        named: dict[str, str] = {}
        for artifact in STAGES[self.request.stage].reads:
            for file in self._files_of(artifact, deadline):
                record = self.digests.record(file, self.tree.relative(file))
                records.append(record)
                named[input_name(artifact, file.name)] = record.sha256
        return records, named

    def _files_of(self, artifact: Artifact, deadline: float) -> list[Path]:
        """The artifact's files. Raises :class:`NoInput` if there is none at `deadline`."""
        while True:
            try:
                return files_of(self.tree, artifact)
            except NoInput:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(1.0, self.patience))


def load_correction(stage: Stage) -> StageRun:
    """The function that imports a correction, a file of the user, instead of running the
    engine."""
    run: StageRun = importlib.import_module(f"dubstage.{stage}.correction").run
    return run
