"""Models in ONNX, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dubstage.errors import Misconfigured


def open_session(path: Path, threads: int, remedy: str = "") -> Any:
    """The network in `path`, ``<engine>/<model>/<file>``, on that number of threads.

    `remedy`: what helps as well as pulling the model again. Raises :class:`Misconfigured` if the
    network cannot be loaded.
    """
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds
        raise Misconfigured(
            f"The model {path.parent.parent.name}/{path.parent.name} cannot be loaded ({error}): "
            f"pull it again{remedy}.",
            reason="ModelUnusable",
        ) from error
