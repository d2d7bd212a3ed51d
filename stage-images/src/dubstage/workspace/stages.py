"""What each stage reads and writes, as data: ingest can look ahead without importing another
stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dubstage.contract import OnDoubt, Stage, StageRequest
from dubstage.workspace.layout import Artifact


def _nothing(_: StageRequest) -> dict[str, object]:
    return {}


KEPT_OR_DROPPED = (OnDoubt.KEEP, OnDoubt.DROP)
"""A review changes no transcript by itself."""


def _if_set(**values: object) -> dict[str, object]:
    """The values that are set, so that finished dubs without them stay finished."""
    return {name: value for name, value in values.items() if value}


def _pronunciations(request: StageRequest) -> list[object]:
    """The glossary's pronunciations in the language of the dub and its regions."""
    language = _language(request.target_language)
    return [
        [entry.rendering, tag, text]
        for entry in request.glossary
        for tag, text in sorted((entry.say or {}).items())
        if _language(tag) == language
    ]


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


@dataclass(frozen=True)
class StageDefinition:
    """The inputs and outputs of one stage."""

    stage: Stage
    version: int
    """Part of the content key. To be raised with every change that makes earlier outputs wrong."""
    reads: tuple[Artifact, ...]
    """The artifacts of earlier stages that it reads."""
    writes: tuple[Artifact, ...]
    reads_source: bool = False
    """Whether it reads the source video."""
    parameters: Callable[[StageRequest], dict[str, object]] = _nothing
    """The part of the request that affects what the stage writes."""


STAGES: dict[Stage, StageDefinition] = {
    definition.stage: definition
    for definition in (
        StageDefinition(
            Stage.INGEST,
            version=3,
            reads_source=True,
            reads=(),
            writes=(Artifact.AUDIO, Artifact.SOURCE_FACTS),
            parameters=lambda request: {"source_language": request.source_language},
        ),
        StageDefinition(
            Stage.SEPARATE,
            version=1,
            reads=(Artifact.AUDIO,),
            writes=(Artifact.VOCALS, Artifact.BACKGROUND),
        ),
        StageDefinition(
            Stage.TRANSCRIBE,
            version=4,
            reads=(Artifact.VOCALS,),
            writes=(Artifact.TRANSCRIPT, Artifact.ALIGNED_SEGMENTS, Artifact.SRC_TRANSCRIPT),
            parameters=lambda request: {
                "source_language": request.source_language,
                "speakers": request.speakers and request.speakers.model_dump(),
                **_if_set(
                    # Earlier versions believed any language that Whisper detected.
                    detection=None if request.source_language else "by words",
                    hear=[text for entry in request.glossary for text in entry.hear or ()],
                    on_doubt=request.on_doubt if request.on_doubt in KEPT_OR_DROPPED else None,
                ),
            },
        ),
        StageDefinition(
            Stage.TRANSLATE,
            version=3,
            reads=(Artifact.TRANSCRIPT, Artifact.ALIGNED_SEGMENTS),
            writes=(Artifact.TRANSLATED, Artifact.TRG_TRANSCRIPT),
            parameters=lambda request: {
                "target_language": request.target_language,
                "glossary": [
                    entry.model_dump(include={"term", "translation"}) for entry in request.glossary
                ],
                # Only what is set, so that finished dubs stay finished.
                **request.translation.model_dump(exclude_none=True),
            },
        ),
        StageDefinition(
            Stage.SYNTHESIZE,
            version=6,
            reads=(Artifact.TRANSLATED, Artifact.VOCALS, Artifact.BACKGROUND),
            writes=(Artifact.TTS_CLIPS, Artifact.TTS_SEGMENTS),
            parameters=lambda request: {
                "target_language": request.target_language,
                **_if_set(say=_pronunciations(request)),
            },
        ),
        StageDefinition(
            Stage.MUX,
            version=3,
            reads_source=True,
            reads=(
                Artifact.AUDIO,
                Artifact.SOURCE_FACTS,
                Artifact.VOCALS,
                Artifact.BACKGROUND,
                Artifact.TRANSCRIPT,
                Artifact.ALIGNED_SEGMENTS,
                Artifact.TRANSLATED,
                Artifact.TTS_CLIPS,
                Artifact.TTS_SEGMENTS,
            ),
            writes=(
                Artifact.DUBBED_AUDIO,
                Artifact.DUBBED_SURROUND,
                Artifact.DUBBED_VIDEO,
                Artifact.STEMS,
                Artifact.SRC_SRT,
                Artifact.SRC_VTT,
                Artifact.TRG_SRT,
                Artifact.TRG_VTT,
                Artifact.REPORT,
                Artifact.REPORT_PAGE,
            ),
            parameters=lambda request: {
                "target_language": request.target_language,
                "mix": request.mix.model_dump(),
            },
        ),
    )
}


def input_name(artifact: Artifact, file_name: str) -> str:
    """The name of an input in the content key: without the job's id, so that a renamed job
    keeps its key."""
    return f"{artifact.name}/{file_name}"


PRODUCER: dict[Artifact, Stage] = {
    artifact: definition.stage for definition in STAGES.values() for artifact in definition.writes
}
"""The stage that writes an artifact."""
