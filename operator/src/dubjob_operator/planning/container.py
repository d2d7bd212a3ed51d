"""The containers of a stage's pod: command, environment, resources, volumes."""

from __future__ import annotations

from typing import Any

from dubjob_operator import names
from dubjob_operator.api.profile import DubProfileSpec
from dubjob_operator.api.stage_profile import StageProfile
from dubstage.contract import (
    DATA_DIR,
    MODELS_DIR,
    RESERVED_ENVIRONMENT,
    SCRATCH_DIR,
    StageRequest,
    request_env,
)
from dubstage.contract.glossary import (
    GLOSSARY_DIR,
    GLOSSARY_FILE,
    SHARED_GLOSSARY_DIR,
    SHARED_GLOSSARY_KEY,
)

HUGGING_FACE_VARIABLE = "HF_TOKEN"
SHARED_GLOSSARY = "shared-glossary"
"""Name of the volume with the ConfigMap."""
JOB_ROOTS = ("interim", "outputs")
"""The folders of the data volume in which each job has a folder of its own."""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
PLAIN_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def stage_container(
    spec: DubProfileSpec, chosen: StageProfile, request: StageRequest
) -> dict[str, Any]:
    """The container that runs one stage."""
    container: dict[str, Any] = {
        "name": names.STAGE_CONTAINER,
        "image": chosen.image,
        "imagePullPolicy": chosen.image_pull_policy,
        "command": ["dubstage", "run"],
        "env": environment(spec, chosen, request),
        "envFrom": [source.model_dump(by_alias=True, exclude_none=True)
                    for source in chosen.env_from or ()] or None,
        "resources": _resources(chosen),
        "securityContext": RESTRICTED,
        "volumeMounts": [
            {
                "name": "data",
                "mountPath": f"{DATA_DIR}/inputs",
                "subPath": "inputs",
                "readOnly": True,
            },
            # A decoder that an untrusted file has taken over cannot reach another dub.
            *(
                {"name": "data", "mountPath": f"{DATA_DIR}/{path}", "subPath": path}
                for path in _job_folders(request)
            ),
            {"name": "models", "mountPath": MODELS_DIR, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH_DIR},
            *(
                [{"name": "glossary", "mountPath": GLOSSARY_DIR, "readOnly": True}]
                if request.glossary_file
                else []
            ),
            *(
                [{"name": SHARED_GLOSSARY, "mountPath": SHARED_GLOSSARY_DIR, "readOnly": True}]
                if request.shared_glossary
                else []
            ),
        ],
    }  # fmt: skip
    return {key: value for key, value in container.items() if value is not None}


def folders_container(chosen: StageProfile, request: StageRequest) -> dict[str, Any]:
    """The init container that creates the folders of the job as the user of the pod.

    The kubelet would create them as root, which an NFS server with `root_squash` refuses. This
    container mounts the folders of all jobs, but it reads no media.
    """
    container: dict[str, Any] = {
        "name": names.FOLDERS_CONTAINER,
        "image": chosen.image,
        "imagePullPolicy": chosen.image_pull_policy,
        "command": ["mkdir", "-p", "-m", "775"]
        + [f"{DATA_DIR}/{path}" for path in _job_folders(request)],
        "resources": _plain_resources(chosen),
        "securityContext": RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "data", "mountPath": f"{DATA_DIR}/{root}", "subPath": root}
            for root in JOB_ROOTS
        ],
    }
    return {key: value for key, value in container.items() if value is not None}


def volumes(spec: DubProfileSpec, request: StageRequest) -> list[dict[str, Any]]:
    """The volumes of the pod."""
    found: list[dict[str, Any]] = [
        {"name": "data", "persistentVolumeClaim": {"claimName": spec.data_claim_name}},
        {"name": "models", "persistentVolumeClaim": {"claimName": spec.models_claim_name}},
        {"name": "scratch", "emptyDir": {"sizeLimit": spec.scratch_size_limit}},
    ]
    if request.glossary_file:
        annotation = f"metadata.annotations['{names.GLOSSARY_ANNOTATION}']"
        item = {"path": GLOSSARY_FILE, "fieldRef": {"fieldPath": annotation}}
        found.append({"name": "glossary", "downwardAPI": {"items": [item]}})
    if request.shared_glossary:
        # Without the ConfigMap the pod waits for it.
        key = {"key": SHARED_GLOSSARY_KEY, "path": SHARED_GLOSSARY_KEY}
        config_map = {"name": request.shared_glossary.config_map, "items": [key]}
        found.append({"name": SHARED_GLOSSARY, "configMap": config_map})
    return found


def _job_folders(request: StageRequest) -> list[str]:
    """The folders of the job, relative to the data volume."""
    return [f"{root}/{request.job_id}" for root in JOB_ROOTS]


def environment(
    spec: DubProfileSpec, chosen: StageProfile, request: StageRequest
) -> list[dict[str, Any]]:
    """The variables of the container. The operator sets all variables of the contract, so that
    neither `env` nor a key of `envFrom` can change the folders of a stage."""
    own = {
        "HOME": SCRATCH_DIR,
        "TMPDIR": SCRATCH_DIR,
        "XDG_CACHE_HOME": f"{SCRATCH_DIR}/.cache",
        "DATA_DIR": DATA_DIR,
        "INPUTS_DIR": f"{DATA_DIR}/inputs",
        "INTERIM_DIR": f"{DATA_DIR}/interim",
        "OUTPUTS_DIR": f"{DATA_DIR}/outputs",
        "MODELS_DIR": MODELS_DIR,
    }
    profiles = [
        variable.model_dump(by_alias=True, exclude_none=True)
        for variable in chosen.env or ()
        if variable.name not in RESERVED_ENVIRONMENT
    ]
    return [
        request_env(request),
        *({"name": name, "value": value} for name, value in own.items()),
        *_token(spec, chosen),
        *profiles,
    ]


def _token(spec: DubProfileSpec, chosen: StageProfile) -> list[dict[str, Any]]:
    """The Hugging Face token, if the stage requests it and `env` does not set it."""
    secret = spec.hugging_face_token
    if secret is None or not chosen.token_at_run_time:
        return []
    if any(variable.name == HUGGING_FACE_VARIABLE for variable in chosen.env or ()):
        return []
    reference = {"name": secret.secret_name, "key": secret.key, "optional": True}
    return [{"name": HUGGING_FACE_VARIABLE, "valueFrom": {"secretKeyRef": reference}}]


def _plain_resources(chosen: StageProfile) -> dict[str, Any]:
    """The stage's resources without GPUs. A quota can require a request of every container."""
    return {
        kind: plain
        for kind, amounts in _resources(chosen).items()
        if kind != "claims"
        and (plain := {name: amounts[name] for name in PLAIN_RESOURCES if name in amounts})
    }


def _resources(chosen: StageProfile) -> dict[str, Any]:
    resources: dict[str, Any] = (
        chosen.resources.model_dump(exclude_none=True) if chosen.resources else {}
    )
    if chosen.resource_claims:
        resources["claims"] = [{"name": claim.name} for claim in chosen.resource_claims]
    return resources
