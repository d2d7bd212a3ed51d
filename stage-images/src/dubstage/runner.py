"""Run one stage: claim, reuse or work, publish, and say how it ended.

The order never changes: the folder's owner is checked, then whether the work is
done already; the stage works on staging files; these are published together; the
manifest comes last. Whatever goes wrong ends in an exit code and one sentence.
"""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from dubstage import languages, logs, ownership
from dubstage.contract import (
    REQUEST_ENV,
    SCRATCH_DIR,
    TERMINATION_MESSAGE_PATH,
    ExitCode,
    Stage,
    StageRequest,
    StageResult,
)
from dubstage.digests import Digests, FileRecord
from dubstage.errors import Misconfigured, NoInput, StageError, TemporaryFailure
from dubstage.layout import Roots, Tree
from dubstage.manifest import Manifest, content_key, known_records, read_manifest, write_manifest
from dubstage.models import model_revision
from dubstage.publish import Staging
from dubstage.reuse import look_ahead
from dubstage.source import resolve_source
from dubstage.stages import STAGES
from dubstage.termination import exit_on_termination
from dubstage.work import Outcome, StageRun, Work, files_of

PATIENCE_SECONDS = 60.0
"""How long an input that is not there is looked for: NFS caches what is absent."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run the stage that the environment asks for; the process's exit code."""
    os.umask(0o002)
    try:
        request = StageRequest.model_validate_json(environment.get(REQUEST_ENV, ""))
    except ValueError as error:
        print(f"{REQUEST_ENV} is not a StageRequest: {error}")
        return ExitCode.CONFIG
    logs.configure(request)
    roots = Roots.from_environment(environment)
    staging = Staging(Tree(roots, request.job_id), STAGES[request.stage].writes)
    exit_on_termination(staging.discard)
    code, result = finish(request, roots, staging, load_stage(request.stage))
    _report(result, Path(environment.get("TERMINATION_MESSAGE_PATH", TERMINATION_MESSAGE_PATH)))
    return code


def load_stage(stage: Stage) -> StageRun:
    """The stage's ``run``; imported late, so that only its own libraries are."""
    run: StageRun = importlib.import_module(f"dubstage.{stage}.stage").run
    return run


def finish(
    request: StageRequest,
    roots: Roots,
    staging: Staging,
    run: StageRun,
    patience: float = PATIENCE_SECONDS,
) -> tuple[ExitCode, StageResult]:
    """Run the stage to its end, whatever that is."""
    begun = time.monotonic()
    try:
        result = execute(request, roots, staging, run, patience)
        code = ExitCode.OK
    except StageError as error:
        code, result = error.exit_code, _failure(request, error)
    except OSError as error:
        failure = _from_os_error(error)
        code, result = failure.exit_code, _failure(request, failure)
        logs.logger.exception("the operating system refused")
    except Exception as error:
        logs.logger.exception("the stage did not foresee this")
        unforeseen = TemporaryFailure(
            f"The {request.stage} stage ended with an unforeseen {type(error).__name__}; "
            "the pod's log has the details.",
            reason="UnforeseenError",
        )
        code, result = unforeseen.exit_code, _failure(request, unforeseen)
    finally:
        staging.discard()
    seconds = round(time.monotonic() - begun, 3)
    return code, result.model_copy(update={"seconds": seconds})


def execute(
    request: StageRequest, roots: Roots, staging: Staging, run: StageRun, patience: float
) -> StageResult:
    """Reuse or work; the result. Raises :class:`StageError` and OSError."""
    tree = Tree(roots, request.job_id)
    is_ingest = request.stage is Stage.INGEST
    if is_ingest:
        languages.check(request)
    source = resolve_source(roots, request)
    if is_ingest:
        ownership.claim(tree, request)
    else:
        ownership.check(tree, request)
    digests = Digests(known_records(tree))
    source_record = digests.record(source, f"inputs/{source.relative_to(roots.inputs.resolve())}")

    def reusable(start: Stage) -> list[Stage]:
        return look_ahead(
            request,
            tree,
            source_record.sha256,
            lambda stage: model_revision(roots, request.engines[stage]),
            digests,
            start,
        )

    done = reusable(request.stage)
    manifest = read_manifest(tree, request.stage)
    reused = request.stage in done and manifest is not None
    if not reused or manifest is None:
        manifest = _work(request, tree, staging, run, digests, source_record, patience)
        done = [request.stage, *(reusable(Stage.SEPARATE) if is_ingest else [])]
    return StageResult(
        stage=request.stage,
        reason="Reused" if reused else "Succeeded",
        message=manifest.message,
        reused=reused,
        reusable=done[1:] if is_ingest else [],
        source_language=_source_language(tree, manifest, done),
        figures=manifest.figures,
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
        revision = model_revision(tree.roots, choice)
    except ValueError as error:
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} is not on the models volume: run "
            "`dubstage models pull`, or name another model in the profile.",
            reason="ModelMissing",
        ) from error
    inputs, named = _inputs(request, tree, digests, patience)
    if definition.reads_source:
        inputs.append(source)
        named["source"] = source.sha256
    staging.discard()
    outcome = _run(request, tree, staging, run)
    outputs = staging.publish(digests)
    manifest = Manifest(
        stage=request.stage,
        key=content_key(request, request.stage, named, revision),
        version=definition.version,
        engine=choice.engine,
        model=choice.model,
        model_revision=revision,
        inputs=inputs,
        outputs=outputs,
        message=outcome.message,
        source_language=outcome.source_language,
        figures=outcome.figures,
    )
    write_manifest(tree, manifest)
    return manifest


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


def _source_language(tree: Tree, manifest: Manifest, done: list[Stage]) -> str | None:
    """The spoken language, as this stage or a reusable transcription found it."""
    if manifest.source_language or Stage.TRANSCRIBE not in done:
        return manifest.source_language
    transcription = read_manifest(tree, Stage.TRANSCRIBE)
    return transcription.source_language if transcription else None


def _from_os_error(error: OSError) -> StageError:
    place = f" ({Path(str(error.filename)).name})" if error.filename else ""
    if error.errno in NO_SPACE:
        return TemporaryFailure(
            f"The volume is full{place}: make room; what was half-written is removed.",
            reason="VolumeFull",
        )
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return Misconfigured(
            f"The volume refuses to be written or read{place}: {error.strerror}. The profile's "
            "user, group or fsGroup must own the job's folders.",
            reason="VolumeRefused",
        )
    return TemporaryFailure(f"The operating system refused{place}: {error.strerror or error}.")


def _failure(request: StageRequest, error: StageError) -> StageResult:
    logs.logger.error("%s", error)
    return StageResult(
        stage=request.stage,
        reason=error.reason,
        message=str(error),
        missing_from=error.missing_from if isinstance(error, NoInput) else None,
    )


def _report(result: StageResult, path: Path) -> None:
    """Leave the result where the kubelet looks for it, and in the log."""
    logs.logger.info("ended: %s %s", result.reason, result.message)
    if path.exists():
        path.write_text(result.to_termination_message())
