"""Media made in a moment, and a job whose stages up to synthesize are played."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import soundfile
from numpy.typing import NDArray

from dubstage.contract import ExitCode, Stage, StageRequest
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.text.transcript import Clip, TranslatedSegment
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, StageRun, Work

RATE = 48000
SECONDS = 4.0
Samples = NDArray[numpy.float32]


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def film(
    path: Path,
    *arguments: str | Path,
    seconds: float = SECONDS,
    sound: Path | None = None,
    video: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast"),
) -> Path:
    """A film of `seconds` with `sound` (a tone where None); `arguments` are ffmpeg's, for
    the output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = ["-f", "lavfi", "-i", f"sine=frequency=330:duration={seconds}:sample_rate=48000"]
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=25:duration={seconds}"),
        *(["-i", sound] if sound else tone),
        *video,
        *("-shortest", *arguments, path),
    )
    return path


def packets(path: Path) -> str:
    """MD5 of the first video stream's packets, as they lie in the file."""
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0", "-c", "copy",
         "-f", "md5", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def source(folder: Path) -> Path:
    return folder / "inputs/clip/source.mp4"


def tone(seconds: float, hertz: float, level: float, rate: int = RATE) -> Samples:
    time = numpy.arange(round(seconds * rate)) / rate
    return (level * numpy.sin(2 * numpy.pi * hertz * time)).astype(numpy.float32)


@dataclass(frozen=True)
class Spoken:
    """One line: the original from `start` to `end`, its dub `seconds` long."""

    start: float
    end: float
    seconds: float
    level: float = 0.2
    """Of the original."""
    speaker: str = "SPEAKER_00"
    translation: str = "uno"


BED_LEVEL = 0.02
DUB_LEVEL = 0.3


def speech_and_bed(lines: Sequence[Spoken], seconds: float) -> tuple[Samples, Samples]:
    """The original's speech (800 Hz while a line lasts) and what is under it (150 Hz),
    both of shape (frames, 2)."""
    speech = numpy.zeros(round(seconds * RATE), numpy.float32)
    for line in lines:
        burst = tone(line.end - line.start, 800, line.level)
        place = speech[round(line.start * RATE) :][: len(burst)]
        place += burst[: len(place)]
    bed = tone(seconds, 150, BED_LEVEL)
    return numpy.stack([speech, speech], 1), numpy.stack([bed, bed], 1)


def played(lines: Sequence[Spoken], seconds: float = SECONDS) -> StageRun:
    """What the stages from separate to synthesize write, for `lines`."""

    def run(work: Work) -> Outcome:
        sentences = [_sentence(number, line) for number, line in enumerate(lines)]
        rows = json.dumps([line.model_dump(mode="json") for line in sentences])
        match work.request.stage:
            case Stage.SEPARATE:
                both = speech_and_bed(lines, seconds)
                for artifact, sound in zip(
                    (Artifact.VOCALS, Artifact.BACKGROUND), both, strict=True
                ):
                    soundfile.write(work.staging(artifact, None), sound, RATE, format="WAV")
            case Stage.TRANSCRIBE:
                work.staging(Artifact.TRANSCRIPT, None).write_text(rows)
                work.staging(Artifact.SRC_TRANSCRIPT, None).write_text(rows)
                work.staging(Artifact.ALIGNED_SEGMENTS, None).write_text(
                    '{"language": "en", "word_segments": []}'
                )
            case Stage.TRANSLATE:
                work.staging(Artifact.TRANSLATED, None).write_text(rows)
                work.staging(Artifact.TRG_TRANSCRIPT, None).write_text(rows)
            case Stage.SYNTHESIZE:
                _speak(work, lines)
        return Outcome()

    return run


def _sentence(number: int, line: Spoken) -> TranslatedSegment:
    return TranslatedSegment(
        segment_id=f"segment_{number:04d}", start=line.start, end=line.end, text="one",
        duration=line.end - line.start, speaker=line.speaker, translation=line.translation,
    )  # fmt: skip


def _speak(work: Work, lines: Sequence[Spoken]) -> None:
    clips = []
    for number, line in enumerate(lines):
        name = f"segment_{number:04d}.wav" if line.seconds else ""
        if name:
            voice = tone(line.seconds, 400, DUB_LEVEL, rate=22050)
            soundfile.write(work.staging(Artifact.TTS_CLIPS, name), voice, 22050, format="WAV")
        clips.append(spoken_clip(number, line, name))
    work.staging(Artifact.TTS_SEGMENTS, None).write_text(
        json.dumps([item.model_dump(mode="json") for item in clips])
    )


def spoken_clip(number: int, line: Spoken, name: str = "") -> Clip:
    return Clip(
        segment_id=f"segment_{number:04d}", speaker=line.speaker, start=line.start, end=line.end,
        target_duration=line.end - line.start, audio_file=name, duration=line.seconds,
        tts_backend="test",
    )  # fmt: skip


def dubbed(
    folder: Path,
    lines: Sequence[Spoken],
    seconds: float = SECONDS,
    *,
    spoken: bool = False,
    run: StageRun | None = None,
    **asked: object,
) -> Ended:
    """Ingest and mux on the source in `folder`, all between played; `spoken`: but for
    synthesize, whose engine speaks the lines' translations; `run` plays in their place."""
    model = folder / "models/faster-whisper/base/SHA256SUMS"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.touch()

    def request(stage: Stage) -> StageRequest:
        return request_for(stage, **asked)

    ended = run_stage_in(folder, request(Stage.INGEST))
    assert ended.code == ExitCode.OK, ended.result.message
    run = run or played(lines, seconds)
    for stage in (Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        played_here = not (spoken and stage is Stage.SYNTHESIZE)
        ended = run_stage_in(folder, request(stage), run if played_here else None)
        assert ended.code == ExitCode.OK, ended.result.message
    ended = run_stage_in(folder, request(Stage.MUX))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended
