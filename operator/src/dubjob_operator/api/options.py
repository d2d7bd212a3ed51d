"""What a DubJob may ask of its dub."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dubjob_operator.api.fields import Seconds
from dubjob_operator.api.model import ApiModel


class Speakers(ApiModel):
    """How many people speak."""

    min: Annotated[int, Field(ge=1, le=32)] = 1
    """At least so many."""
    max: Annotated[int, Field(ge=1, le=32)] | None = None
    """At most so many."""


GlossaryText = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=200)]


class GlossaryEntry(ApiModel):
    """A term that is translated in a given way."""

    term: GlossaryText
    """The term as it is said; upper and lower case count the same."""
    translation: GlossaryText | None = None
    """What it becomes. Omitted: it stays as it is."""


class Mix(ApiModel):
    """How the dub sounds."""

    loudness: Annotated[int, Field(ge=-40, le=-8)] | None = None
    """Integrated loudness in LUFS, -23 for EBU R128 for example. Omitted: the
    source's own."""
    stems: bool | None = None
    """True: voice and background are written as files of their own, too."""


class Deadlines(ApiModel):
    """Limits on waiting and running, after which the DubJob fails."""

    start_seconds: Annotated[int, Field(ge=1, le=604800)] | None = None
    """Seconds for which a stage may be unable to start: image, configuration, missing claim
    or profile. Waiting for capacity does not count. Defaults to 600."""
    queue_seconds: Seconds | None = None
    """Seconds for which a stage may wait for capacity, quota or admission. Defaults to no
    limit."""
    active_seconds: Seconds | None = None
    """Seconds for which all stages together may run. Time in a queue, in suspension or in
    review does not count. Defaults to no limit."""
