"""DubJob: one video into one language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dubjob_operator import names
from dubjob_operator.api.fields import (
    JobID,
    LabelValue,
    LanguageTag,
    ObjectName,
    exactly_one_of,
)
from dubjob_operator.api.glossary import Glossary, GlossaryRef
from dubjob_operator.api.model import ApiModel, ModelWithRenamedFields
from dubjob_operator.api.options import Deadlines, Mix, Speakers, Translation
from dubjob_operator.api.paths import RelativePath
from dubjob_operator.api.profile_reference import ProfileRef, UsedProfile, candidates
from dubjob_operator.api.renamed import Renamed
from dubjob_operator.api.status import DubJobStatus
from dubstage.contract import OnDoubt

SOURCES = ("path",)
"""The members of :class:`Source`, of which exactly one is set."""


class Source(ApiModel, json_schema_extra=exactly_one_of(*SOURCES)):
    """Location of the video."""

    path: RelativePath | None = None
    """Path of the video relative to the inputs folder. A symbolic link must
    lead to a file inside this folder. Several DubJobs can share one file."""

    @model_validator(mode="after")
    def _is_known(self) -> Source:
        if self.path is None:
            raise PydanticCustomError(
                "source", "source has no path, the only kind of source that this operator knows"
            )
        return self


class ReviewedStage(str, Enum):
    """A stage whose result can be reviewed."""

    SEPARATE = "separate"
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"
    SYNTHESIZE = "synthesize"

    def __str__(self) -> str:
        return self.value


class DubJobSpec(ModelWithRenamedFields):
    """What to dub, and into which language."""

    renamed: ClassVar[Mapping[str, Renamed]] = {
        "profile": Renamed("string", "spec.profileRef"),
        "pauseAfter": Renamed("array", "spec.reviewAfter"),
        "startDeadlineSeconds": Renamed("integer", "spec.deadlines.startSeconds"),
        "queueDeadlineSeconds": Renamed("integer", "spec.deadlines.queueSeconds"),
        "activeDeadlineSeconds": Renamed("integer", "spec.deadlines.activeSeconds"),
    }

    target_language: LanguageTag
    """Language of the dub, a BCP 47 tag such as `es` or `pt-BR`."""
    source_language: LanguageTag | None = None
    """Spoken language, a BCP 47 tag. If omitted, it is detected."""
    source: Source | None = None
    """Location of the video. Defaults to `<jobID>/source.mp4` in the inputs folder."""
    profile_ref: ProfileRef | None = None
    """Profile: engines, images and resources. If omitted, the DubProfile `default` of the
    namespace is used, or else the ClusterDubProfile `default`."""
    job_id: JobID | None = Field(default=None, alias="jobID")
    """Name of the DubJob's folders on the data volume. Defaults to the name of the DubJob.
    Cannot be changed."""
    speakers: Speakers | None = None
    """Number of speakers. If omitted, the engine detects it; engines without diarization
    assume one."""
    glossary: Glossary | None = None
    """Terms with a fixed spelling, translation or pronunciation, for example names. Defaults to
    none."""
    glossary_ref: GlossaryRef | None = None
    """More terms, from a ConfigMap that several DubJobs share. An entry of glossary with the same
    term replaces one of the ConfigMap. Defaults to none."""
    on_doubt: OnDoubt | None = None
    """What to do with segments whose words the recognizer may have invented: Keep keeps all, Drop
    leaves out all, Review stops for a review after the transcribe stage. If omitted, segments
    whose words were almost certainly invented are left out, and the others are flagged."""
    translation: Translation | None = None
    """Style and form of address of the translation. Defaults to none."""
    mix: Mix | None = None
    """Mix of the dub."""
    backoff_limit: Annotated[int, Field(ge=0, le=20)] | None = None
    """Number of retries of a stage after a transient failure. If omitted, the profile's value
    is used, or else 2."""
    deadlines: Deadlines | None = None
    """Limits on waiting and running. If a field is omitted, the profile's value is used, or
    else its default."""
    suspend: bool | None = None
    """Whether to stop the running stage and to start none. Finished stages keep their
    results. Defaults to false."""
    review_after: (
        Annotated[
            list[ReviewedStage],
            Field(max_length=4, json_schema_extra={"x-kubernetes-list-type": "set"}),
        ]
        | None
    ) = None
    """Stages whose result is reviewed before the next stage starts: separate, transcribe,
    translate, synthesize. Defaults to none."""
    queue_name: LabelValue | None = None
    """Queue of a queueing scheduler such as Kueue or Volcano. If omitted, the label
    kueue.x-k8s.io/queue-name of the DubJob is used, or else the profile's queue."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pods, one that the profile allows. If omitted, the profile's is
    used."""


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
        given = self.spec.source.path if self.spec.source else None
        return given or f"{self.job_id}/source.mp4"

    @property
    def queue_name(self) -> str | None:
        """The queue that the DubJob asks for, by its spec or by its label."""
        return self.spec.queue_name or self.metadata.labels.get(names.QUEUE_LABEL)

    @property
    def is_new(self) -> bool:
        """Whether no operator has reconciled the DubJob yet."""
        return self.status.is_new

    @property
    def profile(self) -> UsedProfile:
        """The profile that was taken; before one was, the one that is asked for."""
        return self.status.profile_ref or candidates(self.spec.profile_ref)[0]

    @property
    def profile_key(self) -> Key:
        """Namespace and name of the profile."""
        return self.profile.key(self.metadata.namespace)

    def using(self, profile: UsedProfile | None, *, starts: bool) -> DubJob:
        """This DubJob with `profile` in its status if a stage starts with it. A stage that
        runs keeps the profile that it was started with."""
        if profile is None or not (starts or self.status.profile_ref is None):
            return self
        after = self.status.model_copy(update={"profile_ref": profile})
        return self.model_copy(update={"status": after})
