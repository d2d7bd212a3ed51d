"""What ingest has measured of the source, for the stages that follow."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dubstage.media.clock import Shift


class VideoPlan(BaseModel):
    """How the dubbed video is written."""

    model_config = ConfigDict(frozen=True)

    container: str
    """Suffix of its file name."""
    omitted: list[int] = []
    """Indexes of the source's streams that cannot be carried."""
    converted: list[str] = []
    """Codecs of audio tracks that are converted, though the container should hold them."""


class SourceFacts(BaseModel):
    """The content of ``source.json``."""

    model_config = ConfigDict(frozen=True)

    track: int
    """Index of the stream that is dubbed."""
    duration: float
    """Seconds of the source."""
    loudness: float | None
    """Integrated loudness of the dubbed track with its own channel layout, in LUFS (EBU
    R128); a mono track is measured as it is heard from two speakers. None for silence, and
    for less than 400 ms."""
    shifts: dict[int, list[Shift]] = {}
    """By index, of the audio streams whose clock restarts."""
    video: VideoPlan | None
    """None for a source without a video stream."""


def read_facts(file: Path) -> SourceFacts:
    """The facts in `file`. Raises ValueError if it does not hold them."""
    return SourceFacts.model_validate_json(file.read_bytes())
