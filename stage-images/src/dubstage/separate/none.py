"""No separation: all is taken for speech, and the background is silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dubstage.separate.engine import Block
from dubstage.workspace.work import Work


def load(_: Work) -> NoSeparation:
    """Nothing to load."""
    return NoSeparation()


class NoSeparation:
    """For programmes without music or noise."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Each block is its own speech."""
        for block in blocks:
            yield block, block
