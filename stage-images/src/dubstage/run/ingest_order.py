"""What an attempt at ingest does, in order: check the request, claim the folder, reuse or
work, and look ahead at the other stages."""

from __future__ import annotations

from dubstage.contract import Stage, StageResult
from dubstage.inputs import corrections, near_misses, voice_files
from dubstage.run.attempt import Attempt
from dubstage.text import language_check
from dubstage.workspace import ownership
from dubstage.workspace.work import StageRun


def run_ingest(attempt: Attempt, run: StageRun) -> StageResult:
    """Do or reuse ingest's work; the result, which names the later stages that need not run.

    Mistakes of the user are refused here, before a GPU is requested.
    Raises :class:`StageError` and OSError.
    """
    request = attempt.request
    corrected = corrections.replaced(attempt.roots, request)
    language_check.check(request, corrected)
    attempt.require_source()
    ownership.claim(attempt.tree, request)
    imports = request
    if Stage.TRANSCRIBE in corrected:
        imports = corrections.with_language(request, attempt.tree)
    corrections.check(attempt.roots, imports)
    voice_files.check(attempt.roots, request)

    later = {} if request.force else attempt.reusable_from(Stage.INGEST)
    manifest = later.pop(Stage.INGEST, None)
    is_reused = manifest is not None
    if manifest is None:
        manifest = attempt.work(run)
        later = attempt.reusable_from(Stage.SEPARATE)

    if manifest.summary.duration_milliseconds is not None:
        corrections.check_times(
            attempt.roots, imports, manifest.summary.duration_milliseconds / 1000
        )
    attempt.delete_interim()
    result = attempt.result(manifest, later, is_reused=is_reused)
    return result.model_copy(
        update={
            "reusable": list(later),
            "reusable_summaries": {stage: earlier.summary for stage, earlier in later.items()},
            "corrected": corrected,
            "message": "; ".join([result.message, *near_misses.remarks(attempt.roots, request)]),
        }
    )
