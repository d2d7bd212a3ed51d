"""What the operator and the stages agree on, spelled once.

The operator passes one :class:`StageRequest` as JSON in the environment
variable :data:`REQUEST_ENV`. A stage answers with an :class:`ExitCode` and one
:class:`StageResult` as JSON in its container's termination message. Both sides
import this package, so it needs nothing but pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dubstage.contract.summary import Output, StageSummary

REQUEST_ENV = "DUBSTAGE_REQUEST"
"""Environment variable that carries the :class:`StageRequest`."""

TERMINATION_MESSAGE_PATH = "/dev/termination-log"
"""Where a stage writes its :class:`StageResult`; the kubelet's default."""

TERMINATION_MESSAGE_LIMIT = 4096
"""Bytes of the termination message that the kubelet keeps (the last ones)."""

DATA_DIR = "/data"
"""Where the data volume's `inputs`, `interim` and `outputs` are mounted."""

MODELS_DIR = "/models"
"""Where the models volume is mounted."""

SCRATCH_DIR = "/scratch"
"""A sized emptyDir: home, temporary files and the caches of libraries."""


class Stage(str, Enum):
    """The stages of a dub, in the order in which they run."""

    INGEST = "ingest"
    SEPARATE = "separate"
    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"
    SYNTHESIZE = "synthesize"
    MUX = "mux"

    def __str__(self) -> str:
        return self.value


ENGINE_NAMES: dict[Stage, tuple[str, ...]] = {
    Stage.INGEST: ("ffmpeg",),
    Stage.SEPARATE: ("deepfilternet", "demucs", "none"),
    Stage.TRANSCRIBE: ("faster-whisper", "whisperx"),
    Stage.TRANSLATE: ("apertium", "googletrans"),
    Stage.SYNTHESIZE: ("cosyvoice", "espeak-ng", "gtts"),
    Stage.MUX: ("ffmpeg",),
}
"""The engines of each stage, sorted: what ``dubstage.engines`` holds, for the operator."""

CORRECTIONS = {Stage.TRANSCRIBE: "transcript", Stage.TRANSLATE: "translation"}
"""Stages whose result a person may replace, with the stem of the file's name below
``inputs/<job_id>/``; it ends in ``.json`` or ``.srt``."""

REVIEWED = {
    Stage.SEPARATE: "interim/{job}/text/vid/speaks/vocals.wav",
    Stage.TRANSCRIBE: "outputs/{job}/text/src_transcript.json",
    Stage.TRANSLATE: "outputs/{job}/text/trg_transcript.json",
    Stage.SYNTHESIZE: "interim/{job}/text/vid/tts/segments.json",
}
"""Stages after which a person may look, with the file to look at."""


class ExitCode(IntEnum):
    """How a stage ended; the names are those of BSD's ``sysexits.h``."""

    OK = 0
    DATAERR = 65
    """The input is bad: trying again cannot help."""
    NOINPUT = 66
    """A file that an earlier stage wrote is gone: run that stage again."""
    TEMPFAIL = 75
    """Something outside failed: worth another pod."""
    CONFIG = 78
    """A model is missing or a setting is wrong: an administrator must act."""
    TERMINATED = 143
    """The pod was told to stop (SIGTERM); never one of the codes above."""


class _Message(BaseModel):
    """A frozen message. Unknown fields are ignored, so that the operator and
    the images can be of neighbouring versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class EngineChoice(_Message):
    """The engine that a profile chose for one stage."""

    engine: str
    """Name of the engine, for example ``faster-whisper``."""
    model: str | None = None
    """Name of the model below the models volume, where the engine has one."""
    parameters: dict[str, str | int | float | bool] = {}
    """Engine settings from the profile."""


class SpeakerRange(_Message):
    """How many people speak."""

    min: Annotated[int, Field(ge=1)] = 1
    max: Annotated[int, Field(ge=1)] | None = None


class GlossaryEntry(_Message):
    """A term that is translated in a given way."""

    term: str
    translation: str | None = None
    """None: the term stays as it is."""


class MixOptions(_Message):
    """What a person wants of the dub's sound."""

    loudness: int | None = None
    """Integrated loudness of the dub in LUFS; None: the source's own."""
    stems: bool = False
    """True: voice and background are written as files of their own, too."""


class StageRequest(_Message):
    """What one run of a stage is asked to do."""

    stage: Stage
    namespace: str
    """Namespace of the DubJob; with `name`, the owner of the job's folder."""
    name: str
    """Name of the DubJob."""
    job_id: str
    """Folder name in the tree: one path segment, checked by the schema."""
    source: str
    """The source video, relative to the inputs folder."""
    source_language: str | None = None
    """BCP 47; None: the transcribe stage detects it."""
    target_language: str
    """BCP 47."""
    speakers: SpeakerRange | None = None
    glossary: list[GlossaryEntry] = []
    mix: MixOptions = MixOptions()
    engines: dict[Stage, EngineChoice]
    """The engine of every stage: ingest looks ahead with them, mux reports
    them, and each stage reads its own."""
    force: bool = False
    """True: a retry was asked for, do the work though it was done before."""
    run: int = 0
    """Number of this fresh start: the pods of one Job have the same. 0: not known."""
    import_only: bool = False
    """True: take over a person's file, or leave the result as it is; no engine."""
    delete_interim: bool = False
    """True: the last stage deletes what the others left in the interim folder."""

    @property
    def engine(self) -> EngineChoice:
        """The engine of the stage that is asked to run."""
        return self.engines[self.stage]


class StageResult(_Message):
    """What one run of a stage has to say."""

    stage: Stage
    reason: str
    """One CamelCase word for machines: ``Succeeded``, ``Reused`` or the kind of
    failure, for example ``BadInput``."""
    message: str = ""
    """One sentence for a person."""
    seconds: float = 0.0
    """Wall-clock time of the run."""
    reused: bool = False
    """True: an earlier run's outputs were found whole, nothing was done."""
    reusable: list[Stage] = []
    """Ingest only: later stages whose outputs are whole and still right."""
    corrected: list[Stage] = []
    """Ingest only: stages whose result a person's file replaces."""
    imported: bool = False
    """True: a person's file took the engine's place."""
    missing_from: Stage | None = None
    """With NOINPUT: the stage that has to write its files again."""
    source_language: str | None = None
    """The language that was spoken, once it is known."""
    summary: StageSummary = StageSummary()
    """What the stage measured."""
    reusable_summaries: dict[Stage, StageSummary] = {}
    """Ingest only: what the stages in `reusable` measured when they ran."""
    outputs: list[Output] = []
    """What a person came for, the most important first. Mux only, and ingest where the
    mux stage is reusable."""

    @field_validator("reusable", "corrected", "reusable_summaries", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        """Leave out stages that only a later version has: the rest of the result counts."""
        stages = {str(stage) for stage in Stage}
        if isinstance(value, Mapping):
            return {stage: found for stage, found in value.items() if str(stage) in stages}
        return [stage for stage in value if str(stage) in stages]

    def to_termination_message(self, limit: int = TERMINATION_MESSAGE_LIMIT) -> str:
        """JSON of at most `limit` bytes, because a cut-off text could not be parsed.

        What does not fit is left out in this order: details of the summaries, outputs
        from the last one on, the summaries, the end of the message.
        """
        for candidate in self._smaller():
            text = _compact(candidate)
            if len(text.encode()) <= limit:
                return text
        return _compact(StageResult(stage=self.stage, reason=self.reason))

    def _smaller(self) -> Iterator[StageResult]:
        """This result with less and less in it."""
        yield self
        found = self.model_copy(
            update={
                "summary": self.summary.essential,
                "reusable_summaries": {
                    stage: summary.essential for stage, summary in self.reusable_summaries.items()
                },
            }
        )
        yield found
        for count in reversed(range(len(self.outputs))):
            found = found.model_copy(update={"outputs": self.outputs[:count]})
            yield found
        found = found.model_copy(update={"summary": StageSummary(), "reusable_summaries": {}})
        yield found
        message = self.message
        while message:
            message = message[: len(message) * 9 // 10]
            yield found.model_copy(update={"message": f"{message}…"})

    @classmethod
    def from_termination_message(cls, text: str | None) -> StageResult | None:
        """The result in `text`, or None where it is not one (a crash's output,
        an empty or cut-off message): such text is never shown to a person."""
        try:
            return cls.model_validate_json(text or "")
        except ValueError:
            return None


def _compact(message: BaseModel) -> str:
    """JSON without the fields that were left at their defaults."""
    return message.model_dump_json(exclude_defaults=True)


def request_env(request: StageRequest) -> dict[str, Any]:
    """The container environment entry that carries `request`."""
    return {"name": REQUEST_ENV, "value": request.model_dump_json(exclude_none=True)}
