"""What ingest has measured of the source, for the stages that follow."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dubstage.errors import BadInput
from dubstage.media.clock import Shift
from dubstage.media.tracks import other_tracks
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work


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
    number: int = 1
    """Number of that stream among the audio tracks, from one."""
    languages: list[str | None] = []
    """Languages that the audio tracks declare, in their order."""
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


def nothing_to_dub(work: Work, language: str) -> BadInput:
    """The refusal of a source whose dubbed track is spoken in the target `language`. Names the
    other audio tracks, as far as ingest recorded them."""
    request = work.request
    others = ""
    with suppress(ValueError):
        for file in work.tree.files(Artifact.SOURCE_FACTS):
            facts = read_facts(file)
            others = other_tracks(facts.languages, facts.number, request.target_language)
    return BadInput(
        f"inputs/{request.source} is spoken in {language}, which is spec.targetLanguage"
        + (f". {others}" if others else ": there is nothing to dub."),
        reason="SameLanguage",
    )
