"""``report.json``: what a person should know about a dub, line by line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel, field_serializer

from dubstage.contract import StageRequest
from dubstage.timing.fit import NOTED_SPEED, UNNOTICED_SPEED, Flag
from dubstage.timing.prediction import Verdict


class ReportLine(BaseModel):
    """How one line came out; times in seconds on the programme's time line."""

    segment_id: str
    speaker: str
    text: str
    translation: str
    start: float
    """Where the original line starts."""
    end: float
    dub_start: float
    """Where the dub is first heard."""
    dub_end: float
    onset_error: float
    """`dub_start` less `start`."""
    slot: float
    """The time that there was, the pause after the line included."""
    predicted: float
    """Seconds that were expected before it was spoken."""
    verdict: Verdict
    """What was expected of it."""
    natural: float
    """Seconds at the voice's own pace."""
    pause_used: float
    """Seconds of the pause after the original line that are spoken in."""
    engine_speed: float
    """How much faster than its own pace the engine spoke."""
    stretch: float
    """Tempo that was applied to that."""
    speed: float
    """Both together."""
    overflow: float
    """Seconds that were trimmed off."""
    flags: list[Flag]

    @field_serializer(
        *("start", "end", "dub_start", "dub_end", "onset_error"),
        *(
            "slot",
            "predicted",
            "natural",
            "pause_used",
            "engine_speed",
            "stretch",
            "speed",
            "overflow",
        ),
    )
    def _round(self, value: float) -> float:
        return round(value, 3)


def report(
    request: StageRequest,
    source_language: str,
    duration: float,
    lines: Sequence[ReportLine],
    held_samples: int,
) -> str:
    """The text of ``report.json``."""
    count = max(len(lines), 1)
    text = {
        "job_id": request.job_id,
        "source_language": source_language,
        "target_language": request.target_language,
        "duration": round(duration, 3),
        "engines": {
            str(stage): choice.model_dump(exclude_none=True, exclude_defaults=True)
            for stage, choice in request.engines.items()
        },
        "totals": {
            "lines": len(lines),
            "share_above_1.2": round(sum(x.speed > UNNOTICED_SPEED for x in lines) / count, 3),
            "share_above_1.3": round(sum(x.speed > NOTED_SPEED for x in lines) / count, 3),
            "trimmed": sum(Flag.TRIMMED in line.flags for line in lines),
            "overflow": round(sum(line.overflow for line in lines), 3),
            "largest_onset_error": round(
                max((abs(line.onset_error) for line in lines), default=0.0), 3
            ),
            "held_samples": held_samples,
        },
        "lines": [line.model_dump(mode="json") for line in lines],
    }
    return json.dumps(text, ensure_ascii=False, indent=1) + "\n"
