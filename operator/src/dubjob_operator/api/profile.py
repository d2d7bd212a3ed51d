"""DubProfile: engines, images and resources, written by administrators."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, JsonValue

from dubjob_operator.api.dubjob import Metadata
from dubjob_operator.api.fields import ObjectName, Seconds
from dubjob_operator.api.model import ApiModel
from dubjob_operator.api.options import Deadlines
from dubstage.contract import EngineChoice, Stage

FreeForm: dict[str, JsonValue] = {"x-kubernetes-preserve-unknown-fields": True}
"""A part of the pod's own API: the API server checks it when the Job is created."""
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


class ResourceClaim(ApiModel):
    """One claim of dynamic resource allocation: one of the two names a claim or a template."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
    """What the container calls it."""
    resource_claim_name: ObjectName | None = None
    """A ResourceClaim of the DubJob's namespace."""
    resource_claim_template_name: ObjectName | None = None
    """A ResourceClaimTemplate of the DubJob's namespace."""


class Resources(ApiModel):
    """What a stage's container asks for; any resource name."""

    requests: dict[str, Quantity] | None = None
    """At least so much."""
    limits: dict[str, Quantity] | None = None
    """At most so much. GPUs and other extended resources belong here."""


class StageProfile(ApiModel):
    """How one stage runs."""

    image: Annotated[str, Field(min_length=1, max_length=1024)]
    """Container image."""
    image_pull_policy: Annotated[str, Field(pattern="^(Always|IfNotPresent|Never)$")] | None = None
    """Always, IfNotPresent or Never; omitted: Kubernetes' own rule."""
    engine: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the engine."""
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][-._A-Za-z0-9]*$", max_length=128)] | None = (
        None
    )
    """Name of the model, a folder `<engine>/<model>` on the models volume."""
    parameters: dict[str, str | int | float | bool] | None = Field(
        default=None, json_schema_extra=FreeForm
    )
    """Settings of the engine: names and plain values."""
    resources: Resources | None = None
    """CPU, memory, GPUs."""
    node_selector: dict[str, str] | None = None
    """Labels that the node must have."""
    tolerations: (
        Annotated[
            list[Annotated[dict[str, Any], Field(json_schema_extra=FreeForm)]], Field(max_length=64)
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
            list[Annotated[dict[str, Any], Field(json_schema_extra=FreeForm)]], Field(max_length=16)
        ]
        | None
    ) = None
    """How the pods spread over the cluster."""
    resource_claims: Annotated[list[ResourceClaim], Field(max_length=16)] | None = None
    """Claims of dynamic resource allocation; the container gets all of them."""
    timeout_seconds: Seconds | None = None
    """How long one pod may run, from its container's start, before the DubJob fails.
    Omitted: as long as it takes."""
    labels: dict[str, str] | None = None
    """Further labels of the Job and its pods, a Kueue priority class for example."""
    annotations: dict[str, str] | None = None
    """Further annotations of the pods."""


class StageProfiles(ApiModel):
    """All six stages."""

    ingest: StageProfile
    """Check the video, take its sound apart from it."""
    separate: StageProfile
    """Split speech from everything else."""
    transcribe: StageProfile
    """What was said, when."""
    translate: StageProfile
    """The same in the target language."""
    synthesize: StageProfile
    """Speak each line."""
    mux: StageProfile
    """Mix, and put the dub beside the picture."""

    def of(self, stage: Stage) -> StageProfile:
        """How `stage` runs."""
        found: StageProfile = getattr(self, str(stage))
        return found


class SecretKey(ApiModel):
    """One key of a Secret in the DubJob's namespace."""

    secret_name: ObjectName
    """Name of the Secret."""
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
    """Key in it."""


class DubProfileSpec(ApiModel):
    """Engines, images and resources for dubs."""

    data_claim: ObjectName = "dubjob-data"
    """PersistentVolumeClaim with the folders inputs, interim and outputs. Omitted:
    `dubjob-data`."""
    models_claim: ObjectName = "dubjob-models"
    """PersistentVolumeClaim with the models. Omitted: `dubjob-models`."""
    user: Annotated[int, Field(ge=1)] = 1000
    """User id of the pods. Omitted: 1000."""
    group: Annotated[int, Field(ge=1)] = 1000
    """Group id of the pods. Omitted: 1000."""
    fs_group: Annotated[int, Field(ge=1)] = 1000
    """Group that owns the volumes. Omitted: 1000."""
    scratch_size_limit: Quantity = "2Gi"
    """Size of the pods' scratch space. Omitted: 2Gi."""
    hugging_face_token: SecretKey | None = None
    """Token for models that Hugging Face gives only to those who accepted their terms.
    Stages that have a model get it; a Secret that is missing stops none. Omitted: no
    token."""
    allowed_namespaces: Annotated[list[ObjectName], Field(max_length=256)] | None = None
    """Namespaces whose DubJobs may use the profile. Omitted: all."""
    allowed_priority_classes: Annotated[list[ObjectName], Field(max_length=64)] | None = None
    """PriorityClasses that a DubJob may choose. Omitted: none."""
    queue_name: ObjectName | None = None
    """Queue of a queueing scheduler for DubJobs that name none."""
    propagated_labels: (
        Annotated[list[Annotated[str, Field(max_length=317)]], Field(max_length=32)] | None
    ) = None
    """Keys of the DubJob's labels that its Jobs and pods get too, to charge back
    costs for example."""
    network: bool | None = None
    """True: an engine needs the network. The chart's network policies deny it to
    others. Omitted: false."""
    deadlines: Deadlines | None = None
    """Defaults of the fields that a DubJob omits in its deadlines."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] | None = None
    """Number of retries of a stage, for DubJobs that set none. Defaults to 2."""
    same_node: bool | None = None
    """True: later stages run on the node of the first, for volumes that one node at a
    time can mount. Omitted: false."""
    max_disruptions: Annotated[int, Field(ge=0, le=1000)] = 20
    """How often a stage's pods may be preempted, evicted or drained before the DubJob
    fails. Omitted: 20."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] | None = None
    """How long a finished Job and its pods are kept. Omitted: as long as the DubJob."""
    delete_interim_files: Annotated[str, Field(pattern="^(Never|OnComplete)$")] = "Never"
    """Never, or OnComplete: the last stage deletes what the others left in the interim
    folder, but for the manifests. Omitted: Never."""
    stages: StageProfiles
    """How each stage runs."""

    def engines(self) -> dict[Stage, EngineChoice]:
        """The engine of every stage, as stages are told."""
        found = {}
        for stage in Stage:
            profile = self.stages.of(stage)
            found[stage] = EngineChoice(
                engine=profile.engine, model=profile.model, parameters=profile.parameters or {}
            )
        return found


class DubProfile(ApiModel):
    """Engines, images and resources, written by administrators."""

    metadata: Metadata
    spec: DubProfileSpec
