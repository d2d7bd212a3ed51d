"""Run ingest or mux of a long source in a process of its own, and print its peak memory.

python stage_memory.py prepare|ingest|mux FOLDER MINUTES
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from made_media import DubbedSegment, fake_stages, ffmpeg

from dubstage.contract import ExitCode, Stage, StageRequest
from dubstage.testing import request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

SEGMENT_SECONDS = 60 / 56
"""From segment to segment: three hours have 10,000."""
SPEECH = DubbedSegment(0.1, 0.9, 0.7, level=0.1)


def request(stage: Stage) -> StageRequest:
    """A request for a source that is audio alone: the cost of a video stream is not ours."""
    return request_for(stage, source="clip/source.wav")


def prepare(folder: Path, seconds: float) -> None:
    """Make the source."""
    source = folder / "inputs/clip/source.wav"
    source.parent.mkdir(parents=True)
    tone = f"sine=frequency=330:sample_rate=48000:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", tone, "-ac", "2", source)


def fake_stages_before_mux(folder: Path, seconds: float) -> None:
    """Segments whose clips are copies of one."""
    model = folder / "models/faster-whisper/base/SHA256SUMS"
    model.parent.mkdir(parents=True)
    model.touch()
    starts = [number * SEGMENT_SECONDS for number in range(int(seconds / SEGMENT_SECONDS))]
    segments = [
        DubbedSegment(start + SPEECH.start, start + SPEECH.end, SPEECH.clip_seconds, SPEECH.level)
        for start in starts
    ]
    rest = fake_stages(segments, seconds)

    def run(work: Work) -> Outcome:
        if work.request.stage is not Stage.SEPARATE:
            return rest(work)
        (audio,) = work.read(Artifact.AUDIO)
        for artifact in (Artifact.VOCALS, Artifact.BACKGROUND):
            ffmpeg("-i", audio, "-c", "copy", "-f", "wav", work.staging(artifact, None))
        return Outcome()

    for stage in (Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        run_stage_in(folder, request(stage), run)


def measure(folder: Path, stage: Stage) -> dict[str, float]:
    """Run `stage`; MiB of this process, and of the largest program that it ran."""
    ended = run_stage_in(folder, request(stage))
    if ended.code is not ExitCode.OK:
        raise RuntimeError(ended.result.message)
    status = Path("/proc/self/status").read_text()
    own = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    programs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {f"{stage}": int(own.split()[1]) / 1024, f"{stage}, ffmpeg": programs / 1024}


if __name__ == "__main__":
    step, place, length = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]) * 60
    if step == "prepare":
        prepare(place, length)
        print("{}")
    elif step == "ingest":
        found = measure(place, Stage.INGEST)
        fake_stages_before_mux(place, length)
        print(json.dumps(found))
    else:
        print(json.dumps(measure(place, Stage.MUX)))
