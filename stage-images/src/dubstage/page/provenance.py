"""Where the dub comes from: speakers, engines, models and licenses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from dubstage.contract import Stage
from dubstage.engines.languages import BERGAMOT_ROUTES
from dubstage.engines.licenses import ENGINE_LICENSES, SERVICE, model_license
from dubstage.page.rows import Row
from dubstage.text.languages import primary


@dataclass(frozen=True)
class Speaker:
    """A speaker and the voice of the dub."""

    name: str
    segments: int
    seconds: float
    """Length of all of the speaker's segments in the dub."""
    speed: float | None
    """Median speed of the segments; None if none is in the dub."""
    notes: int
    """Segments that need attention."""
    samples: Sequence[str]
    """Recordings that the voice was cloned from, as files of the data volume."""


@dataclass(frozen=True)
class Step:
    """A stage, and what did its work."""

    stage: str
    engine: str
    version: str
    model: str
    revision: str
    """Commit or digest of the model."""
    license: str
    seconds: float


def speakers_of(rows: Sequence[Row], listed: Sequence[Mapping[str, Any]]) -> list[Speaker]:
    """The speakers that the report lists."""
    found = []
    for entry in listed:
        own = [row for row in rows if row.segment["speaker"] == entry["speaker"]]
        spoken = [row.segment for row in own if row.is_spoken]
        found.append(
            Speaker(
                name=entry["speaker"],
                segments=len(own),
                seconds=sum(one["dub_end"] - one["dub_start"] for one in spoken),
                speed=median(one["speed"] for one in spoken) if spoken else None,
                notes=sum(row.needs_attention for row in own),
                samples=[sample.partition("#")[0] for sample in entry["voice_samples"]],
            )
        )
    return found


def steps_of(stages: Sequence[Mapping[str, Any]], source: str = "", target: str = "") -> list[Step]:
    """The stages that the report lists, with the licenses of their engines and models. `source` and
    `target`: the languages of the dub (BCP 47)."""
    return [
        Step(
            stage=entry["stage"],
            engine=entry["engine"],
            version=entry.get("engine_version", ""),
            model=_model(entry, source, target),
            revision=entry.get("model_revision") or "",
            license=_license(entry, source, target),
            seconds=entry["seconds"],
        )
        for entry in stages
    ]


def _model(entry: Mapping[str, Any], source: str, target: str) -> str:
    """The model, and for bergamot the rules that translate from its Portuguese, or to it."""
    model = entry.get("model") or ""
    if not _uses_apertium(entry, source, target):
        return model
    if primary(source) == "en":
        return f"{model}, then apertium pt to {primary(target)}"
    return f"apertium {primary(source)} to pt, then {model}"


def _uses_apertium(entry: Mapping[str, Any], source: str, target: str) -> bool:
    """Whether a step of bergamot's route is apertium's."""
    if entry["engine"] != "bergamot" or not source or not target:
        return False
    return any("-" in step for step in BERGAMOT_ROUTES.get((primary(source), primary(target)), ()))


def _license(entry: Mapping[str, Any], source: str, target: str) -> str:
    if entry["engine"] == "none":
        return "–"
    engine = ENGINE_LICENSES.get(entry["engine"], "unknown")
    if engine == SERVICE or not entry.get("model"):
        return engine
    if _uses_apertium(entry, source, target):
        engine += f"; apertium {ENGINE_LICENSES['apertium']}"
    model = model_license(entry["engine"], entry["model"]) or "unknown"
    return engine if model == engine else f"{engine}; model {model}"


def synthetic_speech(steps: Sequence[Step], speakers: Sequence[Speaker], spoken: int) -> str:
    """The statement that the speech of the dub is synthetic. Empty without dubbed segments."""
    if not spoken:
        return ""
    engine = next((s.engine for s in steps if s.stage == Stage.SYNTHESIZE), "a speech engine")
    cloned = any(speaker.samples for speaker in speakers)
    voices = "voices cloned from recordings" if cloned else "the engine's own voices"
    return (
        f"This dub contains synthetic speech. {engine} generated it, in {voices}. "
        "The words are a machine translation unless someone corrected them. Where nobody speaks, "
        "the original audio plays."
    )
