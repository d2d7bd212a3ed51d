"""How a stage runs: image, engine, resources, scheduling, environment."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from dubjob_operator.api.environment import Variable, VariablesSource
from dubjob_operator.api.fields import ObjectName, Seconds, exactly_one_of
from dubjob_operator.api.model import ApiModel

FreeForm: dict[str, JsonValue] = {"x-kubernetes-preserve-unknown-fields": True}
"""A part of the pod's own API: the API server checks it when the Job is created."""
ATOMIC: dict[str, JsonValue] = {"x-kubernetes-list-type": "atomic"}
Quantity = Annotated[
    str,
    BeforeValidator(str),
    Field(
        max_length=64,
        json_schema_extra={
            "type": None,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
        },
    ),
]
Labels = Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=64)]
Annotations = Annotated[dict[str, Annotated[str, Field(max_length=8192)]], Field(max_length=64)]
PARAMETERS_BYTES = 8192
"""Maximum size as JSON. The parameters of all stages are in one environment variable, for which
Linux allows 128 KiB."""


def _fit(parameters: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
    text = json.dumps(parameters, ensure_ascii=False).replace("$", r"\u0024")
    if len(text.encode()) > PARAMETERS_BYTES:
        raise PydanticCustomError(
            "parameters",
            "parameters must not be longer than {size} bytes as JSON",
            {"size": PARAMETERS_BYTES},
        )
    return parameters


Parameters = Annotated[dict[str, str | int | float | bool], AfterValidator(_fit)]
Quantities = Annotated[dict[str, Quantity], Field(max_length=32)]


def map_by(*keys: str) -> dict[str, Any]:
    """Return the schema of a list whose items are identified by `keys`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class NetworkAccess(str, Enum):
    """Network access of a stage."""

    NONE = "None"
    EGRESS = "Egress"

    def __str__(self) -> str:
        return self.value


class ResourceClaim(
    ApiModel,
    json_schema_extra=exactly_one_of("resourceClaimName", "resourceClaimTemplateName"),
):  # fmt: skip
    """One claim of dynamic resource allocation."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
    """Name of the claim in the pod."""
    resource_claim_name: ObjectName | None = None
    """ResourceClaim in the DubJob's namespace."""
    resource_claim_template_name: ObjectName | None = None
    """ResourceClaimTemplate in the DubJob's namespace."""


class Resources(ApiModel):
    """Requests and limits of a stage's container, for any resource."""

    requests: Quantities | None = None
    """Requests of the container."""
    limits: Quantities | None = None
    """Limits of the container. GPUs and other extended resources belong here."""


class StageDefaults(ApiModel):
    """Settings of every stage that does not set them itself. Maps and env are merged by
    key, envFrom is appended, anything else of a stage replaces the default."""

    image: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Container image."""
    image_pull_policy: Annotated[str, Field(pattern="^(Always|IfNotPresent|Never)$")] | None = None
    """Always, IfNotPresent or Never. If omitted, the default of Kubernetes applies."""
    resources: Resources | None = None
    """Requests and limits: CPU, memory, GPUs."""
    node_selector: Labels | None = None
    """Labels that the node must have."""
    tolerations: (
        Annotated[
            list[Annotated[dict[str, Any], Field(json_schema_extra=FreeForm)]],
            Field(max_length=64, json_schema_extra=ATOMIC),
        ]
        | None
    ) = None
    """Taints that the pod tolerates."""
    affinity: dict[str, Any] | None = Field(default=None, json_schema_extra=FreeForm)
    """Affinity of the pod."""
    runtime_class_name: ObjectName | None = None
    """RuntimeClass of the pod."""
    scheduler_name: ObjectName | None = None
    """Scheduler of the pod."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pod."""
    topology_spread_constraints: (
        Annotated[
            list[Annotated[dict[str, Any], Field(json_schema_extra=FreeForm)]],
            Field(max_length=16, json_schema_extra=ATOMIC),
        ]
        | None
    ) = None
    """Constraints on how the pods spread over the cluster."""
    resource_claims: (
        Annotated[list[ResourceClaim], Field(max_length=16, json_schema_extra=map_by("name"))]
        | None
    ) = None
    """Claims of dynamic resource allocation; the container gets all of them."""
    env: (
        Annotated[list[Variable], Field(max_length=64, json_schema_extra=map_by("name"))] | None
    ) = None
    """Environment variables, for example API keys, proxies or the path of a CA bundle.
    Variables that the operator sets itself cannot be overridden."""
    env_from: (
        Annotated[list[VariablesSource], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None
    """Secrets and ConfigMaps whose keys become environment variables. A variable in env
    takes precedence."""
    labels: Labels | None = None
    """Additional labels of the Job and its pods, for example a Kueue priority class."""
    annotations: Annotations | None = None
    """Additional annotations of the pods."""


class StageProfile(StageDefaults):
    """How one stage runs: its engine, and what differs from the defaults."""

    engine: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Name of the engine. Every stage needs one."""
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][-._A-Za-z0-9]*$", max_length=128)] | None = (
        None
    )
    """Name of the model, a folder `<engine>/<model>` on the models volume."""
    parameters: Parameters | None = Field(default=None, json_schema_extra=FreeForm)
    """Settings of the engine: names and plain values, at most 8 KiB as JSON."""
    network_access: NetworkAccess | None = None
    """Network access of the stage: None, or Egress for an engine that connects to servers.
    The network policies of the chart deny all other connections. Defaults to None."""
    token_at_run_time: bool | None = None
    """Whether the stage gets the Hugging Face token, to download a missing model when it
    runs. The Job that pulls the models always gets the token. Defaults to false."""
    timeout_seconds: Seconds | None = None
    """Seconds that one pod may run, from its container's start, before the DubJob fails.
    If omitted, there is no limit."""


def merged(defaults: StageDefaults | None, stage: StageProfile) -> StageProfile:
    """Return the settings of the stage merged with the defaults: maps and `env` by key, `envFrom`
    appended, and any other field of the stage instead of the default."""
    if defaults is None:
        return stage
    fields = {name: getattr(defaults, name) for name in StageDefaults.model_fields}
    for name in StageProfile.model_fields:
        own, default = getattr(stage, name), fields.get(name)
        if own is None:
            continue
        match name:
            case "resources" if default is not None:
                own = Resources(
                    requests=_over(default.requests, own.requests),
                    limits=_over(default.limits, own.limits),
                )
            case "node_selector" | "labels" | "annotations":
                own = _over(default, own)
            case "env":
                by_name = {variable.name: variable for variable in (*(default or ()), *own)}
                own = list(by_name.values())
            case "env_from":
                own = [*(default or ()), *own]
        fields[name] = own
    return StageProfile.model_construct(**fields)


def _over(default: dict[str, str] | None, own: dict[str, str] | None) -> dict[str, str] | None:
    return {**(default or {}), **(own or {})} or None
