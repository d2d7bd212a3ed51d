"""Models in ONNX, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dubstage.errors import Misconfigured


def open_session(folder: Path, file: str, threads: int, remedy: str = "") -> Any:
    """The network in the `file` of a model, on that number of threads.

    `folder`: the model's, ``<engine>/<model>``. `remedy`: what helps as well as pulling the model
    again. Raises :class:`Misconfigured` if the network cannot be loaded.
    """
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(
            str(folder / file), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime raises its own kinds
        raise Misconfigured(
            f"The model {folder.parent.name}/{folder.name} cannot be loaded ({error}): pull it "
            f"again{remedy}.",
            reason="ModelUnusable",
        ) from error
