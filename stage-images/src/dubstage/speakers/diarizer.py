"""Who speaks when, in audio of any length: part by part, then together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dubstage.speakers.clustering import (
    CERTAIN,
    Cluster,
    merged,
    nearest,
    speakers_of,
    with_nearest,
)
from dubstage.speakers.networks import Networks
from dubstage.speakers.pieces import Piece, pieces_of
from dubstage.speakers.turns import Turn

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

THRESHOLD = 0.55
"""The largest distance between two clusters of one speaker's voice: the one that found the right
number in 16 clips with 1 to 6 voices, and in 18 others. `make bench-speakers` makes new ones."""
SURE_SECONDS = 1.0
"""Pieces that are heard alone for less make no speaker of their own."""
SPEAKER_SECONDS = 4.0
"""A voice with less speech than that is taken for the nearest speaker."""
SPEAKER_SHARE = 0.15
"""A voice with this share of the speech of a short source is a speaker all the same."""
LEAST_SECONDS = 1.5
"""The least speech of any speaker."""


@dataclass
class Diarizer:
    """Hears the parts of the audio in their order; then tells the turns.

    Of each part it keeps the voice of each piece, 2 MB for an hour, and the clusters. What is
    certain is merged at once, so that clusters stay few, and time grows with the length of the
    audio, not with its square.
    """

    networks: Networks
    _pieces: list[Piece] = field(default_factory=list)
    _clusters: list[Cluster] = field(default_factory=list)

    def hear(self, samples: Samples, start: float) -> None:
        """Take in one part, one channel at 16 kHz, that starts at `start` seconds."""
        self.add(list(pieces_of(samples, start, self.networks)))

    def add(self, pieces: Sequence[Piece]) -> None:
        """Take in the pieces of one part."""
        self._pieces += pieces
        clusters = [Cluster(piece.vector * piece.alone, piece.alone) for piece in pieces]
        sure = [cluster for cluster in clusters if cluster.weight >= SURE_SECONDS]
        short = [cluster for cluster in clusters if cluster.weight < SURE_SECONDS]
        self._clusters = with_nearest(merged([*self._clusters, *sure], CERTAIN), short, THRESHOLD)

    def turns(self, fewest: int = 1, most: int | None = None) -> list[Turn]:
        """The turns of all speakers, who are numbered in no order, by their start. `fewest`,
        `most`: how many speakers there are."""
        clusters = self._clusters or [Cluster(one.vector, one.alone) for one in self._pieces]
        share = SPEAKER_SHARE * sum(cluster.weight for cluster in clusters)
        large = min(max(share, LEAST_SECONDS), SPEAKER_SECONDS)
        speakers = speakers_of(clusters, THRESHOLD, large, fewest, most)
        turns = [
            Turn(piece.start, piece.end, nearest(piece.vector, speakers)) for piece in self._pieces
        ]
        return sorted(turns, key=lambda turn: turn.start)
