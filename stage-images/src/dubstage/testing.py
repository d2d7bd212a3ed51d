"""Run a stage in a folder, for tests of stages and engines: without a pod or an operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dubstage.contract import EngineChoice, ExitCode, Stage, StageRequest, StageResult
from dubstage.run.process import finish, load_stage
from dubstage.workspace.layout import Roots, Tree
from dubstage.workspace.publish import Staging
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import StageRun

ENGINES = {
    Stage.INGEST: EngineChoice(engine="ffmpeg"),
    Stage.SEPARATE: EngineChoice(engine="none"),
    Stage.TRANSCRIBE: EngineChoice(engine="faster-whisper", model="base"),
    Stage.TRANSLATE: EngineChoice(engine="apertium"),
    Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng"),
    Stage.MUX: EngineChoice(engine="ffmpeg"),
}


def request_for(stage: Stage, **changes: object) -> StageRequest:
    """A request for `stage` of the job ``clip``, English to Spanish."""
    request = StageRequest(
        stage=stage,
        namespace="dubbing",
        name="clip",
        job_id="clip",
        source="clip/source.mp4",
        source_language="en",
        target_language="es",
        engines=ENGINES,
    )
    return request.model_copy(update=changes)


@dataclass(frozen=True)
class Ended:
    """The end of one run of a stage."""

    code: ExitCode
    result: StageResult
    tree: Tree


def roots_in(folder: Path) -> Roots:
    """The volumes as folders below `folder`."""
    return Roots(
        inputs=folder / "inputs",
        interim=folder / "interim",
        outputs=folder / "outputs",
        models=folder / "models",
        model_caches=(folder / "models/.cache",),
        image_models=folder / "image-models",
    )


def run_stage_in(folder: Path, request: StageRequest, run: StageRun | None = None) -> Ended:
    """Run the stage, or `run` in its place, on the volumes below `folder`, without waiting
    for missing inputs."""
    roots = roots_in(folder)
    for root in (roots.inputs, roots.interim, roots.outputs, roots.models):
        root.mkdir(parents=True, exist_ok=True)
    tree = Tree(roots, request.job_id)
    staging = Staging(tree, STAGES[request.stage].writes)
    code, result = finish(request, roots, staging, run or load_stage(request.stage), patience=0.0)
    return Ended(code, result, tree)
