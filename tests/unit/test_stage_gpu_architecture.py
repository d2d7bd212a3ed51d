"""A GPU without kernels in the image's torch is known before anything is computed."""

from __future__ import annotations

import sys
import types

import pytest

from dubstage.errors import Misconfigured
from dubstage.run.gpu_architecture import check_architecture, has_kernels

TORCH_2_3 = ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"]
TORCH_2_8 = ["sm_70", "sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.mark.parametrize(
    ("kernels", "capability", "expected"),
    [
        (TORCH_2_3, (9, 0), True),
        (TORCH_2_3, (8, 9), True),
        (TORCH_2_3, (10, 0), False),
        (TORCH_2_3, (12, 0), False),
        (TORCH_2_8, (12, 0), True),
        (TORCH_2_8, (12, 1), True),
        (TORCH_2_8, (10, 3), True),
        (TORCH_2_8, (6, 1), False),
        (["sm_86"], (8, 0), False),
        (["sm_90a"], (9, 0), True),
        (["sm_80", "compute_90"], (12, 0), True),
        (["compute_90"], (8, 0), False),
        ([], (8, 0), False),
    ],
)
def test_kernels_run_on_later_gpus_of_their_generation(
    kernels: list[str], capability: tuple[int, int], expected: bool
) -> None:
    assert has_kernels(kernels, capability) is expected


def torch_with(available: bool, capability: tuple[int, int]) -> types.ModuleType:
    torch = types.ModuleType("torch")
    torch.__version__ = "2.3.1"  # type: ignore[attr-defined]
    torch.cuda = types.SimpleNamespace(  # type: ignore[attr-defined]
        is_available=lambda: available,
        get_device_capability=lambda: capability,
        get_arch_list=lambda: TORCH_2_3,
        get_device_name=lambda: "NVIDIA B200",
    )
    return torch


def test_gpu_without_kernels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch_with(True, (10, 0)))
    with pytest.raises(Misconfigured, match=r"NVIDIA B200 has compute capability 10\.0") as caught:
        check_architecture()
    assert caught.value.reason == "GPUUnsupported"


@pytest.mark.parametrize(
    "torch", [torch_with(True, (9, 0)), torch_with(False, (10, 0)), None], ids=["h100", "cpu", "no"]
)
def test_other_machines_are_accepted(
    monkeypatch: pytest.MonkeyPatch, torch: types.ModuleType | None
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch)
    check_architecture()
