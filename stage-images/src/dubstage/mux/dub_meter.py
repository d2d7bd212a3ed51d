"""The loudness of a dub, measured while its blocks are written, and the curves of its page.

ffmpeg has measured the mix without its gain. The dub has another loudness than that plus the gain
only where the gain moves audio across the absolute gate, so that the difference is enough.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from dubstage.media.hops import HopSplitter, measure_hops
from dubstage.media.weighting import integrated_loudness
from dubstage.mux.mix import Block
from dubstage.page.pictures import Pictures

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


class DubMeter:
    """Measures one dub."""

    def __init__(self) -> None:
        """Begin a dub."""
        self._weighted: list[NDArray[numpy.float32]] = []

    def watch(self, blocks: Iterator[Block], pictures: Pictures) -> Generator[Block, None, None]:
        """Yield the blocks of the dub, which have their gain, and measure them; `pictures` get its
        curves."""
        splitter = HopSplitter()
        for block in blocks:
            hops = measure_hops(splitter.add(block.mixed))
            self._weighted.append(hops.weighted)
            pictures.add(block.background, block.voice, hops)
            yield block
        # As for ffmpeg, what is no complete hop has no loudness.
        pictures.finish(measure_hops(splitter.finish()))

    def loudness_change(self, gain_db: float) -> float:
        """LU by which the gain of `gain_db`, which the watched blocks have, has changed their
        loudness."""
        import numpy

        power = numpy.concatenate([*self._weighted, numpy.zeros(0)]).astype(numpy.float64)
        before = integrated_loudness(power / 10 ** (gain_db / 10))
        return integrated_loudness(power) - before
