"""Voices to speakers, by average linkage: pure functions of vectors.

The mean distance between all pairs of two clusters follows from the sums of their vectors
alone: a cluster is as small as a single voice, and clusters of clusters are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Vector = NDArray[numpy.float32]
    Matrix = NDArray[numpy.float64]

CERTAIN = 0.3
"""Clusters that are nearer than this are one voice, whatever the user expects."""


@dataclass(frozen=True)
class Cluster:
    """Voices that are taken for one."""

    total: Vector
    """The sum of the vectors, each of length 1, multiplied by its weight."""
    weight: float
    """Seconds of speech."""

    @property
    def mean(self) -> Vector:
        """The mean vector, shorter than 1 as far as the voices differ."""
        mean: Vector = self.total / self.weight
        return mean

    def joined(self, other: Cluster) -> Cluster:
        """Both as one."""
        return Cluster(self.total + other.total, self.weight + other.weight)


def merged(
    clusters: Sequence[Cluster], threshold: float, fewest: int = 0, large: float = 0.0
) -> list[Cluster]:
    """`clusters`, the nearest pair merged over and over, until no pair is nearer than `threshold`
    (1 minus the mean cosine). At least `fewest` of those with a weight of `large` are left, if
    there are as many that are not within :data:`CERTAIN`.

    Takes time with the square of the number of clusters, times the number of merges.
    """
    import numpy

    if not clusters:
        return []
    left = list(clusters)
    means = numpy.stack([each.mean for each in left]).astype(numpy.float64)
    distances: Matrix = 1.0 - means @ means.T
    numpy.fill_diagonal(distances, numpy.inf)
    alive = numpy.ones(len(left), bool)
    count = sum(each.weight >= large for each in left)
    while True:
        first, second = sorted(divmod(int(distances.argmin()), len(left)))
        if distances[first, second] > threshold:
            return [cluster for cluster, is_alive in zip(left, alive, strict=True) if is_alive]
        both = sum(left[place].weight >= large for place in (first, second))
        if both == 2 and count <= fewest and distances[first, second] > CERTAIN:
            distances[first, second] = distances[second, first] = numpy.inf
            continue
        left[first] = left[first].joined(left[second])
        count += (left[first].weight >= large) - both
        means[first] = left[first].mean
        alive[second] = False
        distances[second], distances[:, second] = numpy.inf, numpy.inf
        row = numpy.where(alive, 1.0 - means @ means[first], numpy.inf)
        row[first] = numpy.inf
        distances[first], distances[:, first] = row, row


def with_nearest(
    clusters: Sequence[Cluster], others: Sequence[Cluster], threshold: float
) -> list[Cluster]:
    """`clusters`, each joined with those of `others` that are nearest to it and not farther than
    `threshold`."""
    joined = list(clusters)
    for other in others if clusters else ():
        place = nearest(other.mean, [cluster.mean for cluster in clusters])
        if 1.0 - float(other.mean @ clusters[place].mean) <= threshold:
            joined[place] = joined[place].joined(other)
    return joined


def speakers_of(
    clusters: Sequence[Cluster],
    threshold: float,
    large: float,
    fewest: int = 1,
    most: int | None = None,
) -> list[Vector]:
    """A vector of length 1 for each speaker, at least one if there is any cluster.

    A cluster with a weight below `large` is too little to tell a speaker by, and is left out,
    unless fewer than `fewest` would be left. If more than `most` are left, the nearest are merged.
    """
    import numpy

    found = sorted(merged(clusters, threshold, fewest, large), key=lambda one: -one.weight)
    kept = found[: max(sum(one.weight >= large for one in found), fewest)]
    while most and len(kept) > most:
        kept = _nearest_merged(kept)
    return [one.mean / max(float(numpy.linalg.norm(one.mean)), 1e-9) for one in kept]


def _nearest_merged(clusters: Sequence[Cluster]) -> list[Cluster]:
    """`clusters` with the nearest two merged."""
    one, two = max(combinations(clusters, 2), key=lambda pair: float(pair[0].mean @ pair[1].mean))
    return [one.joined(two), *(each for each in clusters if each is not one and each is not two)]


def nearest(voice: Vector, speakers: Sequence[Vector]) -> int:
    """The speaker whose voice is the most like `voice`."""
    return max(range(len(speakers)), key=lambda place: float(voice @ speakers[place]))
