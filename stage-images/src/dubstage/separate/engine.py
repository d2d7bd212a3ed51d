"""What a separation engine does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

Block: TypeAlias = "NDArray[numpy.float32]"
"""Samples of shape (frames, channels), −1.0 to 1.0, at 48 kHz."""


class Separator(Protocol):
    """Tells speech from everything else, block by block."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """For the programme's blocks, pairs (programme, speech) of equal shape.

        Pairs may be cut differently than `blocks`; together they are as long.
        """
        ...
