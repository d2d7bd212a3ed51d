"""The two networks of the diarizer, on onnxruntime: who is active, and how a voice sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dubstage.errors import Misconfigured

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]
    Vector = NDArray[numpy.float32]
    Activity = NDArray[numpy.bool_]

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 160000
"""Ten seconds, the length that the segmentation was trained with."""
SLOTS = 3
"""Speakers that it can distinguish in one window."""
ACTIVE = (
    (False, False, False), (True, False, False), (False, True, False), (False, False, True),
    (True, True, False), (True, False, True), (False, True, True),
)  # fmt: skip
"""The slots that are active in each of its classes."""
FRAME_SAMPLES = 270
"""Samples from one of its frames to the next."""
FIRST_SAMPLE = 361
"""Where the time of the first frame starts: the frame looks at 991 samples, and its own are in
their middle."""
FRAMES = 589
"""Frames of a window."""


class Networks:
    """pyannote's segmentation-3.0 and CAM++."""

    def __init__(self, folder: Path, threads: int) -> None:
        """`folder` has ``segmentation.onnx`` and ``embedding.onnx``.

        Raises :class:`Misconfigured` if they cannot be loaded.
        """
        self._segmentation = _session(folder / "segmentation.onnx", threads)
        self._embedding = _session(folder / "embedding.onnx", threads)

    def activity(self, windows: Samples) -> Activity:
        """Which slots are active: shape (windows, frames, slots). `windows`: shape (windows,
        samples)."""
        import numpy

        (scores,) = self._segmentation.run(None, {"samples": windows[:, None]})
        activity: Activity = numpy.array(ACTIVE)[scores.argmax(-1)]
        return activity

    def voice(self, samples: Samples) -> Vector:
        """A vector of length 1 for the voice in `samples`, which last 0.1 s at least. Vectors of
        one voice have a small angle."""
        import numpy

        (vectors,) = self._embedding.run(None, {"samples": samples[None, None]})
        vector: Vector = vectors[0] / numpy.linalg.norm(vectors[0])
        return vector


def _session(path: Path, threads: int) -> Any:
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own kinds
        raise Misconfigured(
            f"The model {path.parent.parent.name}/{path.parent.name} cannot be loaded ({error}): "
            "pull it again, or set the profile's parameter diarize to false.",
            reason="ModelUnusable",
        ) from error
