"""The Job of a stage. Its pod meets the Pod Security level `restricted`.

The owner reference makes Kubernetes delete the Job together with its DubJob.
"""

from __future__ import annotations

import hashlib
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile, pod_ids
from dubjob_operator.api.stage_profile import StageProfile
from dubjob_operator.api.status import StageStatus
from dubjob_operator.planning.container import folders_container, stage_container, volumes
from dubjob_operator.planning.failure_policy import pod_failure_policy
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubjob_operator.planning.quantity import bytes_of
from dubjob_operator.planning.scheduling import (
    light,
    node_affinity,
    pod_annotations,
    pod_labels,
    queue_labels,
)
from dubjob_operator.planning.settings import backoff_limit
from dubstage.contract import (
    GlossaryEntry,
    MixOptions,
    SharedGlossary,
    SpeakerRange,
    Stage,
    StageRequest,
    TranslationOptions,
)
from dubstage.contract.glossary import (
    SHARED_GLOSSARY_DIR,
    SHARED_GLOSSARY_KEY,
    glossary_text,
    with_short_environment,
)

NAME_STEM = 40
"""Number of characters of the DubJob's name in the name of the Job."""


def job_name(dubjob: DubJob, entry: StageStatus) -> str:
    """The name of the Job, with a hash of the DubJob's UID, the input hash of the stage and its
    run. The Job of ingest has the same name for each source language, by which it selects an audio
    track; :mod:`dubjob_operator.planning.audio_track` starts another run if the language
    differs."""
    identity = f"{dubjob.metadata.uid}/{entry.name}/{entry.input_hash}/{entry.run}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    stem = dubjob.metadata.name[:NAME_STEM].rstrip("-.").replace(".", "-")
    return f"{stem}-{entry.name}-{digest}"


def stage_request(dubjob: DubJob, profile: DubProfile, entry: StageStatus) -> StageRequest:
    """The request that the stage reads from its environment, with a long glossary in a file."""
    spec, stage = dubjob.spec, Stage(entry.name)
    speakers, mix = spec.speakers, spec.mix
    request = StageRequest(
        stage=stage,
        namespace=dubjob.metadata.namespace,
        name=dubjob.metadata.name,
        job_id=dubjob.job_id,
        source=dubjob.source_path,
        source_language=spec.source_language,
        target_language=spec.target_language,
        speakers=SpeakerRange(min=speakers.min, max=speakers.max) if speakers else None,
        glossary=_glossary(dubjob),
        shared_glossary=_shared_glossary(dubjob),
        on_doubt=spec.on_doubt,
        translation=_translation(dubjob),
        mix=MixOptions(loudness=mix.loudness, stems=bool(mix.stems)) if mix else MixOptions(),
        engines=profile.spec.engines(),
        force=bool(entry.forced),
        run=entry.run,
        shorten=bool(entry.shortens),
        import_only=bool(entry.imports),
        scratch_bytes=bytes_of(profile.spec.scratch_size_limit),
        delete_interim=stage is ORDER[-1] and profile.spec.delete_interim_files == "OnComplete",
    )
    return with_short_environment(request)


def stage_job(
    dubjob: DubJob, profile: DubProfile, entry: StageStatus, node: str | None = None
) -> dict[str, Any]:
    """The Job that runs the stage of `entry`, only on `node` if given."""
    chosen = profile.spec.stage(Stage(entry.name))
    if entry.imports:
        chosen = light(profile.spec)
    request = stage_request(dubjob, profile, entry)
    labels = pod_labels(dubjob, profile.spec, chosen) | {
        names.MANAGED_BY_LABEL: names.OPERATOR_NAME,
        names.DUBJOB_LABEL: names.label_value(dubjob.metadata.name),
        names.STAGE_LABEL: entry.name,
    }
    annotations = {names.PIPELINE_HASH_ANNOTATION: input_hashes(dubjob)[ORDER[-1]]}
    if entry.name == Stage.INGEST:
        annotations[names.SOURCE_LANGUAGE_ANNOTATION] = dubjob.spec.source_language or ""
    if node:
        annotations[names.NODE_ANNOTATION] = node
    if chosen.timeout_seconds:
        annotations[names.TIMEOUT_ANNOTATION] = str(chosen.timeout_seconds)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(dubjob, entry),
            "namespace": dubjob.metadata.namespace,
            "labels": labels | queue_labels(dubjob, profile.spec),
            "annotations": annotations,
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": "DubJob",
                    "name": dubjob.metadata.name,
                    "uid": dubjob.metadata.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": _set(
            {
                "backoffLimit": max(backoff_limit(dubjob, profile) - (entry.failures or 0), 0),
                "completions": 1,
                "parallelism": 1,
                # Two pods must not write to one folder: the next starts when the last has ended.
                "podReplacementPolicy": "Failed",
                "podFailurePolicy": pod_failure_policy(),
                "ttlSecondsAfterFinished": profile.spec.ttl_seconds_after_finished,
                "template": {
                    "metadata": {
                        "labels": labels,
                        "annotations": pod_annotations(dubjob, profile.spec, chosen)
                        | _glossary_annotation(dubjob, request),
                    },
                    "spec": _pod_spec(dubjob, profile, chosen, request, node),
                },
            }
        ),
    }


def _pod_spec(
    dubjob: DubJob,
    profile: DubProfile,
    chosen: StageProfile,
    request: StageRequest,
    node: str | None,
) -> dict[str, Any]:
    spec = profile.spec
    return _set(
        {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 30,
            "securityContext": {
                "runAsNonRoot": True,
                **pod_ids(spec.security_context),
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "imagePullSecrets": [
                secret.model_dump(by_alias=True) for secret in spec.image_pull_secrets or ()
            ]
            or None,
            "serviceAccountName": spec.service_account_name,
            "initContainers": [folders_container(chosen, request)],
            "containers": [stage_container(spec, chosen, request)],
            "volumes": volumes(spec, request),
            "nodeSelector": chosen.node_selector,
            "tolerations": chosen.tolerations,
            "affinity": node_affinity(chosen, node),
            "topologySpreadConstraints": chosen.topology_spread_constraints,
            "resourceClaims": [
                claim.model_dump(by_alias=True, exclude_none=True)
                for claim in chosen.resource_claims or ()
            ]
            or None,
            "runtimeClassName": chosen.runtime_class_name,
            "schedulerName": chosen.scheduler_name,
            "priorityClassName": dubjob.spec.priority_class_name or chosen.priority_class_name,
        }
    )


def _glossary_annotation(dubjob: DubJob, request: StageRequest) -> dict[str, str]:
    """The annotation from which the kubelet makes the file with a long glossary."""
    if not request.glossary_file:
        return {}
    return {names.GLOSSARY_ANNOTATION: glossary_text(_glossary(dubjob))}


def _glossary(dubjob: DubJob) -> list[GlossaryEntry]:
    return [
        GlossaryEntry(
            term=entry.term, translation=entry.translation, hear=entry.hear, say=entry.say
        )
        for entry in dubjob.spec.glossary or ()
    ]


def _shared_glossary(dubjob: DubJob) -> SharedGlossary | None:
    reference = dubjob.spec.glossary_ref
    if reference is None:
        return None
    file = f"{SHARED_GLOSSARY_DIR}/{SHARED_GLOSSARY_KEY}"
    return SharedGlossary(config_map=reference.name, file=file)


def _translation(dubjob: DubJob) -> TranslationOptions:
    wishes = dubjob.spec.translation
    if wishes is None:
        return TranslationOptions()
    return TranslationOptions(instructions=wishes.instructions, formality=wishes.formality)


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {key: value for key, value in fields.items() if value is not None}
