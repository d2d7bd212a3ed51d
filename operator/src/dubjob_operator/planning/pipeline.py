"""The stages in order, and the part of the spec that each reads."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile_reference import profile_identity
from dubstage.contract import Stage

ORDER = tuple(Stage)

WEIGHTS = {
    Stage.INGEST: 3,
    Stage.SEPARATE: 22,
    Stage.TRANSCRIBE: 25,
    Stage.TRANSLATE: 5,
    Stage.SYNTHESIZE: 30,
    Stage.MUX: 15,
}
"""Rough share of the dub in percent, for the progress in the status."""


def own_fields(dubjob: DubJob, stage: Stage) -> dict[str, Any]:
    """The part of the spec that `stage` reads, never deadlines or retries."""
    spec = dubjob.spec
    match stage:
        case Stage.INGEST:
            return {"jobID": dubjob.job_id, "source": dubjob.source_path}
        case Stage.TRANSCRIBE:
            speakers = spec.speakers
            return {
                "sourceLanguage": spec.source_language,
                # Both, set or not, so that the hashes of existing DubJobs do not change.
                "speakers": speakers and {"min": speakers.min, "max": speakers.max},
            }
        case Stage.TRANSLATE:
            return {
                "targetLanguage": spec.target_language,
                "glossary": [
                    entry.model_dump(by_alias=True, exclude_none=True)
                    for entry in spec.glossary or ()
                ],
                "translation": spec.translation
                and spec.translation.model_dump(by_alias=True, exclude_none=True),
            }
        case Stage.MUX:
            return {"mix": spec.mix and spec.mix.model_dump(by_alias=True, exclude_none=True)}
        case _:
            return {}


def input_hashes(dubjob: DubJob) -> dict[Stage, str]:
    """The input hash of each stage: of its fields of the spec, the *requested* profile, and the
    hash of the previous stage. Only fields that are set count, so that finished stages stay
    finished with a new version of the operator or of the profile."""
    hashes: dict[Stage, str] = {}
    previous = ""
    for stage in ORDER:
        parts = {
            "stage": str(stage),
            "profile": profile_identity(dubjob.spec.profile_ref),
            "previous": previous,
            "spec": {key: value for key, value in own_fields(dubjob, stage).items() if value},
        }
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        previous = hashes[stage] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return hashes
