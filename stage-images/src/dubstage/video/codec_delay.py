"""The delay of a copied Opus track in Matroska.

A Matroska file declares how much of the beginning of an Opus track is dropped, and players
subtract it from the times of the blocks. ffmpeg's muxer declares it, but does not add it to the
times: each copy would be heard 6.5 ms early, or as much as its encoder asked for.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dubstage.media.ffmpeg import first_packet_time, input_file, run
from dubstage.media.probe import AudioTrack
from dubstage.video.containers import MATROSKA, Container

DELAYED_CODEC = "opus"
LATE = 100.0
"""Seconds by which the trial is moved, so that no time in it is negative."""
TIME_UNIT = 0.001
"""Seconds to which Matroska rounds times: a smaller difference is no delay."""


def lost_delay(source: Path, track: AudioTrack, container: Container, scratch: Path) -> float:
    """Seconds by which a copy of `track` in `container` would be early.

    Measured with one packet, because it depends on the version of ffmpeg. Raises
    :class:`dubstage.media.ffmpeg.MediaError` if the track cannot be copied.
    """
    if container.format != MATROSKA.format or track.codec != DELAYED_CODEC:
        return 0.0
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy = Path(folder, f"packet.{MATROSKA.suffix}")
        arguments: list[str | Path] = ["-copyts", *input_file(source), "-map", f"0:{track.index}"]
        arguments += ["-c", "copy", "-frames:a", "1", "-output_ts_offset", str(LATE)]
        run([*arguments, "-f", MATROSKA.format, copy])
        before, after = first_packet_time(source, track.index), first_packet_time(copy, 0)
    if before is None or after is None:
        return 0.0
    delay = before + LATE - after
    return delay if abs(delay) >= TIME_UNIT else 0.0
