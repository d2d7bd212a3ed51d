"""One stage on its volumes: claim the folder, reuse or work, publish.

The order never changes: the folder's owner is checked, then whether the work is done
already; the stage works on staging files; these are published together; the manifest
comes last.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from dubstage import logs
from dubstage.contract import SCRATCH_DIR, Stage, StageRequest, StageResult
from dubstage.contract.summary import StageSummary
from dubstage.engines import engine_version
from dubstage.errors import Misconfigured, NoInput
from dubstage.inputs import corrections, voice_files
from dubstage.inputs.source import resolve_source
from dubstage.models import model_revision
from dubstage.text import language_check
from dubstage.workspace import ownership
from dubstage.workspace.digests import Digests, FileRecord
from dubstage.workspace.layout import Artifact, Roots, Tree
from dubstage.workspace.manifest import (
    Manifest,
    Means,
    content_key,
    known_records,
    read_manifest,
    write_manifest,
)
from dubstage.workspace.outputs import outputs_of
from dubstage.workspace.publish import Staging
from dubstage.workspace.reuse import is_whole, look_ahead
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import Outcome, StageRun, Work, files_of


def execute(
    request: StageRequest, roots: Roots, staging: Staging, run: StageRun, patience: float
) -> StageResult:
    """Reuse or work; the result. Raises :class:`StageError` and OSError."""
    tree = Tree(roots, request.job_id)
    is_ingest = request.stage is Stage.INGEST
    if is_ingest:
        language_check.check(request)
    source = resolve_source(roots, request)
    if is_ingest:
        ownership.claim(tree, request)
    else:
        ownership.check(tree, request)
    digests = Digests(known_records(tree))
    source_record = digests.record(source, f"inputs/{source.relative_to(roots.inputs.resolve())}")

    corrected = corrections.check(roots, request) if is_ingest else []
    if is_ingest:
        voice_files.check(roots, request)

    def means(stage: Stage) -> Means:
        return _means(tree, request, stage, digests)

    def reusable(start: Stage) -> list[Stage]:
        return look_ahead(request, tree, source_record.sha256, means, digests, start)

    done = [] if request.force else reusable(request.stage)
    manifest = read_manifest(tree, request.stage)
    reused = request.stage in done and manifest is not None
    if request.import_only and not corrections.find(roots, request, request.stage):
        _keep(tree, request, manifest, digests)
        reused = True
    if not reused or manifest is None:
        manifest = _work(request, tree, staging, run, digests, source_record, patience)
        done = [request.stage, *(reusable(Stage.SEPARATE) if is_ingest else [])]
    if request.delete_interim:
        delete_interim(tree)
    return StageResult(
        stage=request.stage,
        reason="Reused" if reused else "Succeeded",
        message=manifest.message,
        reused=reused,
        reusable=done[1:] if is_ingest else [],
        corrected=corrected,
        imported=manifest.correction is not None,
        source_language=_source_language(tree, manifest, done),
        summary=manifest.summary,
        reusable_summaries=_summaries(tree, done[1:]) if is_ingest else {},
        outputs=outputs_of(tree, digests) if Stage.MUX in done else [],
    )


def _work(
    request: StageRequest,
    tree: Tree,
    staging: Staging,
    run: StageRun,
    digests: Digests,
    source: FileRecord,
    patience: float,
) -> Manifest:
    """Run the stage and publish what it wrote; its new manifest."""
    definition, choice = STAGES[request.stage], request.engine
    try:
        means = _means(tree, request, request.stage, digests)
    except ValueError as error:
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} is not on the models volume: run "
            "`dubstage models pull`, or name another model in the profile.",
            reason="ModelMissing",
        ) from error
    if means.correction:
        run = load_correction(request.stage)
    inputs, named = _inputs(request, tree, digests, patience)
    if definition.reads_source:
        inputs.append(source)
        named["source"] = source.sha256
    staging.discard()
    begun = time.monotonic()
    outcome = _run(request, tree, staging, run)
    seconds = time.monotonic() - begun
    outputs = staging.publish(digests)
    manifest = Manifest(
        stage=request.stage,
        key=content_key(request, request.stage, named, means),
        version=definition.version,
        engine="correction" if means.correction else choice.engine,
        model=None if means.correction else choice.model,
        model_revision=means.revision,
        correction=means.correction,
        inputs=inputs,
        outputs=outputs,
        seconds=round(seconds, 3),
        engine_version=None if means.correction else engine_version(choice.engine),
        message=outcome.message,
        source_language=outcome.source_language,
        summary=outcome.summary,
    )
    write_manifest(tree, manifest)
    return manifest


def _means(tree: Tree, request: StageRequest, stage: Stage, digests: Digests) -> Means:
    """Raises ValueError where the stage's model is not on the volume."""
    path = corrections.find(tree.roots, request, stage)
    if path is None:
        speaks = stage is Stage.SYNTHESIZE
        return Means(
            revision=model_revision(tree.roots, request.engines[stage]),
            voices=voice_files.digests_of(tree.roots, request.job_id, digests) if speaks else {},
        )
    return Means(correction=digests.record(path, f"inputs/{request.job_id}/{path.name}").sha256)


def _keep(tree: Tree, request: StageRequest, manifest: Manifest | None, digests: Digests) -> None:
    """Raise :class:`NoInput` unless the stage's own result is there and whole."""
    if manifest is None or not all(
        is_whole(tree, manifest, artifact, digests) for artifact in STAGES[request.stage].writes
    ):
        raise NoInput(
            f"The result of the {request.stage} stage is gone; it has to run again.",
            missing_from=request.stage,
        )


def delete_interim(tree: Tree) -> None:
    """Delete what the stages left for each other. The manifests stay: they say that
    the outputs are right."""
    for artifact in Artifact:
        if not artifact.is_output:
            for file in tree.files(artifact):
                file.unlink()
    shutil.rmtree(tree.lines, ignore_errors=True)


def _run(request: StageRequest, tree: Tree, staging: Staging, run: StageRun) -> Outcome:
    folder = SCRATCH_DIR if Path(SCRATCH_DIR).is_dir() else None
    scratch = Path(tempfile.mkdtemp(prefix=f"{request.stage}-", dir=folder))
    try:
        return run(Work(request, tree, staging.path, logs.Progress(), scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _inputs(
    request: StageRequest, tree: Tree, digests: Digests, patience: float
) -> tuple[list[FileRecord], dict[str, str]]:
    """Records of what earlier stages wrote, and their digests by artifact.

    Raises :class:`NoInput` for what is not there after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    records: list[FileRecord] = []
    named: dict[str, str] = {}
    for artifact in STAGES[request.stage].reads:
        while True:
            try:
                files = files_of(tree, artifact)
                break
            except NoInput:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(1.0, patience))
        for file in files:
            record = digests.record(file, tree.relative(file))
            records.append(record)
            named[f"{artifact.name}/{file.name}"] = record.sha256
    return records, named


def _summaries(tree: Tree, stages: Sequence[Stage]) -> dict[Stage, StageSummary]:
    """What `stages` measured when they ran."""
    manifests = {stage: read_manifest(tree, stage) for stage in stages}
    return {stage: found.summary for stage, found in manifests.items() if found}


def _source_language(tree: Tree, manifest: Manifest, done: list[Stage]) -> str | None:
    """The spoken language, as this stage or a reusable transcription found it."""
    if manifest.source_language or Stage.TRANSCRIBE not in done:
        return manifest.source_language
    transcription = read_manifest(tree, Stage.TRANSCRIBE)
    return transcription.source_language if transcription else None


def load_correction(stage: Stage) -> StageRun:
    """What takes over a person's file in the place of the stage's engine."""
    run: StageRun = importlib.import_module(f"dubstage.{stage}.correction").run
    return run
