"""The stt image separates and recognizes for real: WhisperX and Demucs in a container that
has no network, with weights from a models folder alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import build
import jiwer
import pytest
from container import Container, Image, started

from dubstage.contract import REQUEST_ENV, EngineChoice, Stage, StageResult
from dubstage.models.volume import write_sums
from dubstage.testing import ENGINES, request_for, roots_in
from dubstage.workspace.layout import Artifact, Tree

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "build/sample/source.mp4"
CACHE = Path(os.environ.get("DUBJOB_CACHE") or Path.home() / ".cache/dubjob")
WHISPER = CACHE / "seed/faster-whisper/base"

MAKERS = ROOT / "tests/engines/stt"
"""Of a Demucs model that takes half of every sound for speech: the real weights cannot be
had here. Its class is looked for when it is loaded."""
MAKE_DEMUCS = """
from pathlib import Path
import demucs_models
demucs_models.save(demucs_models.half_of_all(), Path("/models/demucs/half"), "half")
"""

CHOICES = ENGINES | {
    Stage.SEPARATE: EngineChoice(engine="demucs", model="half"),
    Stage.TRANSCRIBE: EngineChoice(engine="whisperx", model="base", parameters={"diarize": False}),
}


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data and models volume of a job that has its source, for any user."""
    folder = tmp_path_factory.mktemp("volumes")
    roots = roots_in(folder)
    for root in (roots.inputs / "clip", roots.interim, roots.outputs, roots.models):
        root.mkdir(parents=True)
    shutil.copyfile(SAMPLE, roots.inputs / "clip/source.mp4")
    shutil.copytree(WHISPER, roots.models / "whisperx/base")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return folder


@pytest.fixture
def extra(shared_buildah: build.Buildah, references: dict[str, str]) -> Iterator[Container]:
    """The light image: it does what comes before."""
    with started(Image(shared_buildah, references["extra"])) as found:
        yield found


def spoken() -> str:
    """Transcript of the sample."""
    folder = Path("/usr/share/pocketsphinx/test/data/librivox")
    lines = (folder / "transcription").read_text().splitlines()
    return " ".join(re.findall(r"<s> (.*?) </s>", "\n".join(lines)))


def run_in(
    container: Container, volumes: Path, folder: Path, stage: Stage
) -> tuple[StageResult, float]:
    """Run a stage as its pod does; its result and the seconds it took."""
    roots = roots_in(volumes)
    message = folder / f"{stage}.termination"
    message.touch()
    message.chmod(0o666)
    pod = Container(
        container.root,
        container.environment,
        mounts={
            "/data/interim": roots.interim,
            "/data/outputs": roots.outputs,
            "/termination": message,
        },
        read_only={"/data/inputs": roots.inputs, "/models": roots.models, "/makers": MAKERS},
    )
    request = request_for(stage, engines=CHOICES)
    begun = time.monotonic()
    done = pod.run(
        *("dubstage", "run"),
        folder=folder,
        PYTHONPATH="/makers",
        **{REQUEST_ENV: request.model_dump_json(), "TERMINATION_MESSAGE_PATH": "/termination"},
    )
    seconds = time.monotonic() - begun
    assert done.returncode == 0, done.stderr[-3000:]
    return StageResult.model_validate_json(message.read_text()), seconds


@pytest.mark.parametrize("name", ["stt"])
def test_stt_image_separates_and_transcribes(
    container: Container,
    extra: Container,
    volumes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    roots = roots_in(volumes)
    maker = Container(
        container.root,
        container.environment,
        mounts={"/models": roots.models},
        read_only={"/makers": MAKERS},
    )
    made = maker.run(
        "python3", "-W", "ignore", "-c", MAKE_DEMUCS, folder=tmp_path, PYTHONPATH="/makers"
    )
    assert made.returncode == 0, made.stderr[-2000:]
    write_sums(roots.models / "demucs/half")

    run_in(extra, volumes, tmp_path, Stage.INGEST)
    _, separated = run_in(container, volumes, tmp_path, Stage.SEPARATE)
    result, recognized = run_in(container, volumes, tmp_path, Stage.TRANSCRIBE)
    with capsys.disabled():
        print(f"\nstt: separate {separated:.1f} s, transcribe {recognized:.1f} s")

    tree = Tree(roots, "clip")
    assert tree.files(Artifact.VOCALS)
    assert tree.files(Artifact.BACKGROUND)
    (transcript,) = tree.files(Artifact.TRANSCRIPT)
    heard = " ".join(line["text"] for line in json.loads(transcript.read_text()))
    words = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),  # type: ignore[no-untyped-call]
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
    rate = jiwer.wer(spoken(), heard, reference_transform=words, hypothesis_transform=words)
    assert rate < 0.15, heard
    assert result.source_language == "en"
