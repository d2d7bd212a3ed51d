"""The weights in a file that PyTorch saved, without PyTorch."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

Array = NDArray[Any]

TYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class Other:
    """Stands for an object that is no weight, such as the settings of a training."""

    def __init__(self, *_: object, **__: object) -> None:
        """Accept anything."""

    def __setstate__(self, _: object) -> None:
        """Ignore what was saved."""


class Unpickler(pickle.Unpickler):
    """Reads weights. Nothing that a file names is imported or called."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}/data.pkl"))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        """The few names that weights need."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in TYPES:
            return name
        return Other

    def persistent_load(self, identity: Any) -> Array:
        """The numbers of one storage: identity is (storage, type, key, device, size)."""
        _, kind, key, *_ = identity
        content = self._archive.read(f"{self._root}/data/{key}")
        return numpy.frombuffer(content, TYPES[kind])


def _tensor(storage: Array, offset: int, size: Any, stride: Any, *_: object) -> Array:
    steps = [each * storage.itemsize for each in stride]
    return numpy.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()


def weights(path: Path, wrapper: str | None = None) -> dict[str, Array]:
    """The weights in the file at `path`, by name. `wrapper`: the entry that holds them, if they
    are not the whole."""
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].partition("/")[0]
        content: Any = Unpickler(archive, root).load()
    return dict(content[wrapper] if wrapper else content)
