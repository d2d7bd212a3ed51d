"""What ingest costs, compared with one decode of the same file by ffmpeg alone."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from made_media import ffmpeg, source_path

from dubstage.contract import ExitCode, Stage
from dubstage.testing import request_for, run_stage_in

SECONDS = 600


def ingest_ratio(folder: Path) -> float:
    """The time of ingest on a video of ten minutes, as a multiple of that of ffmpeg."""
    source = source_path(folder)
    source.parent.mkdir(parents=True)
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"anoisesrc=c=pink:a=0.2:r=48000:d={SECONDS}"),
        *("-ac", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", source),
    )
    begun = time.monotonic()
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(source), "-f", "null", "-"], check=True
    )
    alone = time.monotonic() - begun
    ended = run_stage_in(folder, request_for(Stage.INGEST))
    if ended.code is not ExitCode.OK:
        raise RuntimeError(ended.result.message)
    return ended.result.seconds / alone
