"""What made a dub: each stage's engine, model and time."""

from __future__ import annotations

from dubstage.contract import Stage, StageRequest
from dubstage.engines import engine_version
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import read_manifest


def stages_of(
    tree: Tree, request: StageRequest, duration: float, mux_seconds: float
) -> list[dict[str, object]]:
    """One entry for each stage, with what its manifest says. The mux stage, whose manifest
    is not written yet, has taken `mux_seconds` so far. `duration`: of the programme."""
    found = []
    for stage in Stage:
        if stage is Stage.MUX:
            choice = request.engines[stage]
            entry = _entry(stage, choice.engine, engine_version(choice.engine), choice.model, None)
            found.append(entry | _time(mux_seconds, duration))
            continue
        manifest = read_manifest(tree, stage)
        if manifest:
            entry = _entry(
                stage,
                manifest.engine,
                manifest.engine_version,
                manifest.model,
                manifest.model_revision,
            )
            found.append(entry | _time(manifest.seconds, duration))
    return found


def _entry(
    stage: Stage, engine: str, version: str | None, model: str | None, revision: str | None
) -> dict[str, object]:
    values = {
        "stage": str(stage),
        "engine": engine,
        "engine_version": version,
        "model": model,
        "model_revision": revision,
    }
    return {name: value for name, value in values.items() if value is not None}


def _time(seconds: float, duration: float) -> dict[str, object]:
    """Seconds, and seconds for each second of the programme."""
    found: dict[str, object] = {"seconds": round(seconds, 3)}
    if duration > 0:
        found["real_time_factor"] = round(seconds / duration, 4)
    return found
