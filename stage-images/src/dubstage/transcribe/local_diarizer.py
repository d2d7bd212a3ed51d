"""Who speaks, without a token: the diarizer of the models volume, on the CPU."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.contract import SpeakerRange
from dubstage.engines.repositories import LOCAL_DIARIZER
from dubstage.logs import step
from dubstage.media.windows import Part
from dubstage.models import choice_of, model_folder
from dubstage.models.volume import find_model
from dubstage.speakers.diarizer import Diarizer
from dubstage.speakers.networks import Networks
from dubstage.speakers.turns import Span, speakers_at
from dubstage.text.transcript import DEFAULT_SPEAKER
from dubstage.workspace.layout import Roots

THREADS = 2
"""Threads of onnxruntime: as many as a stage usually gets processors."""


ONE_SPEAKER = "all speech is attributed to one speaker"
NOT_ASKED = "the profile's parameter diarize is false"


def is_alone(speakers: SpeakerRange | None) -> bool:
    """Whether there is one speaker, according to the user."""
    return speakers is not None and speakers.max == 1


def is_available(roots: Roots) -> bool:
    """Whether the models volume has the diarizer."""
    return find_model(roots, LOCAL_DIARIZER) is not None


class LocalDiarizer:
    """Hears the source part by part, and names the speakers of words."""

    def __init__(self, roots: Roots) -> None:
        """Raise :class:`Misconfigured` if the model is damaged or cannot be loaded."""
        folder = model_folder(roots, choice_of(LOCAL_DIARIZER))
        self._diarizer = Diarizer(Networks(folder, THREADS))

    @step("diarize")
    def hear(self, part: Part) -> None:
        """Take in the next part of the source."""
        self._diarizer.hear(part.samples, part.start)

    @step("assign speakers")
    def names(self, spans: Sequence[Span], speakers: SpeakerRange | None) -> list[str]:
        """The speaker of each word, by its start and end: ``SPEAKER_00`` speaks first.
        `speakers`: how many there are, if known."""
        fewest, most = (speakers.min, speakers.max) if speakers else (1, None)
        turns = self._diarizer.turns(fewest, most)
        if not turns:
            return [DEFAULT_SPEAKER] * len(spans)
        found = speakers_at(spans, turns)
        first: dict[int, Span] = {}
        for span, speaker in zip(spans, found, strict=True):
            first[speaker] = min(span, first.get(speaker, span))
        order = sorted(first, key=lambda speaker: first[speaker])
        return [f"SPEAKER_{order.index(speaker):02d}" for speaker in found]
