"""Judge the voices of the cpu profile: what a recognizer understands, the pace, and the mix.

    make bench-voices  BENCH_CLIPS="two voices;20 hasty"  for some of the clips
                       SAMPLES=docs/samples  also writes ten seconds of each dub

`make bench-dubbing` runs it after the clips with known times.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import soundfile
from dub_run import REAL, SEED
from goals import Goal, verdict
from voice_clips import VOICE_RECIPES, VoiceRecipe, kokoro, make_voices

from dubstage.contract import EngineChoice, ExitCode, MixOptions, Stage
from dubstage.mux.loudness import SILENCE, segment_loudness
from dubstage.mux.round_trip import error_rate, transcribe
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.timing.fit import MIN_STRETCH
from dubstage.timing.pace import MAX_JUMP, largest_jump
from dubstage.timing.slot import TimedSegment
from dubstage.workspace.layout import Artifact, Tree

VOICES = {
    "kokoro": EngineChoice(engine="kokoro", model="v1.0"),
    "espeak-ng": EngineChoice(engine="espeak-ng"),
}
TRANSLATOR = EngineChoice(engine="bergamot", model="en-pt")
DUBS = (("kokoro", "es"), ("espeak-ng", "es"), ("kokoro", "pt"))
"""Engine and target language of each dub of a clip."""
CALM_GOALS = {"es": 0.12, "pt": 0.15}
"""The word error rate that Kokoro does not exceed, by language."""
HASTY = "20 hasty"
SAMPLE_SECONDS = 10
SAMPLE_BIT_RATE = "20k"
HEADER = (
    f"{'clip':<16} {'engine':<10} {'to':<4} {'segs':>4} {'WER':>6} {'adherent':>8} {'fastest':>7} "
    f"{'jump':>5} {'trim':>4} {'speech/bg':>14} {'duck dB':>7}"
)


@dataclass(frozen=True)
class VoiceFigures:
    """One clip in one voice."""

    recipe: VoiceRecipe
    engine: str
    language: str
    segments: int
    word_error_rate: float
    adherence: float
    fastest: float
    jump: float
    """The largest difference in speed between two adjacent segments of a speaker."""
    trimmed: int
    ratios: tuple[float, ...]
    """LU by which each segment is louder than the background under it, measured on the stems."""
    duck: float
    """The largest reduction of the background in decibels."""

    def __str__(self) -> str:
        ratio = f"{min(self.ratios):.1f} to {max(self.ratios):.1f}" if self.ratios else "-"
        return (
            f"{self.recipe.name:<16} {self.engine:<10} {self.language:<4} {self.segments:>4} "
            f"{self.word_error_rate:>6.1%} {self.adherence:>8.0%} {self.fastest:>7.2f} "
            f"{self.jump:>5.2f} {self.trimmed:>4} {ratio:>14} {self.duck:>7.1f}"
        )


def main(samples: Path | None = None) -> int:
    """Measure, print, judge; 0 where every goal is met."""
    selected = [name for name in os.environ.get("BENCH_CLIPS", "").split(";") if name]
    print(HEADER, flush=True)
    found: list[VoiceFigures] = []
    voice = kokoro(SEED)
    with tempfile.TemporaryDirectory(prefix="bench-voices-") as name:
        for recipe in VOICE_RECIPES:
            if selected and recipe.name not in selected:
                continue
            folder = Path(name) / recipe.name.replace(" ", "-").replace(",", "")
            made = make_voices(recipe, folder / "clip", voice)
            for engine, language in DUBS:
                tree = _dub(made, folder / "job", engine, language).tree
                found.append(_figures(recipe, engine, language, tree))
                print(found[-1], flush=True)
                if samples:
                    _write_sample(tree, samples / f"{folder.name}-{engine}-{language}.ogg")
    return verdict(list(goals(found)))


def goals(found: Sequence[VoiceFigures]) -> Iterator[Goal]:
    """The goals over all clips."""
    for language, goal in CALM_GOALS.items():
        ours = [one for one in found if (one.engine, one.language) == ("kokoro", language)]
        calm = [one.word_error_rate for one in ours if one.recipe.name != HASTY]
        if calm:
            rate, name = sum(calm) / len(calm), f"kokoro to {language}: word error rate"
            yield Goal(f"{name} at most {goal:.0%}", f"{rate:.1%}", rate <= goal)
        for rate in (one.word_error_rate for one in ours if one.recipe.name == HASTY):
            name = f"kokoro to {language}: word error rate"
            yield Goal(f"{name} of hasty speech below 35 %", f"{rate:.1%}", rate < 0.35)
    jump = max(one.jump for one in found)
    yield Goal("no jump in speed above 0.25", f"{jump:.2f}", jump <= MAX_JUMP + MIN_STRETCH)
    ratio = min((median(one.ratios) for one in found if one.ratios), default=99.0)
    yield Goal("speech 10 LU above the background (median)", f"{ratio:.1f} LU", ratio >= 9.0)


def _dub(clip: Path, folder: Path, engine: str, language: str) -> Ended:
    """Run the six stages in `folder`; another dub of the clip uses the first ones again."""
    source = folder / "inputs/clip/source.mp4"
    if not source.exists():
        source.parent.mkdir(parents=True)
        (folder / "models").symlink_to(SEED)
        shutil.copy(clip, source)
    engines = {**REAL, Stage.TRANSLATE: TRANSLATOR, Stage.SYNTHESIZE: VOICES[engine]}
    asked = {"engines": engines, "target_language": language, "mix": MixOptions(stems=True)}
    for stage in Stage:
        ended = run_stage_in(folder, request_for(stage, **asked))
        if ended.code is not ExitCode.OK:
            raise RuntimeError(f"{clip.parent}: {stage}: {ended.result.message}")
    return ended


def _figures(recipe: VoiceRecipe, engine: str, language: str, tree: Tree) -> VoiceFigures:
    report: dict[str, Any] = json.loads(tree.path(Artifact.REPORT).read_text())
    segments = [one for one in report["segments"] if one["loudness"] is not None]
    text = " ".join(one["translation"] for one in segments)
    heard = transcribe(tree.path(Artifact.DUBBED_AUDIO), SEED / "faster-whisper/base", language)
    timed = [
        TimedSegment(one["segment_id"], one["speaker"], one["start"], one["end"])
        for one in segments
    ]
    return VoiceFigures(
        recipe=recipe,
        engine=engine,
        language=language,
        segments=len(segments),
        word_error_rate=error_rate(text, heard, language) or 0.0,
        adherence=report["totals"]["adherence"],
        fastest=report["totals"]["max_speed"],
        jump=largest_jump(timed, [one["speed"] for one in segments]),
        trimmed=report["totals"]["trimmed"],
        ratios=tuple(_ratios(tree, segments)),
        duck=report["totals"]["duck_db_max"],
    )


def _ratios(tree: Tree, segments: Sequence[dict[str, Any]]) -> Iterator[float]:
    """LU between voice and background while each segment is heard."""
    stems = tree.path(Artifact.STEMS).parent
    voice, rate = soundfile.read(stems / "voice.wav", dtype="float32", always_2d=True)
    background, _ = soundfile.read(stems / "background.wav", dtype="float32", always_2d=True)
    for one in segments:
        during = slice(round(one["dub_start"] * rate), round(one["dub_end"] * rate))
        levels = [segment_loudness(stem[during]) for stem in (voice, background)]
        if min(levels) > SILENCE:
            yield levels[0] - levels[1]


def _write_sample(tree: Tree, target: Path) -> None:
    """Write the first seconds of a dub."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(tree.path(Artifact.DUBBED_AUDIO)),
         "-t", str(SAMPLE_SECONDS), "-ac", "1", "-c:a", "libopus", "-b:a", SAMPLE_BIT_RATE,
         "-map_metadata", "-1", "-fflags", "+bitexact", str(target)],
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
