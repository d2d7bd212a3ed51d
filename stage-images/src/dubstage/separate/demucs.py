"""Demucs 4.1, which separates songs into drums, bass, vocals and the rest.

Its input is 44.1 kHz stereo, as in its training. Its ``repo=`` reads pickles only, which
may run code. Here the weights are the safetensors that its authors publish, read with
its own loader from ``<models>/demucs/<model>``, where ``<model>.yaml`` names the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.engines.parameters import number, whole
from dubstage.errors import Misconfigured
from dubstage.media.audio import SAMPLE_RATE
from dubstage.models import model_folder
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.separate.engine import Block
from dubstage.separate.windows import in_windows
from dubstage.workspace.work import Work

WINDOW_SECONDS = 30
"""Length of a window; its four stems are in memory at once."""
FADE_SECONDS = 1
STEM = "vocals"


def load(work: Work) -> Demucs:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return Demucs(model_folder(work.tree.roots, choice), choice)


class Demucs:
    """A loaded model."""

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model.

        `choice.parameters` may hold ``device`` (defaults to cuda if there is a GPU, else
        cpu), ``overlap`` of the model's segments (a share; defaults to 0.25), ``shifts``
        (random shifts whose results are averaged; defaults to 0, which gives the same
        vocals each time) and ``segment`` (seconds; defaults to the model's own). Raises
        :class:`Misconfigured` for a model that cannot be loaded.
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
            overlap=number(choice, "overlap", 0.25, 0, 0.99),
            shifts=whole(choice, "shifts", 0, 0, 100),
        )
        available = "cuda" if torch.cuda.is_available() else "cpu"
        device = str(parameters.get("device", available))
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise Misconfigured(
                f"The parameter device of the engine {choice.engine} is {device}, but its pod has "
                "no GPU: request a GPU for the stage in the profile, or remove the parameter.",
                reason="NoGpu",
            )
        longest = min(float(part.segment) for part in self._separator.model.models)
        segment = min(number(choice, "segment", longest, 1, 3600), longest)
        self._fallback = MemoryFallback(_memory_steps(device, segment), "separation")

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Pairs (source, vocals), aligned to the sample."""
        return in_windows(
            blocks, self._vocals, WINDOW_SECONDS * SAMPLE_RATE, FADE_SECONDS * SAMPLE_RATE
        )

    def _vocals(self, window: Block) -> Block:
        """The vocals of a window, as long as the window."""
        import torch
        from demucs.audio import convert_audio

        separator = self._separator
        # A multiple of 10 ms is a whole number of samples at both rates.
        padding = -len(window) % (SAMPLE_RATE // 100)
        mix = torch.nn.functional.pad(torch.from_numpy(window.T.copy()), (0, padding))
        mix = convert_audio(mix, SAMPLE_RATE, separator.samplerate, separator.audio_channels)
        # Separator would add a constant offset to each of the stems.
        mix = mix - mix.mean()

        def attempt(step: tuple[str, float]) -> Any:
            device, segment = step
            # Separator pads a shorter ``segment`` of its own to the model's, so that only
            # the model's decides how much memory is needed.
            for part in separator.model.models:
                part.segment = segment
            separator.update_parameter(device=device)
            _, stems = separator.separate_tensor(mix, separator.samplerate)
            return stems[STEM]

        vocals = convert_audio(
            self._fallback.run(attempt), separator.samplerate, SAMPLE_RATE, window.shape[1]
        )
        block: Block = vocals.T[: len(window)].contiguous().numpy()
        return block


def _memory_steps(device: str, segment: float) -> list[tuple[str, float]]:
    """Devices and seconds of a segment, each step with less GPU memory than the one before."""
    if device == "cpu":
        return [(device, segment)]
    return [(device, segment), (device, segment / 2), (device, segment / 4), ("cpu", segment)]


def _separator(folder: Path, model: str) -> Any:
    """A ``Separator`` of Demucs with the model in `folder`."""
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
