"""A job before synthesis, and an engine that records its calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import soundfile

from dubstage.contract import ExitCode, Stage
from dubstage.synthesize.engine import Voice
from dubstage.testing import request_for, run_stage_in
from dubstage.text.transcript import Segment, TranslatedSegment
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

RATE = 16000
ENGINE_RATE = 8000


def tone(seconds: float, rate: int = RATE, level: float = 0.3) -> numpy.ndarray:
    time = numpy.arange(int(seconds * rate)) / rate
    return (level * numpy.sin(2 * numpy.pi * 200 * time)).astype(numpy.float32)


def segment(
    number: int, start: float, end: float, text: str = "uno dos", **changes: object
) -> TranslatedSegment:
    source = Segment(
        segment_id=f"segment_{number:04d}",
        start=start,
        end=end,
        duration=end - start,
        text="one two",
        speaker=str(changes.pop("speaker", "SPEAKER_00")),
    )
    return TranslatedSegment(**source.model_dump(), translation=text).model_copy(update=changes)


SEGMENTS = [
    segment(0, 0.5, 1.5, "uno dos tres"),
    segment(1, 2.0, 3.0, "cuatro"),
    segment(2, 4.0, 5.0, "seis"),
]


def write_job(
    folder: Path,
    segments: Sequence[TranslatedSegment],
    seconds: float = 8.0,
    voices: Callable[[str, float], numpy.ndarray] = lambda _, seconds: tone(seconds),
) -> None:
    """Write the results of the stages before synthesize: speech, and a soft background.
    `voices`: (speaker, seconds) → the speech."""
    for name in ("inputs/clip/source.mp4", "models/faster-whisper/base/SHA256SUMS"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    vocals = numpy.zeros(int(seconds * RATE), numpy.float32)
    for item in segments:
        spoken = voices(item.speaker, item.end - item.start)
        first = int(item.start * RATE)
        vocals[first : first + len(spoken)] = spoken[: len(vocals) - first]
    rows = json.dumps([item.model_dump(mode="json") for item in segments])

    def write(work: Work) -> Outcome:
        sounds = {Artifact.VOCALS: vocals, Artifact.BACKGROUND: 0.01 * numpy.ones_like(vocals)}
        texts = {
            Artifact.AUDIO: "",
            Artifact.SOURCE_FACTS: "",
            Artifact.ALIGNED_SEGMENTS: '{"language": "en", "word_segments": []}',
        }
        for artifact in {
            Stage.INGEST: [Artifact.AUDIO, Artifact.SOURCE_FACTS],
            Stage.SEPARATE: list(sounds),
            Stage.TRANSCRIBE: [
                Artifact.TRANSCRIPT,
                Artifact.SRC_TRANSCRIPT,
                Artifact.ALIGNED_SEGMENTS,
            ],
            Stage.TRANSLATE: [Artifact.TRANSLATED, Artifact.TRG_TRANSCRIPT],
        }[work.request.stage]:
            if artifact in sounds:
                soundfile.write(work.staging(artifact, None), sounds[artifact], RATE, format="WAV")
            else:
                work.staging(artifact, None).write_text(texts.get(artifact, rows))
        return Outcome()

    for stage in (Stage.INGEST, Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE):
        ended = run_stage_in(folder, request_for(stage, force=True), write)
        assert ended.code == ExitCode.OK, ended.result


@dataclass
class WatchedEngine:
    """Speaks 15 characters a second, as a tone with silence at both ends."""

    reach: float = 0.15
    own_voices: int | None = 10
    """None for an engine that clones recordings."""
    sounds: Callable[[str, int], numpy.ndarray | None] | None = None
    """(text, number of earlier requests) → samples, None for no file."""
    asked: list[tuple[str, float]] = field(default_factory=list)
    cast: list[Voice] = field(default_factory=list)
    """The voice of each request."""

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.asked]

    def voices(self, language: str) -> int | None:
        return self.own_voices

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        attempt = self.texts.count(text)
        self.asked.append((text, speed))
        self.cast.append(voice)
        if self.sounds:
            sound = self.sounds(text, attempt)
        else:
            silence = numpy.zeros(ENGINE_RATE // 5, numpy.float32)
            speech = tone(len(text) / 15 / speed, ENGINE_RATE)
            sound = numpy.concatenate([silence, speech, silence])
        if sound is not None:
            soundfile.write(target, sound, ENGINE_RATE, subtype="FLOAT")
