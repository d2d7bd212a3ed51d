"""Sound that begins and ends softly: no clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


def faded(
    samples: NDArray[numpy.float32], sample_rate: int, into: float, out: float
) -> NDArray[numpy.float32]:
    """A copy of one channel that fades in over `into` seconds and out over `out`, linearly;
    over all of it where it is shorter."""
    import numpy

    found = samples.copy()
    first, last = (min(round(seconds * sample_rate), len(found)) for seconds in (into, out))
    if first:
        found[:first] *= numpy.linspace(0.0, 1.0, first, dtype=numpy.float32)
    if last:
        found[-last:] *= numpy.linspace(1.0, 0.0, last, dtype=numpy.float32)
    return found
