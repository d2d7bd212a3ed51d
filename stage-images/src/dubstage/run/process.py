"""The process of one stage: its request, and how it ends. Every failure becomes an exit code
and one sentence."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

from dubstage import logs
from dubstage.contract import (
    REQUEST_ENV,
    TERMINATION_MESSAGE_PATH,
    ExitCode,
    Stage,
    StageRequest,
    StageResult,
)
from dubstage.contract.glossary import with_glossary
from dubstage.errors import Misconfigured, NoInput, StageError, TemporaryFailure
from dubstage.inputs.shared_glossary import with_shared_glossary
from dubstage.masking import masked
from dubstage.run.attempt import Attempt
from dubstage.run.ingest_order import run_ingest
from dubstage.run.stage_order import run_stage
from dubstage.run.termination import exit_on_termination
from dubstage.workspace.layout import Roots, Tree
from dubstage.workspace.publish import Staging
from dubstage.workspace.space import DATA_VOLUME, SCRATCH, full_volume, volume_of
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import StageRun

PATIENCE_SECONDS = 60.0
"""How long to wait for an input that is missing: NFS caches that a file does not exist."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Run the stage that the environment describes, and return the exit code."""
    os.umask(0o002)
    try:
        request = StageRequest.model_validate_json(environment.get(REQUEST_ENV, ""))
    except ValueError as error:
        print(f"{REQUEST_ENV} is not a StageRequest: {error}")
        return ExitCode.CONFIG
    try:
        request = with_glossary(request)
    except (OSError, ValueError) as error:
        print(f"The glossary {request.glossary_file} cannot be read: {error}")
        return ExitCode.CONFIG
    logs.configure(request)
    roots = Roots.from_environment(environment)
    staging = Staging(Tree(roots, request.job_id), STAGES[request.stage].writes)
    exit_on_termination(staging.discard)
    code, result = finish(request, roots, staging, load_stage(request.stage))
    _report(result, Path(environment.get("TERMINATION_MESSAGE_PATH", TERMINATION_MESSAGE_PATH)))
    return code


def load_stage(stage: Stage) -> StageRun:
    """The stage's ``run``. The import is late so that only this stage's libraries are loaded."""
    run: StageRun = importlib.import_module(f"dubstage.{stage}.stage").run
    return run


def finish(
    request: StageRequest,
    roots: Roots,
    staging: Staging,
    run: StageRun,
    patience: float = PATIENCE_SECONDS,
) -> tuple[ExitCode, StageResult]:
    """Run the stage and turn its end, good or bad, into an exit code and a result."""
    begun = time.monotonic()
    code, failure = ExitCode.OK, None
    try:
        attempt = Attempt(with_shared_glossary(request), roots, staging, patience)
        order = run_ingest if request.stage is Stage.INGEST else run_stage
        result = order(attempt, run)
    except StageError as error:
        failure = error
    except OSError as error:
        logs.logger.exception("the operating system reported an error")
        failure = _from_os_error(error, roots, request.job_id)
    except Exception as error:
        logs.logger.exception("unexpected error")
        failure = _unforeseen(request, roots, error)
    finally:
        staging.discard()
    if failure:
        code, result = failure.exit_code, _failed(request, failure)
    level = logging.ERROR if failure else logging.INFO
    logs.logger.log(level, "%s: %s", result.reason, result.message)
    seconds = round(time.monotonic() - begun, 3)
    return code, result.model_copy(update={"seconds": seconds, "message": masked(result.message)})


def _from_os_error(error: OSError, roots: Roots, job_id: str) -> StageError:
    file = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else None
    place = f" ({file.name})" if file else ""
    volume = volume_of(file, roots) if file else None
    if error.errno in NO_SPACE:
        return _full(volume or full_volume(roots, job_id), place)
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return Misconfigured(
            f"The {volume or 'volume'} cannot be written or read{place}: {error.strerror}. The "
            "user, group or fsGroup of the profile must have access to the folders of the job.",
            reason="VolumeRefused",
        )
    return TemporaryFailure(
        f"The operating system reported an error{place}: {error.strerror or error}."
    )


def _full(volume: str | None, place: str = "") -> TemporaryFailure:
    """The failure for a full volume; None: one that is not known."""
    if volume is None:
        what = f"{DATA_VOLUME} or the {SCRATCH}"
        where = f"the {DATA_VOLUME} and on the disk of the node"
    else:
        what, where = volume, "the disk of its node" if volume == SCRATCH else "it"
    return TemporaryFailure(
        f"The {what} is full{place}: free some space on {where}. Partly written files were "
        "deleted.",
        reason="VolumeFull",
    )


def _unforeseen(request: StageRequest, roots: Roots, error: Exception) -> StageError:
    """The failure for an error that no stage expects.

    Libraries that write audio do not report a full volume, so the volumes are asked.
    """
    if volume := full_volume(roots, request.job_id):
        return _full(volume)
    return TemporaryFailure(
        f"The {request.stage} stage ended with an unexpected {type(error).__name__}. The log of "
        "the pod has the details.",
        reason="UnforeseenError",
    )


def _failed(request: StageRequest, error: StageError) -> StageResult:
    return StageResult(
        stage=request.stage,
        reason=error.reason,
        message=str(error),
        missing_from=error.missing_from if isinstance(error, NoInput) else None,
    )


def _report(result: StageResult, path: Path) -> None:
    """Write the result where the kubelet reads it."""
    if path.exists():
        path.write_text(result.to_termination_message())
