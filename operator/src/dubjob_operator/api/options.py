"""Optional settings of a dub."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dubjob_operator.api.fields import Seconds
from dubjob_operator.api.model import ApiModel
from dubstage.contract import Formality


class Speakers(ApiModel):
    """Number of speakers."""

    min: Annotated[int, Field(ge=1, le=32)] = 1
    """Minimum number of speakers. Defaults to 1."""
    max: Annotated[int, Field(ge=1, le=32)] | None = None
    """Maximum number of speakers. If omitted, the engine detects the number."""


class Translation(ApiModel):
    """Options of the translation. Engines that translate with a language model follow them."""

    instructions: (
        Annotated[
            str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
        ]
        | None
    ) = None
    """Text for the translation engine, for example about the audience or the style. If omitted,
    the engine has no instructions."""
    formality: Formality | None = None
    """Form of address in languages that distinguish it, for example *tú* and *usted*: Formal or
    Informal. If omitted, the engine decides."""


class Mix(ApiModel):
    """Mix of the dub."""

    loudness: Annotated[int, Field(ge=-40, le=-8)] | None = None
    """Integrated loudness in LUFS, for example -23 for EBU R128. Defaults to the loudness of the
    source."""
    stems: bool | None = None
    """Whether voice and background are also written as separate files. Defaults to false."""


class Deadlines(ApiModel):
    """Limits on waiting and running, after which the DubJob fails."""

    start_seconds: Annotated[int, Field(ge=1, le=604800)] | None = None
    """Seconds for which a stage may be unable to start because of its image, its configuration,
    or a missing claim or profile. Waiting for capacity, or for a part of the cluster that
    does not respond, does not count. Defaults to 600."""
    queue_seconds: Seconds | None = None
    """Seconds for which a stage may wait for capacity, quota or admission. Defaults to no
    limit."""
    active_seconds: Seconds | None = None
    """Seconds for which all stages together may run. Time in a queue, in suspension or in
    review does not count. Defaults to no limit."""
