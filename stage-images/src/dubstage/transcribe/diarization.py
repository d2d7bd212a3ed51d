"""Who speaks: pyannote's speaker diarization, as whisperx wraps it; without it, the local
diarizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dubstage.contract import EngineChoice, SpeakerRange
from dubstage.engines.parameters import flag
from dubstage.engines.repositories import DIARIZER, LOCAL_DIARIZER
from dubstage.errors import Misconfigured
from dubstage.logs import logger, step
from dubstage.media.windows import parts_of_samples
from dubstage.models import choice_of, model_folder
from dubstage.models.volume import find_model
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.transcribe.local_diarizer import (
    NOT_ASKED,
    ONE_SPEAKER,
    LocalDiarizer,
    is_alone,
    is_available,
)
from dubstage.workspace.layout import Roots

Progress = Callable[[float], None]
KNOWN_PREFIX = "hf_"
"""pyannote ignores any other token of Hugging Face."""


class Diarizer:
    """A pipeline from the models volume, or with a token from Hugging Face."""

    def __init__(
        self, whisperx: Any, roots: Roots, choice: EngineChoice, token: str | None, device: str
    ) -> None:
        """`whisperx`: the library. `choice.parameters`: ``diarize`` (true)."""
        self._whisperx = whisperx
        self._roots = roots
        self._is_enabled = flag(choice, "diarize", True)
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
        if not segments or is_alone(speakers):
            return []
        if not self._is_enabled:
            return [f"{ONE_SPEAKER}: {NOT_ASKED}"]
        if not self._token and not find_model(self._roots, DIARIZER):
            return [self._without_pyannote(segments, audio, speakers)]

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

    def _without_pyannote(
        self, segments: list[dict[str, Any]], audio: Any, speakers: SpeakerRange | None
    ) -> str:
        """Name the speakers by the local diarizer; return what the user should know."""
        missing = f"the models volume has no {DIARIZER}, and there is no Hugging Face token for it"
        if not is_available(self._roots):
            return f"{ONE_SPEAKER}: {missing}; {LOCAL_DIARIZER} is missing, too"
        diarizer = LocalDiarizer(self._roots)
        for part in parts_of_samples(audio):
            diarizer.hear(part)
        raw = [word for segment in segments for word in segment["words"]]
        spans = [(word["start"], word["end"]) for word in raw]
        for word, name in zip(raw, diarizer.names(spans, speakers), strict=True):
            word["speaker"] = name
        remark = f"speakers by {LOCAL_DIARIZER}: {missing}"
        logger.warning(remark)
        return remark

    def _load(self, device: str) -> Any:
        folder = None
        if find_model(self._roots, DIARIZER):
            folder = str(model_folder(self._roots, choice_of(DIARIZER)))
        elif self._token and not self._token.startswith(KNOWN_PREFIX):
            raise Misconfigured(
                f"The model {DIARIZER} cannot be downloaded: the Hugging Face token does not start "
                f"with {KNOWN_PREFIX}. Put an access token of Hugging Face into the profile's "
                "Secret, or the model on the models volume.",
                reason="ModelUnusable",
            )
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
