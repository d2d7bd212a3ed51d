"""DubJob: one video into one language."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from dubjob_operator.api.fields import JobID, LanguageTag, ObjectName, RelativePath, Seconds
from dubjob_operator.api.model import ApiModel
from dubjob_operator.api.options import GlossaryEntry, Mix, Speakers
from dubstage.contract.summary import DubSummary, Milliseconds, Output, StageSummary


class Source(ApiModel):
    """Where the video lies."""

    path: RelativePath
    """Path of the video relative to the inputs folder; links are resolved and must
    stay inside. Several DubJobs may share one file."""


class ReviewedStage(str, Enum):
    """A stage after which a person may want to look."""

    SEPARATE = "separate"
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"
    SYNTHESIZE = "synthesize"

    def __str__(self) -> str:
        return self.value


class DubJobSpec(ApiModel):
    """What is to be dubbed, and into which language."""

    target_language: LanguageTag
    """Language of the dub, a BCP 47 tag such as `es` or `pt-BR`."""
    source_language: LanguageTag | None = None
    """Language that is spoken, a BCP 47 tag. Omitted: it is detected."""
    source: Source | None = None
    """Where the video lies. Omitted: `<jobID>/source.mp4` below the inputs folder."""
    profile: ObjectName | None = None
    """Name of the DubProfile: engines, images and resources. Omitted: `default`."""
    job_id: JobID | None = Field(default=None, alias="jobID")
    """Name of the job's folders on the data volume. Omitted: the DubJob's name.
    Cannot be changed."""
    speakers: Speakers | None = None
    """How many people speak. Omitted: as many as the engine hears; one, where it does not
    tell people apart."""
    glossary: (
        Annotated[
            list[GlossaryEntry],
            Field(
                max_length=500,
                json_schema_extra={
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["term"],
                },
            ),
        ]
        | None
    ) = None
    """Terms that are translated in a given way, names for example."""
    mix: Mix | None = None
    """How the dub sounds."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] | None = None
    """How often a stage is tried again after a failure that may pass. Omitted: 2."""
    start_deadline_seconds: Annotated[int, Field(ge=1, le=604800)] | None = None
    """How long a stage may be unable to start (image, configuration, missing claim
    or profile) before the DubJob fails. Waiting for capacity does not count.
    Omitted: 600."""
    queue_deadline_seconds: Seconds | None = None
    """How long a stage may wait for capacity, quota or admission before the DubJob
    fails. Omitted: as long as it takes."""
    active_deadline_seconds: Seconds | None = None
    """How long the stages may run, all together, before the DubJob fails. Time in a
    queue, suspended or in review does not count. Omitted: as long as it takes."""
    suspend: bool | None = None
    """True: stop the running stage and start none. Finished stages stay finished."""
    pause_after: (
        Annotated[
            list[ReviewedStage],
            Field(max_length=4, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Stages after which a person looks at the result before the next one starts:
    separate, transcribe, translate, synthesize."""
    queue_name: ObjectName | None = None
    """Queue of a queueing scheduler such as Kueue or Volcano. Omitted: the
    profile's."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of all stages' pods, one that the profile allows. Omitted: the
    profile's."""


class StageState(str, Enum):
    """What a stage is doing."""

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


class StageStatus(ApiModel):
    """One stage."""

    name: str
    """Name of the stage."""
    state: StageState
    """Pending, Queued, Pulling, Running, Retrying, AwaitingReview, Succeeded or
    Failed."""
    reason: str | None = None
    """One word for machines."""
    message: str | None = None
    """One sentence for people."""
    input_hash: str | None = None
    """Hash of all that decides this stage's work; another one means new work."""
    run: Annotated[int, Field(ge=1)] = 1
    """Counts fresh starts of this stage."""
    rewinds: Annotated[int, Field(ge=0)] | None = None
    """How often this stage began anew because an earlier one's file was gone."""
    attempts: Annotated[int, Field(ge=0)] = 0
    """Pods that were started for this run."""
    job_name: str | None = None
    """Name of the stage's Job."""
    pod_name: str | None = None
    """Name of the latest pod."""
    since: str | None = None
    """When the stage came into its state."""
    start_time: str | None = None
    """When the latest pod's container started."""
    completion_time: str | None = None
    """When the stage succeeded or failed."""
    progress: Annotated[int, Field(ge=0, le=100)] | None = None
    """Per cent of the stage's work that is done."""
    reused: bool | None = None
    """True: an earlier run's outputs were found whole, nothing was done."""
    forced: bool | None = None
    """True: a retry was asked for, so that nothing is reused."""
    imports: bool | None = None
    """True: a person's file takes the place of the engine; the run is light."""
    reviewed: bool | None = None
    """True: a person has approved the result."""
    node_name: str | None = None
    """Node of the latest pod."""
    elapsed_milliseconds: Milliseconds | None = None
    """Wall-clock time of the run that succeeded, in milliseconds."""
    source_language: str | None = None
    """Language of the speech that the stage detected, a BCP 47 tag."""
    summary: StageSummary | None = None
    """Measures of the stage."""


class Condition(ApiModel):
    """A standard Kubernetes condition."""

    type: str
    """Complete, Failed, Finished, Suspended, Reconciling or Stalled."""
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$")]
    """True, False or Unknown."""
    reason: str
    """One word for machines. That of Finished is the DubJob's state."""
    message: str
    """One sentence for people."""
    last_transition_time: str
    """When `status` changed."""
    observed_generation: int
    """Generation of the spec that this speaks of."""


class DubJobStatus(ApiModel):
    """How far the dub is."""

    observed_generation: int = -1
    """Generation of the spec that was looked at last; -1: none yet."""
    conditions: list[Condition] = Field(default=[])
    """Complete, Failed, Finished (either), Suspended, and for kstatus Reconciling and
    Stalled."""
    stage: str | None = None
    """The stage that is at work, or the one that failed."""
    progress: Annotated[int, Field(ge=0, le=100)] | None = None
    """Per cent of the whole that is done."""
    estimated_remaining_seconds: Annotated[int, Field(ge=0)] | None = None
    """Rough time that the running and the coming stages take. Queues are not in it."""
    last_handled_retry: str | None = None
    """The last value of the annotation dubjob.dev/retry that was carried out."""
    last_handled_approval: str | None = None
    """The last value of the annotation dubjob.dev/approved that was carried out."""
    languages: str | None = None
    """From which language to which."""
    start_time: str | None = None
    """When work on the DubJob began."""
    completion_time: str | None = None
    """When the DubJob was finished."""
    stages: list[StageStatus] = Field(default=[])
    """The stages, in their order."""
    summary: DubSummary | None = None
    """Measures of the dub, from the stages that have succeeded so far."""
    outputs: list[Output] | None = None
    """Files of the finished dub."""

    def of(self, stage: str) -> StageStatus | None:
        """What is recorded of one stage."""
        return next((entry for entry in self.stages if entry.name == stage), None)

    def condition(self, kind: str) -> Condition | None:
        """The condition of type `kind`."""
        return next((entry for entry in self.conditions if entry.type == kind), None)


class Metadata(ApiModel):
    """The part of an object's metadata that planning reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 1
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default={})
    annotations: dict[str, str] = Field(default={})


Key = tuple[str, str]
"""Namespace and name of a DubJob."""


class DubJob(ApiModel):
    """One video into one language."""

    metadata: Metadata
    spec: DubJobSpec
    status: DubJobStatus = DubJobStatus()

    @property
    def key(self) -> Key:
        """Which DubJob it is."""
        return self.metadata.namespace, self.metadata.name

    @property
    def job_id(self) -> str:
        """Name of the job's folders."""
        return self.spec.job_id or self.metadata.name

    @property
    def source_path(self) -> str:
        """The video, relative to the inputs folder."""
        return self.spec.source.path if self.spec.source else f"{self.job_id}/source.mp4"

    @property
    def profile_name(self) -> str:
        """Name of the DubProfile."""
        return self.spec.profile or "default"
