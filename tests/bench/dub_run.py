"""One clip through the real stages, and the same clips by the plain method."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import soundfile
from clips import MadeClip
from dub_figures import Figures, onsets_in, outside_level, plan_errors, truth_errors
from plain_dub import PLAIN_RATE, plain_dub
from pydantic import TypeAdapter

from dubstage.contract import EngineChoice, ExitCode, MixOptions, Stage
from dubstage.media.audio import SAMPLE_RATE, Samples, stereo_bytes, to_bytes
from dubstage.media.ffmpeg import probe
from dubstage.mux.loudness import measure
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.text.transcript import Clip
from dubstage.workspace.layout import Artifact, Tree

SEED = Path.home() / ".cache/dubjob/seed"
REAL = {**ENGINES, Stage.SEPARATE: EngineChoice(engine="deepfilternet")}


@dataclass(frozen=True)
class Dubbed:
    """A clip's dub, twice."""

    ours: Figures
    plain: Figures
    seconds: dict[str, float]
    """What each stage took."""
    duration: float


def dub(clip: MadeClip, folder: Path, seed: Path = SEED) -> Dubbed:
    """Run the six stages of the cpu profile in `folder`, on this machine."""
    folder.mkdir(parents=True)
    (folder / "models").symlink_to(seed)
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True)
    shutil.copy(clip.file, source)
    seconds: dict[str, float] = {}
    for stage in Stage:
        request = request_for(stage, engines=REAL, mix=MixOptions(stems=True))
        ended = run_stage_in(folder, request)
        if ended.code is not ExitCode.OK:
            raise RuntimeError(f"{clip.recipe.name}: {stage}: {ended.result.message}")
        seconds[str(stage)] = ended.result.seconds
    tree = ended.tree
    return Dubbed(_ours(tree, clip), _plain(tree, clip), seconds, clip.seconds)


def _ours(tree: Tree, clip: MadeClip) -> Figures:
    report: dict[str, Any] = json.loads(tree.path(Artifact.REPORT).read_text())
    segments = [segment for segment in report["segments"] if segment["loudness"] is not None]
    stems = tree.path(Artifact.STEMS).parent
    voice, rate = soundfile.read(stems / "voice.wav", dtype="float32", always_2d=True)
    mono = voice[:, 0]
    path = tree.path(Artifact.DUBBED_AUDIO)
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    onsets = onsets_in(
        mono,
        rate,
        [(segment["start"] - segment["lead"], segment["dub_end"]) for segment in segments],
    )
    before = outside_level(
        _source_audio(tree), _resampled(mono, rate, SAMPLE_RATE), SAMPLE_RATE, clip
    )
    after = outside_level(whole, mono, rate, clip)
    return Figures(
        plan_errors=plan_errors(
            onsets, [segment["start"] - segment["lead"] for segment in segments]
        ),
        truth_errors=truth_errors(onsets, clip),
        utterances=len(clip.utterances),
        speeds=tuple(segment["speed"] for segment in segments),
        trimmed=sum(segment["overflow"] > 0 for segment in segments),
        source=measure(stereo_bytes(tree.path(Artifact.AUDIO))),
        dub=measure(stereo_bytes(path)),
        background_change=after - before - report["totals"]["gain_db"],
        drift=len(whole) / rate - probe(clip.file).duration,
    )


def _plain(tree: Tree, clip: MadeClip) -> Figures:
    text = tree.path(Artifact.TTS_SEGMENTS).read_bytes()
    clips = [x for x in TypeAdapter(list[Clip]).validate_json(text) if x.audio_file]
    folder = tree.path(Artifact.TTS_CLIPS).parent
    made = plain_dub(clips, folder, tree.path(Artifact.BACKGROUND))
    planned = [(x.start, max(x.end, x.start + 0.5)) for x in clips]
    onsets = onsets_in(made.voice, PLAIN_RATE, planned)
    voice = _resampled(made.voice, PLAIN_RATE, SAMPLE_RATE)
    stereo = numpy.repeat(_resampled(made.whole, PLAIN_RATE, SAMPLE_RATE)[:, None], 2, axis=1)
    before = outside_level(_source_audio(tree), voice, SAMPLE_RATE, clip)
    after = outside_level(stereo, voice, SAMPLE_RATE, clip)
    return Figures(
        plan_errors=plan_errors(onsets, [x.start for x in clips]),
        truth_errors=truth_errors(onsets, clip),
        utterances=len(clip.utterances),
        speeds=made.speeds,
        trimmed=0,
        source=measure(stereo_bytes(tree.path(Artifact.AUDIO))),
        dub=measure(iter([to_bytes(stereo)])),
        background_change=after - before,
        drift=len(made.whole) / PLAIN_RATE - probe(clip.file).duration,
    )


def _source_audio(tree: Tree) -> Samples:
    samples: Samples = soundfile.read(tree.path(Artifact.AUDIO), dtype="float32", always_2d=True)[0]
    return samples


def _resampled(samples: Samples, rate: int, target_rate: int) -> Samples:
    """Repeat each sample, which is enough to measure levels."""
    return numpy.repeat(samples, target_rate // rate)
