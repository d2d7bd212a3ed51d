"""What an attempt at any stage but ingest does, in order: check the folder's owner, reuse or
work."""

from __future__ import annotations

from dubstage.contract import StageResult
from dubstage.errors import NoInput
from dubstage.inputs import corrections
from dubstage.run.attempt import Attempt
from dubstage.workspace import ownership
from dubstage.workspace.manifest import Manifest
from dubstage.workspace.work import StageRun


def run_stage(attempt: Attempt, run: StageRun) -> StageResult:
    """Do or reuse the stage's work; the result. Raises :class:`StageError` and OSError."""
    request = attempt.request
    attempt.require_source()
    ownership.check(attempt.tree, request)

    later = {} if request.force or request.shorten else attempt.reusable_from(request.stage)
    manifest = later.pop(request.stage, None)
    if request.import_only and not corrections.find(attempt.roots, request, request.stage):
        manifest = _last_result(attempt)
    is_reused = manifest is not None
    if manifest is None:
        manifest = attempt.work(run)

    attempt.delete_interim()
    return attempt.result(manifest, later, is_reused=is_reused)


def _last_result(attempt: Attempt) -> Manifest:
    """The stage's result as it is. Raises :class:`NoInput` if it is not intact."""
    stage = attempt.request.stage
    manifest = attempt.reuse.last_result(stage)
    if manifest is None:
        raise NoInput(
            f"The result of the {stage} stage is gone; it has to run again.", missing_from=stage
        )
    return manifest
