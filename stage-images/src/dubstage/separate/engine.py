"""The interface of a separation engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

Block: TypeAlias = "NDArray[numpy.float32]"
"""Samples of shape (frames, channels), −1.0 to 1.0, at 48 kHz."""


class Separator(Protocol):
    """Separates vocals from everything else, block by block."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Pairs (source, vocals) of equal shape, for the source's `blocks`.

        Pairs may be cut differently than `blocks`; together they are as long.
        """
        ...
