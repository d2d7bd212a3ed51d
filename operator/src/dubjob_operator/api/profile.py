"""DubProfile and ClusterDubProfile: engines, images and resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, JsonValue

from dubjob_operator import names
from dubjob_operator.api.dubjob import Metadata
from dubjob_operator.api.environment import DataKey
from dubjob_operator.api.fields import LabelValue, ObjectName
from dubjob_operator.api.model import ApiModel, ModelWithRenamedFields
from dubjob_operator.api.options import Deadlines
from dubjob_operator.api.profile_reference import ProfileKind
from dubjob_operator.api.renamed import Renamed
from dubjob_operator.api.stage_profile import (
    Quantity,
    StageDefaults,
    StageProfile,
    map_by,
    merged,
)
from dubjob_operator.api.status import INT64, Condition, StatusModel
from dubstage.contract import EngineChoice, Stage

SET: dict[str, JsonValue] = {"x-kubernetes-list-type": "set"}
MAX_DISRUPTIONS = 20
NULLABLE: dict[str, JsonValue] = {"nullable": True}
DEFAULT_ID = 1000
"""User, group and owner of the volumes where a profile has no securityContext."""
STAGE_NAMES: dict[str, JsonValue] = {
    "x-kubernetes-validations": [
        {
            "rule": "self.all(name, size(name) <= 63 && "
            "name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$'))",
            "message": "a stage's name is lower case, for example transcribe",
        }
    ]
}

Id = Annotated[int, Field(ge=1, le=2147483647, json_schema_extra=NULLABLE)]


class SecretKey(ApiModel):
    """One key of a Secret in the DubJob's namespace."""

    secret_name: ObjectName
    """Name of the Secret."""
    key: DataKey
    """Key in the Secret."""


class PullSecret(ApiModel):
    """A Secret with the credentials of an image registry."""

    name: ObjectName
    """Name of a Secret in the DubJob's namespace."""


class SecurityContext(ApiModel):
    """User and groups of the pods. A field that is omitted or null is not set: the image sets it,
    or the cluster does, as on OpenShift."""

    run_as_user: Id | None = None
    """User ID of the pods. If omitted or null, it is not set."""
    run_as_group: Id | None = None
    """Primary group ID of the pods. If omitted or null, it is not set."""
    fs_group: Id | None = None
    """Group ID that owns the volumes. If omitted or null, it is not set."""


class DubProfileSpec(ModelWithRenamedFields):
    """Engines, images and resources for dubs."""

    renamed: ClassVar[Mapping[str, Renamed]] = {
        "dataClaim": Renamed("string", "spec.dataClaimName"),
        "modelsClaim": Renamed("string", "spec.modelsClaimName"),
        "user": Renamed("integer", "spec.securityContext.runAsUser"),
        "group": Renamed("integer", "spec.securityContext.runAsGroup"),
        "fsGroup": Renamed("integer", "spec.securityContext.fsGroup"),
        "network": Renamed("boolean", "spec.stages.<stage>.networkAccess"),
        "allowedPriorityClasses": Renamed("array", "spec.allowedPriorityClassNames"),
    }

    defaults: StageDefaults | None = None
    """Settings of every stage that does not set them itself. Maps and env are merged by
    key, envFrom is appended, anything else of a stage replaces the default."""
    stages: Annotated[dict[str, StageProfile], Field(max_length=16, json_schema_extra=STAGE_NAMES)]
    """Engine of each stage, and what differs from the defaults: ingest, separate,
    transcribe, translate, synthesize and mux. Each needs an image and an engine, after the
    defaults are merged. Other names are ignored."""
    data_claim_name: ObjectName = "dubjob-data"
    """PersistentVolumeClaim with the folders inputs, interim and outputs. Defaults to
    dubjob-data."""
    models_claim_name: ObjectName = "dubjob-models"
    """PersistentVolumeClaim with the models. Defaults to dubjob-models."""
    image_pull_secrets: (
        Annotated[list[PullSecret], Field(max_length=16, json_schema_extra=map_by("name"))] | None
    ) = None
    """Secrets with the credentials of image registries."""
    service_account_name: ObjectName | None = None
    """ServiceAccount of the pods, which do not get its token. If omitted, the default of the
    namespace is used."""
    security_context: SecurityContext | None = None
    """User and groups of the pods. Defaults to 1000 for each. If given, a field that is
    omitted or null is not set: the image sets it, or the cluster does, as on OpenShift."""
    scratch_size_limit: Quantity = "2Gi"
    """Size limit of the pods' scratch space. Defaults to 2Gi."""
    hugging_face_token: SecretKey | None = None
    """Token for models that Hugging Face provides only to users who accepted their terms.
    The Job that pulls the models gets it, and stages with tokenAtRunTime. If the
    Secret is missing, they run without it. If omitted, there is no token."""
    allowed_priority_class_names: (
        Annotated[list[ObjectName], Field(max_length=64, json_schema_extra=SET)] | None
    ) = None
    """PriorityClasses that a DubJob can choose. If omitted, none."""
    allowed_queue_names: (
        Annotated[list[LabelValue], Field(max_length=64, json_schema_extra=SET)] | None
    ) = None
    """Queues that a DubJob can choose, in addition to queueName. If omitted, any."""
    queue_name: LabelValue | None = None
    """Queue of a queueing scheduler, for DubJobs that name none. If omitted, no queue."""
    propagated_labels: (
        Annotated[
            list[Annotated[str, Field(max_length=317)]],
            Field(max_length=32, json_schema_extra=SET),
        ]
        | None
    ) = None
    """Keys of labels that are copied from the DubJob to its Jobs and pods, for example for cost
    allocation. If omitted, none."""
    deadlines: Deadlines | None = None
    """Defaults of the fields that a DubJob omits in its deadlines."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] | None = None
    """Number of retries of a stage, for DubJobs that set none. Defaults to 2."""
    same_node: bool | None = None
    """Whether later stages run on the node of the first, for volumes that one node at a
    time can mount. If that node has been gone for five minutes, they run on another one.
    Defaults to false."""
    max_disruptions: Annotated[int, Field(ge=0, le=1000)] = MAX_DISRUPTIONS
    """Number of times that a stage's pods may be preempted, evicted, drained or rejected by a
    node before the DubJob fails. With a queue, only rejections count. Defaults to 20."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=300, le=2147483647)] | None = None
    """Seconds that a finished Job and its pods are kept, so that the operator can read how they
    ended. If omitted, they are kept as long as the DubJob."""
    delete_interim_files: Annotated[str, Field(pattern="^(Never|OnComplete)$")] = "Never"
    """Never, or OnComplete: the mux stage deletes the files in the interim folder, except
    for the manifests. Defaults to Never."""

    def stage(self, stage: Stage) -> StageProfile:
        """How `stage` runs: its own settings over the defaults."""
        return merged(self.defaults, self.stages.get(str(stage), StageProfile()))

    def with_defaults_merged(self) -> Self:
        """The same settings, with those of each stage complete and no defaults."""
        stages = {str(stage): self.stage(stage) for stage in Stage}
        return self.model_copy(update={"defaults": None, "stages": stages})

    def engines(self) -> dict[Stage, EngineChoice]:
        """The engine of every stage that has one, in the form that stages read."""
        choices = {}
        for stage in Stage:
            profile = self.stages.get(str(stage))
            if profile and profile.engine:
                choices[stage] = EngineChoice(
                    engine=profile.engine,
                    model=profile.model,
                    parameters=profile.parameters or {},
                    has_token=self.hugging_face_token is not None
                    and self.stage(stage).token_at_run_time is True,
                )
        return choices


class ClusterDubProfileSpec(DubProfileSpec):
    """Engines, images and resources for dubs of several namespaces."""

    allowed_namespaces: (
        Annotated[list[ObjectName], Field(max_length=256, json_schema_extra=SET)] | None
    ) = None
    """Namespaces whose DubJobs can use the profile. If omitted, all."""


class DubProfileStatus(StatusModel):
    """Whether the profile can be used."""

    observed_generation: Annotated[int, Field(json_schema_extra=INT64)] = -1
    """Generation of the spec that was checked last; -1 if none was."""
    conditions: Annotated[
        list[Condition], Field(max_length=8, json_schema_extra=map_by("type"))
    ] = Field(default=[])
    """Accepted: whether DubJobs can use the profile."""

    @property
    def accepted(self) -> Condition | None:
        """The condition Accepted, None if the profile was not checked yet."""
        return next((each for each in self.conditions if each.type == names.ACCEPTED), None)


class DubProfile(ApiModel):
    """A profile of one of the two kinds."""

    kind: ProfileKind = ProfileKind.DUB_PROFILE
    metadata: Metadata
    spec: ClusterDubProfileSpec
    """That of a DubProfile has no allowedNamespaces: the API server prunes the field."""
    status: DubProfileStatus = DubProfileStatus()

    def __str__(self) -> str:
        return f"{self.kind} {self.metadata.name}"


def pod_ids(context: SecurityContext | None) -> dict[str, Any]:
    """The fields of the pods' security context that the profile decides."""
    if context is None:
        return {"runAsUser": DEFAULT_ID, "runAsGroup": DEFAULT_ID, "fsGroup": DEFAULT_ID}
    return context.model_dump(by_alias=True, exclude_none=True)
