"""The passes over the entries of all stages, in order, and why in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageStatus
from dubjob_operator.planning.audio_track import audio_track_chosen_again
from dubjob_operator.planning.current_stage import limited, suspended
from dubjob_operator.planning.observation import Observed
from dubjob_operator.planning.profile_use import ProfileProblem
from dubjob_operator.planning.restart import restarted
from dubjob_operator.planning.reuse import reused
from dubjob_operator.planning.review import gated
from dubjob_operator.planning.rewind import rewound
from dubjob_operator.planning.shortening import shortened
from dubjob_operator.planning.verbs import retried


@dataclass(frozen=True)
class Situation:
    """What the passes read, besides the entries."""

    dubjob: DubJob
    profile: DubProfile | ProfileProblem | None
    observed: Observed
    pipeline_hash: str
    now: datetime
    refused: ProfileProblem | None = None
    """Why the Job of the current stage could not be created, if that was tried."""


@dataclass(frozen=True)
class Pass:
    """One change to the entries of all stages."""

    name: str
    why_here: str
    """Why it comes after the previous pass."""
    apply: Callable[[Situation, list[StageStatus]], list[StageStatus]]


PASSES = (
    Pass(
        "audio track",
        "First: it may send ingest back, and then what ingest found does not count.",
        lambda s, entries: audio_track_chosen_again(
            s.dubjob, entries, s.observed, s.pipeline_hash, s.now
        ),
    ),
    Pass(
        "reuse",
        "It marks stages as succeeded, so that the next pass finds the first that has not.",
        lambda s, entries: reused(s.dubjob, entries, s.observed, s.pipeline_hash, s.now),
    ),
    Pass(
        "rewind",
        "It acts on a stage that has just failed; a retry makes that stage pending.",
        lambda s, entries: rewound(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "restart",
        "It acts on a failure that the rewind has left, and like it before a retry.",
        lambda s, entries: restarted(s.dubjob, entries, s.profile, s.observed, s.now),
    ),
    Pass(
        "retry",
        "A stage that runs again has nothing to review, so it comes before the gates.",
        lambda s, entries: retried(s.dubjob, entries, s.now),
    ),
    Pass(
        "shorten",
        "A retry replaces the clips, and a gate would stop before they fit.",
        lambda s, entries: shortened(s.dubjob, entries, s.profile, s.observed, s.now),
    ),
    Pass(
        "review",
        "A gate closes only if the next stage is pending, and suspension changes that stage.",
        lambda s, entries: gated(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "suspend",
        "A suspended stage reaches no limit.",
        lambda s, entries: suspended(s.dubjob, entries, s.observed, s.now),
    ),
    Pass(
        "limits",
        "Last: it fails whichever stage is then the current one.",
        lambda s, entries: limited(s.dubjob, entries, s.profile, s.observed, s.now, s.refused),
    ),
)
"""In the order in which they are applied. A pass sees what the previous ones changed."""


def apply_passes(
    situation: Situation, entries: list[StageStatus], passes: Sequence[Pass] | None = None
) -> list[StageStatus]:
    """The entries after all `passes`, :data:`PASSES` if omitted."""
    for each in PASSES if passes is None else passes:
        entries = each.apply(situation, entries)
    return entries
