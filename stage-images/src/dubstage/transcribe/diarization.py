"""Who speaks: pyannote's speaker diarization, as whisperx wraps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dubstage.contract import EngineChoice, SpeakerRange
from dubstage.engines.repositories import DIARIZER
from dubstage.errors import Misconfigured
from dubstage.logs import step
from dubstage.models import model_folder
from dubstage.models.volume import find_model
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.workspace.layout import Roots

Progress = Callable[[float], None]


class Diarizer:
    """A pipeline from the models volume, or with a token from Hugging Face."""

    def __init__(
        self, whisperx: Any, roots: Roots, choice: EngineChoice, token: str | None, device: str
    ) -> None:
        """`whisperx`: the library. `choice.parameters`: ``diarize`` (true)."""
        self._whisperx = whisperx
        self._roots = roots
        self._is_enabled = bool(choice.parameters.get("diarize", True))
        self._token = token
        self._device = device

    def name_speakers(
        self,
        segments: list[dict[str, Any]],
        audio: Any,
        speakers: SpeakerRange | None,
        progress: Progress,
    ) -> list[str]:
        """Give each word of `segments` its ``speaker``; return remarks for the user.
        `progress` gets percents.

        Raises :class:`Misconfigured` if the pipeline cannot be loaded.
        """
        if not segments or (speakers and speakers.max == 1):
            return []
        if not self._is_enabled:
            return [
                "all speech is attributed to one speaker: the profile's parameter diarize is false"
            ]
        if not self._token and not find_model(self._roots, DIARIZER):
            return [
                "all speech is attributed to one speaker: there is neither a diarizer on the "
                "models volume nor a Hugging Face token"
            ]

        def attempt(device: str) -> Any:
            return self._load(device)(
                audio,
                min_speakers=speakers.min if speakers else None,
                max_speakers=speakers.max if speakers else None,
                progress_callback=progress,
            )

        with step("diarize"):
            turns = MemoryFallback(devices(self._device), "diarization").run(attempt)
        self._whisperx.assign_word_speakers(turns, {"segments": segments}, fill_nearest=True)
        return []

    def _load(self, device: str) -> Any:
        folder = None
        if find_model(self._roots, DIARIZER):
            engine, _, model = DIARIZER.partition("/")
            folder = str(model_folder(self._roots, EngineChoice(engine=engine, model=model)))
        try:
            return self._whisperx.diarize.DiarizationPipeline(
                model_name=folder, token=self._token, device=device
            )
        # If Hugging Face refuses, pyannote returns None, and whisperx uses it like a pipeline.
        except (OSError, ValueError, AttributeError, KeyError) as error:
            raise unusable(DIARIZER, error) from error


def devices(device: str) -> list[str]:
    """The device, and the one to fall back to when its memory is full."""
    return [device] if device == "cpu" else [device, "cpu"]


def in_percent(progress: Progress) -> Progress:
    """`progress` for a library that reports percents."""
    return lambda percent: progress(percent / 100)


def unusable(name: str, error: Exception) -> Misconfigured:
    """The error for a model that cannot be loaded."""
    first_row = str(error).partition("\n")[0]
    return Misconfigured(
        f"The model {name} cannot be loaded ({first_row}): run `dubstage models pull` again; for "
        "the diarizer, accept its terms on Hugging Face with the token's account, or set the "
        "profile's parameter diarize to false.",
        reason="ModelUnusable",
    )
