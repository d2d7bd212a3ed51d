"""Generated media, and a dub whose stages from separate to synthesize are fakes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import soundfile

from dubstage.contract import ExitCode, Stage, StageRequest
from dubstage.media.audio import Samples
from dubstage.media.ffmpeg import probe
from dubstage.testing import Ended, request_for, run_stage_in
from dubstage.text.transcript import Clip, TranslatedSegment
from dubstage.video.aac import encode
from dubstage.video.containers import Container
from dubstage.video.dubbed_video import DubbedVideo
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, StageRun, Work

RATE = 48000
SECONDS = 4.0


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def cut_sentence(sample: Path, target: Path) -> None:
    """Write the first sentence of the sample clip, for tests that do not listen to the dub."""
    ffmpeg("-i", sample, "-t", "7", "-c", "copy", target)


def make_video(
    path: Path,
    *arguments: str | Path,
    seconds: float = SECONDS,
    audio: Path | None = None,
    video: Sequence[str] = ("-c:v", "libx264", "-preset", "ultrafast"),
) -> Path:
    """Make a video of `seconds` with `audio` (if omitted, a tone). `arguments` are output
    options of ffmpeg."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = ["-f", "lavfi", "-i", f"sine=frequency=330:duration={seconds}:sample_rate=48000"]
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=25:duration={seconds}"),
        *(["-i", audio] if audio else tone),
        *video,
        *("-shortest", *arguments, path),
    )
    return path


def dubbed_video(source: Path, dub: Path, container: Container) -> DubbedVideo:
    """`source`, English, with a Spanish dub, which is encoded beside the dub."""
    declared = probe(source)
    assert declared.video
    return DubbedVideo(
        source=source,
        declared=declared,
        video=declared.video,
        dubbed_track=declared.audio[0],
        dub=dub,
        encoded=encode(dub, dub.with_suffix(".aac")),
        target_language="es",
        source_language="en",
        subtitles=[],
        container=container,
    )


def packets(path: Path) -> str:
    """MD5 of the packets of the first video stream."""
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0", "-c", "copy",
         "-f", "md5", "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def source_path(folder: Path) -> Path:
    return folder / "inputs/clip/source.mp4"


def tone(seconds: float, hertz: float, level: float, rate: int = RATE) -> Samples:
    time = numpy.arange(round(seconds * rate)) / rate
    return (level * numpy.sin(2 * numpy.pi * hertz * time)).astype(numpy.float32)


@dataclass(frozen=True)
class DubbedSegment:
    """A segment whose original lasts from `start` to `end`, and its clip."""

    start: float
    end: float
    clip_seconds: float
    """Length of the clip; 0.0 for none."""
    level: float = 0.2
    """Level of the original."""
    speaker: str = "SPEAKER_00"
    translation: str = "uno"


BACKGROUND_LEVEL = 0.02
DUB_LEVEL = 0.3


def vocals_and_background(
    segments: Sequence[DubbedSegment], seconds: float
) -> tuple[Samples, Samples]:
    """The original's vocals (800 Hz while a segment lasts) and its background (150 Hz), both
    of shape (frames, 2)."""
    vocals = numpy.zeros(round(seconds * RATE), numpy.float32)
    for segment in segments:
        burst = tone(segment.end - segment.start, 800, segment.level)
        place = vocals[round(segment.start * RATE) :][: len(burst)]
        place += burst[: len(place)]
    background = tone(seconds, 150, BACKGROUND_LEVEL)
    return numpy.stack([vocals, vocals], 1), numpy.stack([background, background], 1)


def fake_stages(segments: Sequence[DubbedSegment], seconds: float = SECONDS) -> StageRun:
    """Write what the stages from separate to synthesize would write for `segments`."""

    def run(work: Work) -> Outcome:
        translated = [_translated(number, segment) for number, segment in enumerate(segments)]
        rows = json.dumps([segment.model_dump(mode="json") for segment in translated])
        match work.request.stage:
            case Stage.SEPARATE:
                stems = vocals_and_background(segments, seconds)
                for artifact, samples in zip(
                    (Artifact.VOCALS, Artifact.BACKGROUND), stems, strict=True
                ):
                    soundfile.write(work.staging(artifact, None), samples, RATE, format="WAV")
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
                _synthesize(work, segments)
        return Outcome()

    return run


def _translated(number: int, segment: DubbedSegment) -> TranslatedSegment:
    return TranslatedSegment(
        segment_id=f"segment_{number:04d}", start=segment.start, end=segment.end, text="one",
        duration=segment.end - segment.start, speaker=segment.speaker,
        translation=segment.translation,
    )  # fmt: skip


def _synthesize(work: Work, segments: Sequence[DubbedSegment]) -> None:
    clips = []
    for number, segment in enumerate(segments):
        name = f"segment_{number:04d}.wav" if segment.clip_seconds else ""
        if name:
            voice = tone(segment.clip_seconds, 400, DUB_LEVEL, rate=22050)
            soundfile.write(work.staging(Artifact.TTS_CLIPS, name), voice, 22050, format="WAV")
        clips.append(clip_for(number, segment, name))
    work.staging(Artifact.TTS_SEGMENTS, None).write_text(
        json.dumps([item.model_dump(mode="json") for item in clips])
    )


def clip_for(number: int, segment: DubbedSegment, name: str = "") -> Clip:
    return Clip(
        segment_id=f"segment_{number:04d}", speaker=segment.speaker,
        start=segment.start, end=segment.end,
        target_duration=segment.end - segment.start, audio_file=name, duration=segment.clip_seconds,
        tts_backend="test",
    )  # fmt: skip


def run_dub(
    folder: Path,
    segments: Sequence[DubbedSegment],
    seconds: float = SECONDS,
    *,
    synthesize: bool = False,
    run: StageRun | None = None,
    **asked: object,
) -> Ended:
    """Run ingest and mux on the source in `folder`, with fakes of the stages in between.

    `synthesize`: whether the synthesize stage is real; `run`: the fakes, if not
    :func:`fake_stages`; `asked`: changes to the request.
    """
    model = folder / "models/faster-whisper/base/SHA256SUMS"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.touch()

    def request(stage: Stage) -> StageRequest:
        return request_for(stage, **asked)

    ended = run_stage_in(folder, request(Stage.INGEST))
    assert ended.code == ExitCode.OK, ended.result.message
    run = run or fake_stages(segments, seconds)
    for stage in (Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        is_fake = not (synthesize and stage is Stage.SYNTHESIZE)
        ended = run_stage_in(folder, request(stage), run if is_fake else None)
        assert ended.code == ExitCode.OK, ended.result.message
    ended = run_stage_in(folder, request(Stage.MUX))
    assert ended.code == ExitCode.OK, ended.result.message
    return ended
