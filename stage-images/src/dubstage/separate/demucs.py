"""Demucs 4.1, a source separator: songs into drums, bass, vocals and the rest.

It is fed what it was trained on, 44.1 kHz stereo. Its ``repo=`` reads pickles only, which
may run code; here the weights are the safetensors that its authors publish, read with
its own loader from ``<models>/demucs/<model>``: ``<model>.yaml`` names the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured
from dubstage.media.ffmpeg import SAMPLE_RATE
from dubstage.models import model_folder
from dubstage.run.gpu_memory import Ladder
from dubstage.separate.engine import Block
from dubstage.separate.windows import in_windows
from dubstage.workspace.work import Work

WINDOW_SECONDS = 30
"""What is separated at once; four stems of it are in memory."""
FADE_SECONDS = 1
STEM = "vocals"


def load(work: Work) -> Demucs:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return Demucs(model_folder(work.tree.roots, choice), choice)


class Demucs:
    """One model, loaded once."""

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model.

        `choice.parameters`: ``device`` (cuda where there is one), ``overlap`` of segments
        (0.25), ``shifts`` (0: the same programme gives the same speech; more are averaged),
        ``segment`` (seconds; the model's own). Raises :class:`Misconfigured` where the
        model cannot be loaded.
        """
        import torch
        from safetensors import SafetensorError

        parameters = choice.parameters
        try:
            self._separator = _separator(folder, str(choice.model))
        except (
            SafetensorError,
            OSError,
            LookupError,
            AttributeError,
            ValueError,
            RuntimeError,
            TypeError,
        ) as error:
            raise _unusable(choice, f"cannot be loaded ({error})") from error
        if STEM not in self._separator.model.sources:
            stems = ", ".join(self._separator.model.sources)
            raise _unusable(choice, f"has no stem {STEM!r}, it has {stems}")
        self._separator.update_parameter(
            overlap=float(parameters.get("overlap", 0.25)), shifts=int(parameters.get("shifts", 0))
        )
        available = "cuda" if torch.cuda.is_available() else "cpu"
        device = str(parameters.get("device", available))
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise Misconfigured(
                f"The engine {choice.engine} is told to use {device}, and its pod has no GPU: give "
                "the profile's stage one, or take the parameter device away.",
                reason="NoGpu",
            )
        longest = min(float(part.segment) for part in self._separator.model.models)
        segment = min(float(parameters.get("segment", longest)), longest)
        self._ladder = Ladder(_memory_steps(device, segment), "separation")

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Pairs (programme, speech), aligned to the sample."""
        return in_windows(
            blocks, self._speech, WINDOW_SECONDS * SAMPLE_RATE, FADE_SECONDS * SAMPLE_RATE
        )

    def _speech(self, window: Block) -> Block:
        """The speech in a window, as long as it is."""
        import torch
        from demucs.audio import convert_audio

        separator = self._separator
        # Whole hundredths of a second are whole samples at both rates.
        padding = -len(window) % (SAMPLE_RATE // 100)
        mix = torch.nn.functional.pad(torch.from_numpy(window.T.copy()), (0, padding))
        mix = convert_audio(mix, SAMPLE_RATE, separator.samplerate, separator.audio_channels)
        # Separator would add the whole of a constant offset to each stem.
        mix = mix - mix.mean()

        def attempt(step: tuple[str, float]) -> Any:
            device, segment = step
            # A shorter ``segment`` of Separator is padded to the model's: it is the model's
            # own that decides how much memory is needed.
            for part in separator.model.models:
                part.segment = segment
            separator.update_parameter(device=device)
            _, stems = separator.separate_tensor(mix, separator.samplerate)
            return stems[STEM]

        speech = convert_audio(
            self._ladder.run(attempt), separator.samplerate, SAMPLE_RATE, window.shape[1]
        )
        found: Block = speech.T[: len(window)].contiguous().numpy()
        return found


def _memory_steps(device: str, segment: float) -> list[tuple[str, float]]:
    """Device and seconds of a segment, each step with less of the GPU's memory."""
    if device == "cpu":
        return [(device, segment)]
    return [(device, segment), (device, segment / 2), (device, segment / 4), ("cpu", segment)]


def _separator(folder: Path, model: str) -> Any:
    """Demucs' own ``Separator`` with the model in `folder`."""
    import yaml
    from demucs.api import Separator
    from demucs.apply import BagOfModels
    from demucs.hf import load_safetensors_model

    class FromFolder(Separator):  # type: ignore[misc]
        def _load_model(self) -> None:
            bag = yaml.safe_load((folder / f"{model}.yaml").read_text())
            parts = [
                load_safetensors_model(folder / f"{name}.safetensors") for name in bag["models"]
            ]
            self._model = BagOfModels(parts, bag.get("weights"), bag.get("segment"))
            self._model.eval()
            self._audio_channels = self._model.audio_channels
            self._samplerate = self._model.samplerate

    return FromFolder(model=model, device="cpu")


def _unusable(choice: EngineChoice, why: str) -> Misconfigured:
    return Misconfigured(
        f"The model {choice.engine}/{choice.model} {why}: run `dubstage models pull` again, or "
        "name another model in the profile.",
        reason="ModelUnusable",
    )
