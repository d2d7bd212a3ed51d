"""Models that CTranslate2 runs, in recognition and translation: device, compute type, memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured
from dubstage.run.gpu_memory import is_out_of_memory


def device_of(choice: EngineChoice) -> str:
    """The parameter ``device``; if omitted, a GPU if the pod has one.

    Raises :class:`Misconfigured` for a GPU that the pod does not have.
    """
    from ctranslate2 import get_cuda_device_count

    has_gpu = get_cuda_device_count() > 0
    device = str(choice.parameters.get("device", "cuda" if has_gpu else "cpu"))
    if device.startswith("cuda") and not has_gpu:
        raise Misconfigured(
            f"The engine {choice.engine} has the parameter device={device}, and its pod has no "
            "GPU: give the profile's stage a GPU, or remove the parameter.",
            reason="NoGpu",
        )
    return device


class Models:
    """One model, loaded at its first use with a compute type."""

    def __init__(self, choice: EngineChoice, load: Callable[[str], Any]) -> None:
        self._choice = choice
        self._load = load
        self._loaded: tuple[str, Any] | None = None

    def load(self, compute_type: str) -> Any:
        """Load the model, after freeing one with another compute type.

        Raises :class:`Misconfigured` if it cannot be loaded.
        """
        if self._loaded is None or self._loaded[0] != compute_type:
            self._loaded = None
            try:
                self._loaded = compute_type, self._load(compute_type)
            except (RuntimeError, ValueError, OSError) as error:
                if isinstance(error, RuntimeError) and is_out_of_memory(error):
                    raise
                raise Misconfigured(
                    f"The model {self._choice.engine}/{self._choice.model} cannot be loaded "
                    f"({error}): run `dubstage models pull` again, or correct the engine's "
                    "parameters.",
                    reason="ModelUnusable",
                ) from error
        return self._loaded[1]

    def free(self) -> None:
        """Free the model's memory."""
        self._loaded = None


def memory_steps(batch_size: int, compute_type: str) -> list[tuple[int, str]]:
    """Batch sizes and compute types that need less and less memory: the batch is halved down
    to one, then the weights are quantized."""
    steps = [(batch_size, compute_type)]
    while steps[-1][0] > 1:
        steps.append((steps[-1][0] // 2, compute_type))
    return steps if compute_type == "int8" else [*steps, (1, "int8")]
