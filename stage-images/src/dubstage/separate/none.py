"""No separation: the whole source counts as vocals, and the background is silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dubstage.separate.engine import Block
from dubstage.workspace.work import Work


def load(_: Work) -> NoSeparation:
    """The engine; there is nothing to load."""
    return NoSeparation()


class NoSeparation:
    """For sources without music or noise."""

    def separate(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, Block]]:
        """Each block, as its own vocals."""
        for block in blocks:
            yield block, block
