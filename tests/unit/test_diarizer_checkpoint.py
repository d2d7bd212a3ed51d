"""Weights are read from PyTorch's files without PyTorch, and nothing in a file is executed."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest
from convert_diarizer.checkpoint import weights


class Storage:
    """The storage of a tensor, as PyTorch refers to it."""

    def __init__(self, key: str, kind: type) -> None:
        self.key, self.kind = key, kind


class Call:
    """A call that the file asks for."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._call


class Pickler(pickle.Pickler):
    """Writes what PyTorch writes, without PyTorch."""

    def persistent_id(self, obj: Any) -> Any:
        return ("storage", obj.kind, obj.key, "cpu", 0) if isinstance(obj, Storage) else None


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with the names that PyTorch's files refer to."""
    module, internal = ModuleType("torch"), ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(module, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*_: Any) -> None:
        raise AssertionError("a function of the file was called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    internal._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    module._utils = internal  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", internal)
    return module


def saved(path: Path, content: object, storages: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("archive/data.pkl", "w") as file:
            Pickler(file, protocol=2).dump(content)
        for key, values in storages.items():
            archive.writestr(f"archive/data/{key}", values)
    return path


def test_tensors_have_their_shape_and_order(tmp_path: Path, torch: Any) -> None:
    def tensor(storage: Storage, offset: int, size: Any, stride: Any) -> Call:
        hooks: OrderedDict[str, object] = OrderedDict()
        return Call(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, hooks)

    values = numpy.arange(10, dtype="<f4")
    floats, counts = Storage("7", torch.FloatStorage), Storage("8", torch.LongStorage)
    content = {
        "whole": tensor(floats, 0, (2, 5), (5, 1)),
        "turned": tensor(floats, 1, (2, 3), (1, 2)),
        "count": tensor(counts, 0, (), ()),
    }
    storages = {"7": values.tobytes(), "8": numpy.array([3], "<i8").tobytes()}
    read = weights(saved(tmp_path / "model.pt", content, storages))
    assert read["whole"].tolist() == values.reshape(2, 5).tolist()
    assert read["turned"].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert read["count"].tolist() == 3


@pytest.mark.parametrize("function", [os.system, eval, exec])
def test_calls_in_a_file_are_not_executed(tmp_path: Path, function: Callable[..., Any]) -> None:
    code = f"touch {tmp_path}/executed" if function is os.system else "executed.append(1)"
    content = {"state_dict": {}, "hyper_parameters": Call(function, code)}
    file = saved(tmp_path / "model.pt", content, {})
    assert weights(file, "state_dict") == {}
    assert not (tmp_path / "executed").exists()
