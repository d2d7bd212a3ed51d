"""How much a take sounds like the recording that its voice was cloned from."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.repositories import LOCAL_DIARIZER
from dubstage.media.ffmpeg import read_mono
from dubstage.models import choice_of, model_folder, model_revision
from dubstage.models.volume import find_model
from dubstage.speakers.networks import SAMPLE_RATE, embedding
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.take import Take
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    from dubstage.media.audio import Samples
    from dubstage.speakers.networks import Vector

SHORTEST_SECONDS = 1.0
"""A shorter take says little about a voice."""
THREADS = 2


def load(work: Work) -> VoiceComparison | None:
    """The network that compares voices; None if the models volume does not have it, or the image
    has no onnxruntime.

    Raises :class:`Misconfigured` if it is damaged.
    """
    has_model = find_model(work.tree.roots, LOCAL_DIARIZER) is not None
    if not has_model or importlib.util.find_spec("onnxruntime") is None:
        return None
    choice = choice_of(LOCAL_DIARIZER)
    revision = f"{LOCAL_DIARIZER}@{model_revision(work.tree.roots, choice)}"
    network = embedding(model_folder(work.tree.roots, choice), THREADS)
    return VoiceComparison(network, revision, work.scratch)


class VoiceComparison:
    """Compares takes with recordings."""

    def __init__(self, network: Callable[[Samples], Vector], revision: str, scratch: Path) -> None:
        self.revision = revision
        """Part of the key of each clip: the comparison decides which take is kept."""
        self._network = network
        self._scratch = scratch
        self._recordings: dict[Path, Vector] = {}

    def similarity(self, take: Take, voice: Voice) -> float | None:
        """The cosine of the angle between both voices, from -1 to 1; None for a voice without a
        recording, and for a short take."""
        import soundfile

        if voice.sample is None or take.duration < SHORTEST_SECONDS:
            return None
        file = self._scratch / "compared.wav"
        soundfile.write(file, take.samples, take.sample_rate, subtype="FLOAT")
        if voice.sample not in self._recordings:
            self._recordings[voice.sample] = self._vector(voice.sample)
        return float(self._recordings[voice.sample] @ self._vector(file))

    def _vector(self, file: Path) -> Vector:
        (samples,) = read_mono([(file, f"aresample={SAMPLE_RATE}")], self._scratch)
        return self._network(samples)
