"""A correction, read with the code of the stage that imports it, before it is uploaded."""

from __future__ import annotations

import math
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from pydantic import TypeAdapter

from dubjob.dub import Dub
from dubjob.errors import DubError, UsageError, printable
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning.estimate import video_seconds
from dubjob_operator.planning.manifests import stage_request
from dubjob_operator.planning.stage_entry import first
from dubstage.contract import CORRECTION_SUFFIXES, CORRECTIONS, Stage, StageRequest
from dubstage.errors import BadInput
from dubstage.text.transcript import Segment
from dubstage.transcribe import correction as transcripts
from dubstage.translate import correction as translations

NOTHING_DONE = "Nothing was uploaded or approved."


def check(file: Path, dub: Dub, profile: DubProfile, stage: Stage, reviewed: Path) -> None:
    """Raise :class:`UsageError` for a file that the stage would not import in place of the result
    `reviewed`, a list of segments."""
    suffix = file.suffix.lower()
    if suffix not in CORRECTION_SUFFIXES:
        raise UsageError(
            f"{printable(str(file))} cannot replace the result of the {stage} stage: expected a "
            f"file whose name ends with {', '.join(CORRECTION_SUFFIXES[:-1])} or "
            f"{CORRECTION_SUFFIXES[-1]}. If it has one of these formats, rename it, for example to "
            f"{printable(file.stem)}.srt. {NOTHING_DONE}"
        )
    request = stage_request(dub.dubjob, profile, first(stage, "", datetime.now(timezone.utc)))
    # The stage takes the language that it has detected.
    request = request.model_copy(update={"source_language": dub.status.source_language})
    with tempfile.TemporaryDirectory() as folder:
        # The stage reads it under a name of its own.
        named = Path(folder) / f"{CORRECTIONS[stage]}{suffix}"
        named.symlink_to(file.resolve())
        try:
            _read(named, request, stage, reviewed, _source_end(dub))
        except BadInput as refusal:
            words = str(refusal).replace(f"inputs/{dub.job_id}/{named.name}", printable(str(file)))
            raise UsageError(f"{words} {NOTHING_DONE}") from refusal
        except OSError as error:
            raise DubError(
                f"{printable(str(file))} cannot be read: {error.strerror or error}. {NOTHING_DONE}"
            ) from error


def _read(
    file: Path, request: StageRequest, stage: Stage, reviewed: Path, source_end: float
) -> None:
    if stage is Stage.TRANSCRIBE:
        transcripts.read(file, request, source_end)
    else:
        segments = TypeAdapter(list[Segment]).validate_json(reviewed.read_bytes())
        translations.read(file, request, segments)


def _source_end(dub: Dub) -> float:
    """Seconds, as ingest measured them; without an end if it did not report them."""
    return video_seconds(dub.status.stages) or math.inf
