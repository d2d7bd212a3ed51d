"""Status of a DubJob. Its values are open sets: what another version wrote is kept."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, JsonValue, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from dubjob_operator.api.fields import Timestamp
from dubjob_operator.api.model import ApiModel
from dubjob_operator.api.profile_reference import UsedProfile
from dubstage.contract.summary import DubSummary, Milliseconds, Output, StageSummary

INT64: dict[str, JsonValue] = {"format": "int64"}
CONDITION_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
CONDITION_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
"""As in metav1.Condition."""


def _bounds(**bounds: JsonValue) -> dict[str, JsonValue]:
    """Bounds for the schema only: reading a status never fails."""
    return bounds


class StatusModel(ApiModel):
    """A part of the status. Fields that a newer operator has written are kept."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        handler.resolve_ref_schema(schema).pop("additionalProperties", None)
        return schema


class StageState(str, Enum):
    """State of a stage."""

    PENDING = "Pending"
    QUEUED = "Queued"
    PULLING = "Pulling"
    RUNNING = "Running"
    RETRYING = "Retrying"
    AWAITING_REVIEW = "AwaitingReview"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    def __str__(self) -> str:
        return self.value


AnyState = Annotated[
    StageState | str, Field(union_mode="left_to_right"), WithJsonSchema({"type": "string"})
]
"""One of the states that this version knows, or the text of another."""


class StageStatus(StatusModel):
    """Status of one stage."""

    name: str
    """Name of the stage."""
    state: AnyState
    """State of the stage: Pending, Queued, Pulling, Running, Retrying, AwaitingReview,
    Succeeded or Failed. Other versions may have other states."""
    reason: str | None = None
    """Reason of the state, in CamelCase."""
    message: str | None = None
    """Explanation of the state."""
    input_hash: str | None = None
    """Hash of everything that determines this stage's work. If it changes, the stage runs
    again."""
    run: Annotated[int, Field(ge=1)] = 1
    """Number of fresh starts of this stage."""
    rewinds: Annotated[int, Field(ge=0)] | None = None
    """Number of runs that were needed because a file of an earlier stage was missing."""
    attempts: Annotated[int, Field(ge=0)] = 0
    """Number of pods that were started for this run."""
    job_name: str | None = None
    """Name of the stage's Job."""
    pod_name: str | None = None
    """Name of the latest pod. Not set when the stage has succeeded: the Job leads to it."""
    since: Timestamp | None = None
    """Time at which the stage entered its state. A stage that succeeded or failed has a
    completionTime instead."""
    start_time: Timestamp | None = None
    """Time at which the container of the latest pod started."""
    completion_time: Timestamp | None = None
    """Time at which the stage succeeded or failed."""
    active_seconds: Annotated[int, Field(ge=0, json_schema_extra=INT64)] | None = None
    """Seconds for which the containers of earlier pods ran, including those of earlier runs with
    the same input. The pod that startTime belongs to is not included."""
    queued_seconds: Annotated[int, Field(ge=0, json_schema_extra=INT64)] | None = None
    """Seconds for which this run waited for capacity, without the current wait."""
    failures: Annotated[int, Field(ge=0)] | None = None
    """Number of failed pods of Jobs that this run replaced. They count toward backoffLimit."""
    disruptions: Annotated[int, Field(ge=0)] | None = None
    """Number of pods that failed before they started, of Jobs that this run replaced. They
    count toward maxDisruptions."""
    progress: Annotated[int, Field(ge=0, le=100)] | None = None
    """Progress of the running stage in percent."""
    reused: bool | None = None
    """Whether the outputs of an earlier run were complete, so that no work was done."""
    forced: bool | None = None
    """Whether a retry was requested, so that nothing is reused."""
    shortens: bool | None = None
    """Whether the segments whose clips were too long for their slots are translated again,
    shorter."""
    imports: bool | None = None
    """Whether a file from the inputs folder replaces the work of the engine."""
    reviewed: bool | None = None
    """Whether the result was reviewed and approved."""
    node_name: str | None = None
    """Node of the latest pod."""
    elapsed_milliseconds: Milliseconds | None = None
    """Wall-clock time of the run that succeeded, in milliseconds."""
    source_language: str | None = None
    """Language of the speech that the stage detected, a BCP 47 tag."""
    summary: StageSummary | None = None
    """Measurements of the stage."""


class Condition(StatusModel):
    """A standard Kubernetes condition."""

    type: Annotated[str, Field(json_schema_extra=_bounds(pattern=CONDITION_TYPE, maxLength=316))]
    """Type of the condition."""
    status: Annotated[str, Field(json_schema_extra=_bounds(pattern="^(True|False|Unknown)$"))]
    """True, False or Unknown."""
    reason: Annotated[
        str,
        Field(json_schema_extra=_bounds(pattern=CONDITION_REASON, minLength=1, maxLength=1024)),
    ]
    """Reason of the last transition, in CamelCase."""
    message: Annotated[str, Field(json_schema_extra=_bounds(maxLength=32768))]
    """Explanation of the condition."""
    last_transition_time: Timestamp
    """Time at which `status` changed."""
    observed_generation: Annotated[
        int | None, Field(json_schema_extra=_bounds(minimum=0, **INT64))
    ] = None
    """Generation of the spec that the condition is about."""


class Display(StatusModel):
    """Values of the printer columns, with their units."""

    progress: str | None = None
    """Progress of the whole dub, for example 73%."""
    remaining: str | None = None
    """Estimated time remaining, for example 1m13s."""
    duration: str | None = None
    """Time from start to completion, for example 4m2s. Set when the DubJob has finished."""


class DubJobStatus(StatusModel):
    """Status of a DubJob."""

    observed_generation: Annotated[int, Field(json_schema_extra=INT64)] = -1
    """Generation of the spec that was reconciled last, or -1 if none was."""
    conditions: Annotated[
        list[Condition],
        Field(
            json_schema_extra={
                "maxItems": 16,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
            }
        ),
    ] = Field(default=[])
    """Complete, Failed, Finished (either of them) and Suspended. For kstatus also Reconciling
    while there is work, and Stalled if the DubJob has failed. The message of Finished
    explains the state of the DubJob."""
    stage: str | None = None
    """Name of the current stage, or of the stage that failed."""
    progress: Annotated[int, Field(ge=0, le=100)] | None = None
    """Progress of the whole dub in percent."""
    estimated_remaining_seconds: Annotated[int, Field(ge=0)] | None = None
    """Estimated time that the running and the following stages take, in seconds, without
    time in queues."""
    display: Display | None = None
    """Values of the printer columns."""
    last_handled_retry: str | None = None
    """Last value of the annotation dubjob.dev/retry that was handled."""
    last_handled_approval: str | None = None
    """Last value of the annotation dubjob.dev/approve that was handled."""
    source_language: str | None = None
    """Spoken language, from the spec or as detected."""
    target_language: str | None = None
    """Language of the dub."""
    start_time: Timestamp | None = None
    """Time at which work on the DubJob began, or began again after it had finished."""
    completion_time: Timestamp | None = None
    """Time at which the DubJob finished."""
    stages: Annotated[
        list[StageStatus],
        # Atomic, as a pod's containerStatuses are: they have one writer, and to keep account
        # of each of their fields costs the API server an eighth of its time.
        Field(json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = Field(default=[])
    """Stages in their order."""
    summary: DubSummary | None = None
    """Measurements of the dub, from the stages that have succeeded so far."""
    outputs: list[Output] | None = None
    """Files of the finished dub."""
    profile_ref: UsedProfile | None = None
    """Profile that the latest stage was started with."""

    @property
    def is_new(self) -> bool:
        """Whether no operator has written the status yet."""
        return self.observed_generation < 0

    def of(self, stage: str) -> StageStatus | None:
        """Return the recorded status of one stage."""
        return next((entry for entry in self.stages if entry.name == stage), None)

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of type `kind`."""
        return next((entry for entry in self.conditions if entry.type == kind), None)
