"""Real speech, the real libraries, no network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest
import soundfile
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from dubstage.contract import EngineChoice, Stage
from dubstage.models.volume import SUMS, write_sums
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox")
CACHE = Path(os.environ.get("DUBJOB_CACHE", Path.home() / ".cache/dubjob"))
WHISPER = CACHE / "seed/faster-whisper/base"
DIARIZER = CACHE / "seed/diarizer/v1"
RATE = 48000
PAUSE_SECONDS = 1.0


def pytest_configure() -> None:
    """Say what is missing, all at once."""
    missing = []
    if not list(SPEECH.glob("*.wav")):
        missing.append(f"{SPEECH}: apt-get install pocketsphinx-testdata")
    missing += [
        f"{path}: make models" for path in (WHISPER, DIARIZER) if not (path / SUMS).is_file()
    ]
    if not shutil.which("ffmpeg"):
        missing.append("ffmpeg: apt-get install ffmpeg")
    if missing:
        pytest.exit(f"The engines tier needs {'; '.join(missing)}", returncode=1)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that asks the network fails its test."""

    def refuse(_: socket.socket, address: object) -> None:
        raise AssertionError(f"the network was asked: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@dataclass(frozen=True)
class Programme:
    """Audio and its transcript."""

    samples: NDArray[numpy.float32]
    """Shape (frames, 2), 48 kHz."""
    texts: list[str]
    starts: list[float]
    """Seconds at which the recordings begin; speech sets in a little later."""


@pytest.fixture(scope="session")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """Five sentences of a LibriVox reading, a second of silence before each."""
    folder = tmp_path_factory.mktemp("speech")
    names = (SPEECH / "fileids").read_text().split()
    lines = (SPEECH / "transcription").read_text().splitlines()
    parts, texts, starts, at = [], [], [], 0.0
    for name, line in zip(names, lines, strict=True):
        path = folder / f"{name}.wav"
        convert(SPEECH / f"{name}.wav", path, "-ar", str(RATE), "-ac", "2")
        samples, _ = soundfile.read(path, dtype="float32")
        starts.append(at + PAUSE_SECONDS)
        texts.append(line.removeprefix("<s> ").partition(" </s>")[0])
        parts += [numpy.zeros((int(PAUSE_SECONDS * RATE), 2), numpy.float32), samples]
        at = starts[-1] + len(samples) / RATE
    return Programme(numpy.concatenate(parts), texts, starts)


def convert(source: Path, target: Path, *arguments: str) -> None:
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source), *arguments, str(target)],
        check=True,
    )


def run_on(
    folder: Path, samples: NDArray[numpy.float32], stage: Stage, choice: EngineChoice,
    **changes: object,
) -> Ended:  # fmt: skip
    """Run `stage` with that engine on a job whose sound, or speech, is `samples`."""
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("source")

    def lay(work: Work) -> Outcome:
        for artifact in (
            (Artifact.AUDIO,) if work.request.stage is Stage.INGEST
            else (Artifact.VOCALS, Artifact.BACKGROUND)
        ):  # fmt: skip
            soundfile.write(work.staging(artifact, None), samples, RATE, format="WAV")
        return Outcome()

    run_stage_in(folder, request_for(Stage.INGEST), lay)
    if stage is not Stage.SEPARATE:
        run_stage_in(folder, request_for(Stage.SEPARATE), lay)
    engines = {**ENGINES, stage: choice}
    return run_stage_in(folder, request_for(stage, engines=engines, **changes))


def model(folder: Path, name: str, source: Path) -> Path:
    """Put the model `source` on the volume as ``<engine>/<model>``, by links."""
    target = folder / "models" / name
    shutil.copytree(source, target, copy_function=os.link)
    (target / SUMS).unlink()
    write_sums(target)
    return target


def word_error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Words to change, drop or add, as a share of those that were said."""
    return Levenshtein.distance(said, heard) / len(said)
