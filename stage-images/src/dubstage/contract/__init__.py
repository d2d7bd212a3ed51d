"""The contract between the operator and the stages.

The operator passes one :class:`StageRequest` as JSON in the environment
variable :data:`REQUEST_ENV`. A stage answers with an :class:`ExitCode` and one
:class:`StageResult` as JSON in its container's termination message. Both sides
import this package, so it needs nothing but pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from typing import Any

from pydantic import BaseModel, Field, field_validator

from dubstage.contract.options import Formality as Formality
from dubstage.contract.options import GlossaryEntry as GlossaryEntry
from dubstage.contract.options import Message
from dubstage.contract.options import MixOptions as MixOptions
from dubstage.contract.options import OnDoubt as OnDoubt
from dubstage.contract.options import SharedGlossary as SharedGlossary
from dubstage.contract.options import SpeakerRange as SpeakerRange
from dubstage.contract.options import TranslationOptions as TranslationOptions
from dubstage.contract.summary import Output, StageSummary
from dubstage.contract.visible import visible

REQUEST_ENV = "DUBSTAGE_REQUEST"
"""Environment variable that carries the :class:`StageRequest`."""

TERMINATION_MESSAGE_PATH = "/dev/termination-log"
"""Where a stage writes its :class:`StageResult`; the kubelet's default."""

TERMINATION_MESSAGE_LIMIT = 4096
"""Size in bytes of the termination message; the kubelet cuts off the start of a longer one."""

DATA_DIR = "/data"
"""Mount path of the `inputs`, `interim` and `outputs` folders of the data volume."""

MODELS_DIR = "/models"
"""Mount path of the models volume."""

IMAGE_MODELS_DIR = "/opt/dubjob/models"
"""Folder of models in an image that was built with weights; in the layout of the models volume."""

SCRATCH_DIR = "/scratch"
"""Mount path of a sized emptyDir: home, temporary files and the caches of libraries."""

RESERVED_ENVIRONMENT = (
    REQUEST_ENV,
    "HOME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "DATA_DIR",
    "INPUTS_DIR",
    "INTERIM_DIR",
    "OUTPUTS_DIR",
    "MODELS_DIR",
)
"""Environment variables that the operator sets and that no profile can override."""


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
    Stage.TRANSLATE: ("apertium", "bergamot", "ctranslate2", "googletrans", "openai"),
    Stage.SYNTHESIZE: ("cosyvoice", "espeak-ng", "gtts", "kokoro", "openai-speech"),
    Stage.MUX: ("ffmpeg",),
}
"""The names of the engines of each stage, sorted: those of the table ``dubstage.engines``, which
the operator does not import."""

CORRECTIONS = {Stage.TRANSCRIBE: "transcript", Stage.TRANSLATE: "translation"}
"""Stages whose result a file of the user can replace, with the stem of its name in
``inputs/<job_id>/``; the suffix is one of :data:`CORRECTION_SUFFIXES`."""

CORRECTION_SUFFIXES = (".json", ".srt", ".vtt", ".ass")
"""Of the files that replace the result of a stage."""

REVIEWED = {
    Stage.SEPARATE: "interim/{job}/text/vid/speaks/vocals.wav",
    Stage.TRANSCRIBE: "outputs/{job}/text/src_transcript.json",
    Stage.TRANSLATE: "outputs/{job}/text/trg_transcript.json",
    Stage.SYNTHESIZE: "interim/{job}/text/vid/tts/segments.json",
}
"""Stages after which a dub can wait for a review, with the file to review."""


class ExitCode(IntEnum):
    """The exit code of a stage; the names are those of BSD's ``sysexits.h``."""

    OK = 0
    DATAERR = 65
    """The input is invalid: a retry cannot help."""
    NOINPUT = 66
    """A file that an earlier stage wrote is missing: that stage has to run again."""
    TEMPFAIL = 75
    """A transient failure outside the stage: a retry may help."""
    CONFIG = 78
    """A model is missing or a setting is invalid: an administrator has to act."""
    TERMINATED = 143
    """The pod was terminated (SIGTERM); never one of the codes above."""


class EngineChoice(Message):
    """The engine that a profile chose for one stage."""

    engine: str
    """Name of the engine, for example ``faster-whisper``."""
    model: str | None = None
    """Name of the model on the models volume, if the engine has one."""
    parameters: dict[str, str | int | float | bool] = Field(default={})
    """Engine settings from the profile."""
    has_token: bool = False
    """Whether the stage gets a Hugging Face token, with which some engines fetch a model that is
    not on the models volume."""


class StageRequest(Message):
    """The work of one run of a stage."""

    stage: Stage
    namespace: str
    """Namespace of the DubJob, which owns the job's folder."""
    name: str
    """Name of the DubJob."""
    job_id: str
    """Name of the job's folders: one path segment, checked by the schema."""
    source: str
    """Path of the source relative to the inputs folder."""
    source_language: str | None = None
    """BCP 47 tag; None lets the transcribe stage detect the language."""
    target_language: str
    """BCP 47 tag."""
    speakers: SpeakerRange | None = None
    glossary: list[GlossaryEntry] = Field(default=[])
    glossary_file: str | None = None
    """Path of a file with the glossary, if it is too long for an environment variable."""
    shared_glossary: SharedGlossary | None = None
    """More entries of the glossary. An own entry with the same term replaces a shared one."""
    on_doubt: OnDoubt | None = None
    """None leaves out words that were surely invented."""
    translation: TranslationOptions = TranslationOptions()
    mix: MixOptions = MixOptions()
    engines: dict[Stage, EngineChoice]
    """The engine of every stage: ingest computes with them which stages are reusable, mux
    reports them, and each stage reads its own."""
    force: bool = False
    """Whether the work is done again although it is done already: after a retry."""
    run: int = 0
    """Number of this run, the same for all pods of a Job; 0 if unknown."""
    shorten: bool = False
    """Translate only: whether only the segments whose clips were too long are translated again."""
    import_only: bool = False
    """Whether the stage only imports a file of the user, or keeps its result; without engine."""
    scratch_bytes: int | None = None
    """Size limit of the scratch space; None if it is unknown."""
    delete_interim: bool = False
    """Whether the last stage deletes the interim files of the others."""

    @property
    def engine(self) -> EngineChoice:
        """The engine of the requested stage."""
        return self.engines[self.stage]


class StageResult(Message):
    """The result of one run of a stage."""

    stage: Stage
    reason: str
    """One CamelCase word for machines: ``Succeeded``, ``Reused`` or the kind of
    failure, for example ``BadInput``."""
    message: str = ""
    """One sentence for the status."""
    seconds: float = 0.0
    """Wall-clock time of the run in seconds."""
    reused: bool = False
    """Whether the outputs of an earlier run were complete, so that there was no work."""
    reusable: list[Stage] = Field(default=[])
    """Ingest only: later stages whose outputs are complete and up to date."""
    corrected: list[Stage] = Field(default=[])
    """Ingest only: stages whose result a file of the user replaces."""
    imported: bool = False
    """Whether a file of the user replaced the engine."""
    missing_from: Stage | None = None
    """With NOINPUT, the stage that has to write its files again."""
    source_language: str | None = None
    """Language of the speech, once it is known."""
    summary: StageSummary = StageSummary()
    """What the stage measured."""
    reusable_summaries: dict[Stage, StageSummary] = Field(default={})
    """Ingest only: what the stages in `reusable` measured when they ran."""
    outputs: list[Output] = Field(default=[])
    """The files of the finished dub, the most important first. Mux only, and ingest if the
    mux stage is reusable."""

    _visible_message = field_validator("message")(visible)

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
        an empty or cut-off message): such text is never shown to users."""
        try:
            return cls.model_validate_json(text or "")
        except ValueError:
            return None


def _compact(message: BaseModel) -> str:
    """JSON without the fields that were left at their defaults."""
    return message.model_dump_json(exclude_defaults=True)


def request_env(request: StageRequest) -> dict[str, Any]:
    """The container environment entry that carries `request`.

    Kubernetes expands ``$(NAME)`` in values, and a glossary must not read the profile's
    variables, which may come from Secrets: JSON has another spelling of the dollar sign.
    """
    text = request.model_dump_json(exclude_none=True).replace("$", r"\u0024")
    return {"name": REQUEST_ENV, "value": text}
