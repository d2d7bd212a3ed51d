"""The cost of mux for a source of some minutes.

    python mux_cost.py prepare FOLDER MINUTES     make the source and the inputs of mux
    python mux_cost.py mux FOLDER                 prints JSON

Two processes, so that the peak memory is that of mux alone.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from made_media import DubbedSegment, fake_stages, ffmpeg, make_video, source_path

from dubstage.contract import ExitCode, Stage
from dubstage.testing import request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

SEGMENT_SECONDS = 5.0
"""From segment to segment: 12 per minute, of which every second one is stretched."""


@dataclass(frozen=True)
class Cost:
    """Of one run of mux."""

    seconds: float
    processor_seconds: float
    """Of the stage and of every ffmpeg."""
    memory_mib: float
    """Peak memory of the stage's process."""


def prepare(folder: Path, minutes: float) -> None:
    """Run fakes of the stages before mux for a source of `minutes`."""
    seconds = minutes * 60
    segments = [
        DubbedSegment(
            n * SEGMENT_SECONDS + 0.5, n * SEGMENT_SECONDS + 3.5, 3.0 + 0.9 * (n % 2), level=0.1
        )
        for n in range(int(seconds / SEGMENT_SECONDS))
    ]
    make_video(source_path(folder), seconds=seconds)
    model = folder / "models/faster-whisper/base/SHA256SUMS"
    model.parent.mkdir(parents=True)
    model.touch()
    rest = fake_stages(segments, seconds)

    def run(work: Work) -> Outcome:
        if work.request.stage is not Stage.SEPARATE:
            return rest(work)
        for artifact, hertz in ((Artifact.VOCALS, 800), (Artifact.BACKGROUND, 150)):
            sine = f"sine=frequency={hertz}:duration={seconds}:sample_rate=48000"
            ffmpeg(
                *("-f", "lavfi", "-i", sine, "-ac", "2", "-f", "wav"),
                work.staging(artifact, None),
            )
        return Outcome()

    run_stage_in(folder, request_for(Stage.INGEST))
    for stage in (Stage.SEPARATE, Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        run_stage_in(folder, request_for(stage), run)


def mux(folder: Path) -> Cost:
    """Run the mux stage in `folder`."""
    ended = run_stage_in(folder, request_for(Stage.MUX))
    if ended.code is not ExitCode.OK:
        raise RuntimeError(ended.result.message)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Cost(
        seconds=ended.result.seconds,
        processor_seconds=sum(x.ru_utime + x.ru_stime for x in used),
        memory_mib=_peak_kib() / 1024,
    )


def _peak_kib() -> int:
    """This program's; `ru_maxrss` would be that of whoever started it, if that is more."""
    text = Path("/proc/self/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])


if __name__ == "__main__":
    place = Path(sys.argv[2])
    if sys.argv[1] == "prepare":
        prepare(place, float(sys.argv[3]))
    else:
        print(json.dumps(asdict(mux(place))))
