"""Whether the torch of an image has kernels for the GPU of its node."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dubstage.errors import Misconfigured

KERNEL = re.compile(r"(sm|compute)_(\d+)(\d)[a-z]?")
"""``sm_86``: machine code for compute capability 8.6. ``compute_90``: code that the driver
compiles for 9.0 and later."""


def check_architecture() -> None:
    """Raise :class:`Misconfigured` if there is a GPU without kernels in this image's torch.

    Otherwise the first computation would fail with "no kernel image is available".
    """
    try:
        import torch
    except ImportError:
        return
    if not torch.cuda.is_available():
        return
    capability, kernels = torch.cuda.get_device_capability(), torch.cuda.get_arch_list()
    if not has_kernels(kernels, capability):
        raise Misconfigured(
            f"The GPU {torch.cuda.get_device_name()} has compute capability "
            f"{capability[0]}.{capability[1]}, and torch {torch.__version__} of this image has "
            f"kernels for {', '.join(kernels)}: give the stage another GPU, or an image whose "
            "torch supports this one.",
            reason="GPUUnsupported",
        )


def has_kernels(kernels: Iterable[str], capability: tuple[int, int]) -> bool:
    """Whether one of `kernels` runs on a GPU of that compute capability.

    Machine code runs on later GPUs of the same generation: that for 8.6 runs on 8.9.
    """
    for kind, major, minor in (match.groups() for match in map(KERNEL.fullmatch, kernels) if match):
        built = (int(major), int(minor))
        if built <= capability and (kind == "compute" or built[0] == capability[0]):
            return True
    return False
