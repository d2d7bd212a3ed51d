"""The two networks of the diarizer, on onnxruntime: who is active, and how a voice sounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.onnx import open_session

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from dubstage.media.audio import Samples

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
REMEDY = (
    ", or set the profile's parameter diarize of stage transcribe or check of stage synthesize to "
    "false"
)


class Networks:
    """pyannote's segmentation-3.0 and CAM++."""

    def __init__(self, folder: Path, threads: int) -> None:
        """`folder` has ``segmentation.onnx`` and ``embedding.onnx``.

        Raises :class:`Misconfigured` if they cannot be loaded.
        """
        self._segmentation = open_session(folder, "segmentation.onnx", threads, REMEDY)
        self.voice = embedding(folder, threads)
        """How a voice sounds."""

    def activity(self, windows: Samples) -> Activity:
        """Which slots are active: shape (windows, frames, slots). `windows`: shape (windows,
        samples)."""
        import numpy

        (scores,) = self._segmentation.run(None, {"samples": windows[:, None]})
        activity: Activity = numpy.array(ACTIVE)[scores.argmax(-1)]
        return activity


def embedding(folder: Path, threads: int) -> Callable[[Samples], Vector]:
    """CAM++, as a function of the samples of one voice, which last 0.1 s at least. It returns a
    vector of length 1, and vectors of one voice have a small angle. `folder` has
    ``embedding.onnx``.

    Raises :class:`Misconfigured` if it cannot be loaded.
    """
    session = open_session(folder, "embedding.onnx", threads, REMEDY)

    def voice(samples: Samples) -> Vector:
        import numpy

        (vectors,) = session.run(None, {"samples": samples[None, None]})
        vector: Vector = vectors[0] / numpy.linalg.norm(vectors[0])
        return vector

    return voice
