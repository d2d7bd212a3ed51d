"""The device on which CTranslate2 recognizes speech."""

from __future__ import annotations

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured


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
