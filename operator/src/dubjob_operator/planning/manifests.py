"""The Job of one stage: a pod that fits Pod Security `restricted`."""

from __future__ import annotations

import hashlib
from typing import Any

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob, StageStatus
from dubjob_operator.api.profile import DubProfile, DubProfileSpec, StageProfile
from dubjob_operator.planning.failure_policy import pod_failure_policy
from dubjob_operator.planning.pipeline import ORDER, input_hashes
from dubstage.contract import (
    DATA_DIR,
    MODELS_DIR,
    SCRATCH_DIR,
    SpeakerRange,
    Stage,
    StageRequest,
    request_env,
)

BACKOFF_LIMIT = 2
NAME_STEM = 40
"""Characters of the DubJob's name that a Job's name repeats."""


def job_name(dubjob: DubJob, entry: StageStatus) -> str:
    """The Job's name: a hash of the DubJob's UID, the stage's input hash and its
    run, so that the same work has the same name and other work another."""
    identity = f"{dubjob.metadata.uid}/{entry.name}/{entry.input_hash}/{entry.run}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    stem = dubjob.metadata.name[:NAME_STEM].rstrip("-.").replace(".", "-")
    return f"{stem}-{entry.name}-{digest}"


def stage_request(dubjob: DubJob, profile: DubProfile, stage: Stage) -> StageRequest:
    """What the stage is told."""
    spec = dubjob.spec
    speakers = spec.speakers
    return StageRequest(
        stage=stage,
        namespace=dubjob.metadata.namespace,
        name=dubjob.metadata.name,
        job_id=dubjob.job_id,
        source=dubjob.source_path,
        source_language=spec.source_language,
        target_language=spec.target_language,
        speakers=SpeakerRange(min=speakers.min, max=speakers.max) if speakers else None,
        engines=profile.spec.engines(),
    )


def stage_job(dubjob: DubJob, profile: DubProfile, entry: StageStatus) -> dict[str, Any]:
    """The Job that runs the stage of `entry`."""
    stage = Stage(entry.name)
    chosen = profile.spec.stages.of(stage)
    labels = {
        **(chosen.labels or {}),
        names.MANAGED_BY_LABEL: names.OPERATOR_NAME,
        names.DUBJOB_LABEL: names.label_value(dubjob.metadata.name),
        names.STAGE_LABEL: entry.name,
    }
    limit = dubjob.spec.backoff_limit
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(dubjob, entry),
            "namespace": dubjob.metadata.namespace,
            "labels": labels,
            "annotations": {
                names.INPUT_HASH_ANNOTATION: entry.input_hash,
                names.PIPELINE_HASH_ANNOTATION: input_hashes(dubjob)[ORDER[-1]],
            },
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
        "spec": {
            "backoffLimit": BACKOFF_LIMIT if limit is None else limit,
            "completions": 1,
            "parallelism": 1,
            # Never two writers: the next pod comes when the last one is quite gone.
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": pod_failure_policy(),
            "template": {
                "metadata": {"labels": labels, "annotations": chosen.annotations or {}},
                "spec": _pod_spec(profile.spec, chosen, stage_request(dubjob, profile, stage)),
            },
        },
    }


def _pod_spec(
    profile: DubProfileSpec, chosen: StageProfile, request: StageRequest
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": profile.user,
            "runAsGroup": profile.group,
            "fsGroup": profile.fs_group,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(chosen, request)],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": profile.data_claim}},
            {"name": "models", "persistentVolumeClaim": {"claimName": profile.models_claim}},
            {"name": "scratch", "emptyDir": {"sizeLimit": profile.scratch_size_limit}},
        ],
        "nodeSelector": chosen.node_selector,
        "tolerations": chosen.tolerations,
        "affinity": chosen.affinity,
        "runtimeClassName": chosen.runtime_class_name,
        "schedulerName": chosen.scheduler_name,
        "priorityClassName": chosen.priority_class_name,
    }
    return {key: value for key, value in spec.items() if value is not None}


def _container(chosen: StageProfile, request: StageRequest) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": names.STAGE_CONTAINER,
        "image": chosen.image,
        "imagePullPolicy": chosen.image_pull_policy,
        "command": ["dubstage", "run"],
        "env": [
            request_env(request),
            {"name": "HOME", "value": SCRATCH_DIR},
            {"name": "TMPDIR", "value": SCRATCH_DIR},
            {"name": "XDG_CACHE_HOME", "value": f"{SCRATCH_DIR}/.cache"},
        ],
        "resources": chosen.resources.model_dump(exclude_none=True) if chosen.resources else {},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {
                "name": "data",
                "mountPath": f"{DATA_DIR}/inputs",
                "subPath": "inputs",
                "readOnly": True,
            },
            {"name": "data", "mountPath": f"{DATA_DIR}/interim", "subPath": "interim"},
            {"name": "data", "mountPath": f"{DATA_DIR}/outputs", "subPath": "outputs"},
            {"name": "models", "mountPath": MODELS_DIR, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH_DIR},
        ],
    }
    return {key: value for key, value in container.items() if value is not None}
