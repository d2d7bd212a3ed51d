"""The part of the spec that each stage reads. The stages, and their order, are
:class:`dubstage.contract.Stage`."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile_reference import profile_identity
from dubstage.contract import OnDoubt, Stage

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
            # Ingest finds which stages the glossary of a ConfigMap changes.
            reference = spec.glossary_ref and spec.glossary_ref.name
            return {
                "jobID": dubjob.job_id,
                "source": dubjob.source_path,
                "glossaryRef": reference,
            }
        case Stage.TRANSCRIBE:
            speakers = spec.speakers
            return {
                "sourceLanguage": spec.source_language,
                # Both, set or not, so that the hashes of existing DubJobs do not change.
                "speakers": speakers and {"min": speakers.min, "max": speakers.max},
                "hear": [text for entry in spec.glossary or () for text in entry.hear or ()],
                # A review changes no transcript by itself.
                "onDoubt": None if spec.on_doubt is OnDoubt.REVIEW else spec.on_doubt,
            }
        case Stage.TRANSLATE:
            return {
                "targetLanguage": spec.target_language,
                "glossary": [
                    entry.model_dump(exclude_none=True, include={"term", "translation"})
                    for entry in spec.glossary or ()
                ],
                "translation": spec.translation
                and spec.translation.model_dump(by_alias=True, exclude_none=True),
            }
        case Stage.SYNTHESIZE:
            return {"say": _pronunciations(dubjob)}
        case Stage.MUX:
            return {"mix": spec.mix and spec.mix.model_dump(by_alias=True, exclude_none=True)}
        case _:
            return {}


def _pronunciations(dubjob: DubJob) -> list[list[str]]:
    """The glossary's pronunciations in the language of the dub and its regions."""
    language = _language(dubjob.spec.target_language)
    return [
        [entry.translation or entry.term, tag, text]
        for entry in dubjob.spec.glossary or ()
        for tag, text in sorted((entry.say or {}).items())
        if _language(tag) == language
    ]


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


def input_hashes(dubjob: DubJob) -> dict[Stage, str]:
    """The input hash of each stage: of its fields of the spec, the *requested* profile, and the
    hash of the previous stage. Only fields that are set count, so that finished stages stay
    finished with a new version of the operator or of the profile."""
    hashes: dict[Stage, str] = {}
    previous, profile = "", profile_identity(dubjob.spec.profile_ref)
    for stage in ORDER:
        parts = {
            "stage": str(stage),
            "profile": profile,
            "previous": previous,
            "spec": {key: value for key, value in own_fields(dubjob, stage).items() if value},
        }
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        previous = hashes[stage] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return hashes
