"""Demucs models of a few kilobytes, saved as the real ones are."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from demucs.htdemucs import HTDemucs
from demucs.states import capture_init
from safetensors.torch import save_file

SOURCES = ["drums", "bass", "other", "vocals"]


class HalfOfAll(torch.nn.Module):
    """Takes half of every sound for vocals: the truth is known to the sample."""

    @capture_init
    def __init__(self, share: float, segment: float) -> None:
        super().__init__()
        self.sources, self.samplerate, self.audio_channels = SOURCES, 44100, 2
        self.segment = segment
        self.share = torch.nn.Parameter(torch.tensor(share))

    def forward(self, mix: torch.Tensor) -> torch.Tensor:
        """Shape (batch, 2, frames) to (batch, 4, 2, frames)."""
        nothing = torch.zeros_like(mix)
        return torch.stack([nothing, nothing, mix - self.share * mix, self.share * mix], dim=1)


def half_of_all() -> HalfOfAll:
    return HalfOfAll(0.5, segment=2.0)


def tiny_htdemucs() -> HTDemucs:
    """The real architecture with eight channels, its weights as they fall."""
    torch.manual_seed(1)
    return HTDemucs(
        SOURCES, channels=8, t_layers=1, t_heads=2, bottom_channels=16, segment=Fraction(39, 10)
    )


def save(model: Any, folder: Path, name: str) -> None:
    """Write ``<name>.yaml`` and one safetensors file, as Demucs' export tool does."""
    folder.mkdir(parents=True)
    args, kwargs = model._init_args_kwargs
    metadata = {
        "klass": f"{type(model).__module__}.{type(model).__qualname__}",
        "args": json.dumps(args),
        "kwargs": json.dumps({key: _json(value) for key, value in kwargs.items()}),
    }
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, str(folder / "0a1b2c3d.safetensors"), metadata=metadata)
    (folder / f"{name}.yaml").write_text("models: ['0a1b2c3d']\n")


def _json(value: object) -> object:
    if isinstance(value, Fraction):
        return {
            "_type": "fraction", "numerator": value.numerator, "denominator": value.denominator
        }  # fmt: skip
    return value
